//! The host against plugins that misbehave, over real processes and real pipes: a module for each
//! stage, in the order of the pipeline. Linux only: the tests read `/proc`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod probe;

mod spawn;
mod handshake;
mod validate;
mod configure;
mod call;
mod noise;
mod frames;
mod progress_chunks;
mod cancel;
mod crash;
mod outputs;
mod supervise;
mod stop;
mod orphans;
mod load;
mod jsonrpsee;

use prizm_tests::Lab;

const HOSTILE: &str = env!("CARGO_BIN_EXE_hostile");
const HOST_PROBE: &str = env!("CARGO_BIN_EXE_host_probe");

fn lab() -> Lab {
    Lab::new(HOSTILE)
}
