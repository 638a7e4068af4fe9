//! Providers as real processes. This executable starts itself again as each of them.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod child;
mod echo;
mod providers;
mod tests;

use std::process::ExitCode;

/// Set for a process that is a provider; names which.
const ROLE: &str = "PRIZM_PLUGIN_TEST_ROLE";

fn main() -> ExitCode {
    match std::env::var(ROLE) {
        Ok(role) if role == "echo" => echo::main(),
        Ok(role) => providers::main(&role),
        Err(_) => {
            let arguments = libtest_mimic::Arguments::from_args();
            libtest_mimic::run(&arguments, tests::all()).exit_code()
        }
    }
}
