//! The host against plugins that misbehave, over real processes and real pipes: a module for each
//! stage, in the order of the pipeline; then the registry and the command as people use them.
//! Linux only: the tests read `/proc`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod probe;

mod bundled;
mod call;
mod cancel;
mod configure;
mod crash;
mod follow;
mod frames;
mod handshake;
mod jsonrpsee;
mod languages;
mod load;
mod loads;
mod noise;
mod npm_source;
mod orphans;
mod outputs;
mod progress_chunks;
mod spawn;
mod stop;
mod supervise;
mod tap;
mod validate;
mod waits;

mod cli_errors;
mod cli_errors_plugin;
mod cli_interrupt;
mod cli_lists;
mod cli_run;
mod cli_run_canvas;
mod cli_run_relief;
mod cli_service;
mod config;
mod conformance;
mod dev;
mod dev_builds;
mod dev_ends;
mod dev_stream;
mod elevenlabs;
mod example;
mod fal;
mod ffmpeg;
mod files;
mod git_refs;
mod git_trees;
mod git_wire;
mod guide;
mod huggingface;
mod isolation;
mod keys;
mod limits;
mod loops;
mod matrix;
mod media;
mod new_projects;
mod openai;
mod pins;
mod registry;
mod registry_calls;
mod replicate;
mod route;
mod routing_demo;
mod rust_sources;
mod seam;
mod service_sources;
mod services;
mod services_engine;
mod shelf;
mod smallest;
mod trust;

use prizm_tests::Lab;

const HOSTILE: &str = env!("CARGO_BIN_EXE_hostile");
const HOST_PROBE: &str = env!("CARGO_BIN_EXE_host_probe");

fn lab() -> Lab {
    Lab::new(HOSTILE)
}
