//! Providers with bad manners.

#![allow(clippy::print_stdout, reason = "what is printed must not reach the channel")]

use std::process::{Command, ExitCode};

use prizm_plugin::{Context, Declaration, Error, Media, Model, Provider, Request, Response, serve};

pub fn main(role: &str) -> ExitCode {
    println!("printed before serve");
    if role == "logging" {
        assert!(prizm_plugin::init_logging());
    }
    serve(Rude)
}

struct Rude;

impl Provider for Rude {
    fn declare(&self) -> Declaration {
        Declaration::new("rude", "1.0.0").model(Model::new("rude", ["text-to-text"])).max_in_flight(4)
    }

    async fn transform(&self, request: Request, cx: &Context) -> Result<Response, Error> {
        match request.text()? {
            "print" => print_and_ask(),
            "log" => {
                tracing::info!(steps = 5, model = "m", "began");
                tracing::debug!("for nobody");
                Ok(Media::text("logged").into())
            }
            "stuck" => {
                // Neither cancellation nor the end of the session can stop this thread.
                cx.blocking(|_| -> Result<Response, Error> {
                    loop {
                        std::thread::park();
                    }
                })
                .await
            }
            other => Ok(Media::text(other).into()),
        }
    }
}

/// Prints without a line end, then runs a child that prints and reads all of its stdin.
#[expect(clippy::disallowed_methods, reason = "the child is what is tested")]
fn print_and_ask() -> Result<Response, Error> {
    print!("printed by the program");
    let status =
        Command::new("sh").args(["-c", "echo printed by a child; cat; ls -l /proc/self/fd; exit 0"]).status()?;
    println!("{{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":\"forged\"}}");
    Ok(Media::text(status.to_string()).into())
}
