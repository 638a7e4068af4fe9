//! A provider with good manners: it says what it is told as often as it is told.

use std::process::ExitCode;

use prizm_plugin::{Context, Declaration, Error, Media, Model, Provider, Request, Response, serve};

struct Echo;

impl Provider for Echo {
    fn declare(&self) -> Declaration {
        Declaration::new("echo", "1.0.0").model(Model::new("echo", ["text-to-text"])).max_in_flight(64)
    }

    async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
        let times = request.option_or("times", 1u8)?;
        let mut words = Vec::new();
        for time in 0..times {
            cx.progress(f64::from(time) / f64::from(times), "echoing");
            words.push(request.text()?);
        }
        Ok(Media::text(words.join(" ")).into())
    }
}

pub fn main() -> ExitCode {
    serve(Echo)
}
