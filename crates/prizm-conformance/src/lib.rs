//! Whether a plugin conforms to the Prizm Plugin Protocol: an oracle for plugins in any language.
//!
//! It starts the plugin many times, each time as a host would or as a bad host might, and judges what
//! it says by the rules of `protocol/SPEC.md`, by their ids. It knows neither Prizm's own host nor
//! that host's JSON-RPC library, so that an error in them cannot hide here as well.
//!
//! ```no_run
//! use prizm_conformance::{Plan, Subject, examine};
//!
//! let subject = Subject::new(["python3", "provider.py"]).root("/srv/providers/echo");
//! let report = examine(&subject, &Plan::default(), &|_| {})?;
//! assert!(report.conforms(false), "{:#}", report.to_json());
//! # Ok::<(), prizm_conformance::Error>(())
//! ```
//!
//! A verdict is about one rule only. Where a session goes wrong in another way than the check is
//! about, the rule that was broken fails, and the check is blocked by it.

mod checks;
mod crowd;
mod declared;
mod error;
mod evidence;
mod examine;
mod facts;
mod job;
mod judge;
mod media;
mod plan;
mod process;
mod report;
mod requirements;
mod session;
mod stage;
mod subject;
mod survey;
mod transcript;
mod trial;
mod verdict;

pub use error::Error;
pub use examine::{Step, examine};
pub use plan::{Plan, StopSwitch};
pub use report::{Check, Counts, Report};
pub use requirements::{Level, Requirement, Side, protocol, requirement, requirements};
pub use subject::Subject;
pub use transcript::{Transcript, TranscriptLine};
pub use verdict::Verdict;
