//! Which provider is the best for a job, and why.
//!
//! Everything here is pure: there is no I/O, no clock and no chance in it. What is true is a snapshot, what is
//! wanted a request, and the same two give the same decision anywhere, byte for byte.

mod action;
pub mod brief;
mod criteria;
mod decide;
mod estimate;
mod filter;
mod fixed;
mod money;
mod offer;
mod optimize;
mod pattern;
mod reason;
mod report;
mod request;
mod score;
mod shape;
mod signals;
mod snapshot;
mod unit;

pub use action::{Action, Blame, Class, Closes, Failure, Latitude, action};
pub use criteria::{AllowedUse, Criteria, Explain, MaxLatency, OnAllGated, UnknownPrice};
pub use decide::{ChosenBy, Decision, Judged, decide, draw};
pub use estimate::{Cost, Estimate, Time, TimeSource};
pub use fixed::ParseAmountError;
pub use money::{Money, Quantity, Rate};
pub use offer::{DataPolicy, Offer, PriceSource, Pricing, Trust, UnitRate};
pub use optimize::{Aspect, Bonus, Liked, Optimize, Preferred, PreferredError, Weights};
pub use pattern::{Pattern, PatternError};
pub use reason::{Code, Reason};
pub use report::{
    CostTold, Estimates, Explained, Relaxation, Replay, ReplayError, Report, Selected, TimeTold, Told, Verdict, replay,
};
pub use request::Request;
pub use score::{Score, second};
pub use shape::{Dimensions, Input, Shape};
pub use signals::{Admission, ModelSignals, Observation, Outcome, ProviderSignals};
pub use snapshot::{Budget, Candidate, Fault, FaultKind, Gate, GateKind, Latency, Live, Millis, Snapshot};
pub use unit::Unit;
