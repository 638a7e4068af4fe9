//! Echo, a Prizm provider. Prizm starts this program and speaks to it.

mod provider;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

fn main() -> ExitCode {
    prizm_plugin::serve(provider::Plugin)
}
