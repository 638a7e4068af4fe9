//! A decision as it is told: to people, to programs, and to whoever makes it again.

mod candidate;
mod replay;
mod why;

use std::io::{BufWriter, Write};

use prizm_protocol::Capability;
use serde::Serialize;

pub use self::candidate::{CostTold, Estimates, Explained, TimeTold, Told, Verdict};
pub use self::replay::{ReplayError, replay};
use crate::decide::{Decision, by_name, decide, draw};
use crate::request::Request;
use crate::snapshot::{Millis, Snapshot};

/// A decision with all that led to it. Its JSON is a contract; the texts in it are for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Names the decision.
    pub decision_id: String,
    /// When it was made, in RFC 3339.
    pub at: String,
    /// What was to be turned into what.
    pub capability: Capability,
    /// The digest of the request and the snapshot.
    pub snapshot: String,
    /// What stood for chance.
    pub seed: u64,
    /// Who was chosen; `None` where nobody qualifies.
    pub selected: Option<Selected>,
    /// Until when the chosen one is waited for, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_until: Option<String>,
    /// When the first of those that are only to be left alone for now may be called again, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earliest_available_at: Option<String>,
    /// Who is tried, one after the other: `provider/model`.
    pub plan: Vec<String>,
    /// Every candidate: those of the plan in its order, then the others by their names.
    pub candidates: Vec<Explained>,
    /// Where nobody qualifies: what would have to change for each, the least first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relaxations: Vec<Relaxation>,
    /// What the decision was made from, to make it again.
    pub replay: Replay,
}

/// Who was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Selected {
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// What the call comes to, in millionths of a dollar.
    pub score: i64,
    /// The rule that made it the first: `score`, `session`, `spread` or `explore`.
    pub chosen_by: &'static str,
    /// Why, in words.
    pub why: String,
}

/// What would have to change for a candidate to qualify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Relaxation {
    /// All of these.
    pub change: Vec<String>,
    /// For this one: `provider/model`.
    pub admits: String,
}

/// What a decision was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Replay {
    /// What was wanted.
    pub request: Request,
    /// What was true.
    pub snapshot: Snapshot,
}

/// At most so many relaxations are told.
const RELAXATIONS: usize = 20;

impl Report {
    /// Decides, and tells all of it.
    pub fn of(request: Request, snapshot: Snapshot) -> Self {
        let decision = decide(&request, &snapshot);
        Self::tell(Replay { request, snapshot }, &decision)
    }

    /// Tells a decision that was made from what is given.
    pub fn tell(mut from: Replay, decision: &Decision) -> Self {
        let Replay { request, snapshot } = &from;
        let selected = decision.plan.first().map(|chosen| {
            let offer = &snapshot.candidates[*chosen].offer;
            Selected {
                provider: offer.provider.clone(),
                model: offer.model.clone(),
                score: decision.judged[*chosen].score.total,
                chosen_by: decision.chosen_by.as_str(),
                why: why::why(request, snapshot, decision, *chosen),
            }
        });
        let candidates = candidate::explain(snapshot, decision);
        let relaxations = if selected.is_none() { relaxations(&candidates) } else { Vec::new() };
        let plan = decision.plan.iter().map(|index| snapshot.candidates[*index].offer.id()).collect();
        // The order of the candidates does not matter, and is the same in every report.
        from.snapshot.candidates.sort_by(by_name);
        let hex = from.digest().to_hex();
        Self {
            decision_id: from.decision_id(),
            at: rfc3339(from.snapshot.now),
            capability: from.request.capability.clone(),
            snapshot: format!("b3:{hex}"),
            seed: from.request.seed,
            selected,
            wait_until: decision.wait_until.map(rfc3339),
            earliest_available_at: decision.earliest.map(rfc3339),
            plan,
            candidates,
            relaxations,
            replay: from,
        }
    }
}

impl Replay {
    /// Names the decision, by its time and by what stood for chance: later ones have later names.
    pub fn decision_id(&self) -> String {
        format!("d_{:011x}{:09x}", self.snapshot.now, draw(self.request.seed, "name", 1 << 36))
    }

    /// Returns the digest of its canonical JSON: fields in the order of their declaration, no blanks.
    pub fn digest(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        // Many bytes at once are hashed much sooner than one after the other.
        let mut writer = BufWriter::with_capacity(1 << 16, &mut hasher);
        // Writing to a hasher does not fail, and nothing in a snapshot is without a form in JSON.
        let written = serde_json::to_writer(&mut writer, self).is_ok() && writer.flush().is_ok();
        debug_assert!(written, "a snapshot has a form in JSON");
        drop(writer);
        hasher.finalize()
    }
}

fn relaxations(candidates: &[Explained]) -> Vec<Relaxation> {
    let needs = |candidate: &Explained| {
        let change = candidate.would_be_eligible_if.clone();
        (!change.is_empty()).then(|| Relaxation { change, admits: candidate.id.clone() })
    };
    let mut all: Vec<_> = candidates.iter().filter_map(needs).collect();
    all.sort_by_key(|relaxation| relaxation.change.len());
    all.truncate(RELAXATIONS);
    all
}

/// Writes a point in time; what lies beyond the calendar is its end.
fn rfc3339(at: Millis) -> String {
    let millis = i64::try_from(at).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX).to_string()
}
