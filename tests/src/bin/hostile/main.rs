//! A plugin that misbehaves by argument: `hostile MODE [OPTIONS]`.
//!
//! It knows nothing of Prizm's own crates, so that an error in them cannot hide here as well. Without
//! misbehaviour (`hostile good`) it is a correct provider of one thread, which waits in one place:
//! for the next line or for the next job that is due. A mode is a set of hooks into that provider;
//! each writes the mode's name into the file of `--witness` when it misbehaves.

mod channel;
mod concurrency;
mod declare;
mod die;
mod errors;
mod exit;
mod frames;
mod inspect;
mod job;
mod message;
mod methods;
mod mode;
mod noise;
mod opening;
mod options;
mod outputs;
mod params;
mod places;
mod provider;
mod reading;
mod reports;
mod requests;
mod session;
mod start;
mod stuck;
mod sys;
mod wire;
mod witness;
mod work;

use std::io::{self, Write};
use std::process::ExitCode;

use options::{Command, Options};
use session::Session;

fn main() -> ExitCode {
    let text = match Options::parse(std::env::args().skip(1)) {
        Ok(Command::Run(options)) => Session::new(options).run(),
        Ok(Command::List) => mode::list(),
        Ok(Command::Help) => options::HELP.to_owned(),
        Err(message) => {
            eprintln!("hostile: {message}");
            return ExitCode::from(2);
        }
    };
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
