//! The plugin of the benchmark of the seam: it says what it hears, gives a file back, and never answers when it is
//! told so.

use std::process::ExitCode;

use prizm_plugin::{Context, Declaration, Error, Media, Model, Provider, Request, Response};

struct Seam;

impl Provider for Seam {
    fn declare(&self) -> Declaration {
        // Many of it run at once, each by the id that it is registered by.
        let id = std::env::args().nth(1).unwrap_or_else(|| "seam".to_owned());
        Declaration::new(id, env!("CARGO_PKG_VERSION"))
            .model(Model::new("echo", ["text-to-text"]))
            .model(Model::new("hang", ["text-to-text"]))
            .model(Model::new("bulk", ["audio-to-audio"]))
            .max_in_flight(1024)
    }

    async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
        match request.model.as_str() {
            "echo" => Ok(Media::text(request.text()?).into()),
            "bulk" => {
                let input = request.input()?;
                let bytes = cx.read_input(input).await?;
                Ok(cx.output_file(input.kind, input.mime.clone(), "back.wav", bytes).await?.into())
            }
            _ => {
                cx.cancelled().await;
                Err(Error::cancelled())
            }
        }
    }
}

fn main() -> ExitCode {
    prizm_plugin::serve(Seam)
}
