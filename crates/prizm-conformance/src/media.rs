//! Media for jobs, and what jobs make.

pub(crate) mod content;
pub(crate) mod sample;
pub(crate) mod snapshot;
