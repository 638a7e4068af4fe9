//! The `relief` provider as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    prizm_relief::serve()
}
