//! The choice, from outside: what is asked and what is true go in, and a decision with its reasons comes out.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod acceptance;
mod chance;
mod change;
mod degrades;
mod gated;
mod golden;
mod lab;
mod live;
mod optimize;
mod order;
mod price;
mod properties;
mod readme;
mod rules;
mod score;
mod together;
mod why;
