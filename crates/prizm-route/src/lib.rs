//! Which provider is the best for a job, and why.
//!
//! Everything here is pure: there is no I/O, no clock and no chance in it. What is true is a snapshot, what is
//! wanted a request, and the same two give the same decision anywhere, byte for byte.

mod action;
mod fixed;
mod money;
mod offer;
mod shape;
mod snapshot;
mod unit;

pub use action::{Action, Blame, Class, Closes, Failure, Latitude, action};
pub use fixed::ParseAmountError;
pub use money::{Money, Quantity, Rate};
pub use offer::{DataPolicy, Offer, PriceSource, Pricing, Trust, UnitRate};
pub use shape::{Dimensions, Input, Shape};
pub use snapshot::{Budget, Candidate, Fault, FaultKind, Gate, GateKind, Latency, Live, Millis, Snapshot};
pub use unit::Unit;
