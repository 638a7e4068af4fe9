//! Services whose backend is a process, driven through the crate's own interface: real programs, real ports.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod lab;
mod life;
mod share;
