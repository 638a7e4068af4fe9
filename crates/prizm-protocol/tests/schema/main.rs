//! The published descriptions of the protocol, `protocol/schema` and `protocol/openrpc.json`: held to the examples, to
//! the parsers of this crate, and to the rules of their own formats.

#![expect(clippy::unwrap_used, reason = "the helpers are test code too")]

mod documents;
mod examples;
mod forms;
mod mutations;
mod openrpc;
mod published;
mod sound;
