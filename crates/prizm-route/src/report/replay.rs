//! A decision that is made again.

use serde::Deserialize;
use serde_json::Value;

use super::{Replay, Report};

/// A decision that cannot be made again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// It is no decision.
    #[error("this is no recorded decision: {0}")]
    Shape(#[from] serde_json::Error),
    /// What it was made from has another digest than it says: somebody changed it, or another version wrote it.
    #[error(
        "the decision says that it was made from {said}, and what it holds is {is}: it was changed, or another \
         version wrote it"
    )]
    Changed {
        /// The digest that it says.
        said: String,
        /// The digest of what it holds.
        is: String,
    },
    /// It was made by other rules: by another version.
    #[error("made again, `{field}` is another: the decision was made by another version of the rules")]
    Different {
        /// The first field that differs.
        field: String,
    },
}

/// Makes a decision again from its report, and compares.
///
/// # Errors
///
/// It is no report, was changed, or comes out differently.
pub fn replay(recorded: &str) -> Result<Report, ReplayError> {
    #[derive(Deserialize)]
    struct Recorded {
        snapshot: String,
        replay: Replay,
    }
    let recorded: Value = serde_json::from_str(recorded)?;
    let Recorded { snapshot: said, replay } = Recorded::deserialize(&recorded)?;
    let again = Report::of(replay.request, replay.snapshot);
    if again.snapshot != said {
        return Err(ReplayError::Changed { said, is: again.snapshot });
    }
    // Both have been text, so that a number that is rounded when it is read is rounded in both.
    match difference(&recorded, &serde_json::from_str(&serde_json::to_string(&again)?)?) {
        None => Ok(again),
        Some(field) => Err(ReplayError::Different { field }),
    }
}

fn difference(recorded: &Value, again: &Value) -> Option<String> {
    let (Value::Object(recorded), Value::Object(again)) = (recorded, again) else {
        return (recorded != again).then(|| "the whole".to_owned());
    };
    let fields = again.keys().chain(recorded.keys());
    fields.into_iter().find(|field| recorded.get(*field) != again.get(*field)).cloned()
}
