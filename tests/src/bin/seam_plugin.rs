//! The plugin of the benchmark of the seam: it says what it hears, gives a file back in three ways, and never answers
//! when it is told so.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use prizm_plugin::{Context, Declaration, Error, Media, MediaKind, Model, Provider, Request, Response};

struct Seam;

impl Provider for Seam {
    fn declare(&self) -> Declaration {
        // Many of it run at once, each by the id that it is registered by.
        let id = std::env::args().nth(1).unwrap_or_else(|| "seam".to_owned());
        Declaration::new(id, env!("CARGO_PKG_VERSION"))
            .model(Model::new("echo", ["text-to-text"]))
            .model(Model::new("hang", ["text-to-text"]))
            .model(Model::new("bulk", ["audio-to-audio"]))
            .model(Model::new("copy", ["audio-to-audio"]))
            .model(Model::new("give", ["text-to-audio"]))
            .max_in_flight(1024)
    }

    async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
        match request.model.as_str() {
            "echo" => Ok(Media::text(request.text()?).into()),
            // By way of its memory.
            "bulk" => {
                let input = request.input()?;
                let bytes = cx.read_input(input).await?;
                Ok(cx.output_file(input.kind, input.mime.clone(), "back.wav", bytes).await?.into())
            }
            // From file to file.
            "copy" => {
                let input = cx.input(request.input()?)?;
                made(cx, move |output| std::fs::copy(input, output).map(drop)).await
            }
            // What is there already.
            "give" => {
                let given = request.text()?.to_owned();
                made(cx, move |output| std::fs::rename(given, output)).await
            }
            _ => {
                cx.cancelled().await;
                Err(Error::cancelled())
            }
        }
    }
}

/// Makes the output on a thread of its own.
async fn made(cx: &Context, make: impl FnOnce(&Path) -> io::Result<()> + Send + 'static) -> Result<Response, Error> {
    let output = cx.create_output("made.wav")?;
    let media = cx.output(MediaKind::Audio, "audio/wav", &output)?;
    cx.blocking(move |_| make(&output).map_err(Error::from)).await?;
    Ok(media.into())
}

fn main() -> ExitCode {
    prizm_plugin::serve(Seam)
}
