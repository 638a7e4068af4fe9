//! A provider spoken to in memory, with a clock that jumps when nothing else can happen.

#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod cancel;
mod checks;
mod files;
mod host;
mod jobs;
mod lab;
mod limits;
mod progress;
mod stop;
