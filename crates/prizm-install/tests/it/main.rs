//! Real builds, by real processes, of crates made for the purpose; nothing is fetched.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod builds;
mod cancel;
mod common;
