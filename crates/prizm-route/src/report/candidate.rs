//! What is told of each candidate.

use serde::Serialize;

use super::rfc3339;
use crate::decide::{Decision, Judged};
use crate::reason::{Code, Reason};
use crate::score::Score;
use crate::snapshot::{Candidate, Millis, Snapshot};

/// A candidate, and what was made of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// `provider/model`.
    pub id: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Its place among those that qualify, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
    /// What a call comes to, in millionths of a dollar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// How many wishes it is expected to miss.
    #[serde(skip_serializing_if = "is_zero")]
    pub missed: u32,
    /// What is expected of a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimates: Option<Estimates>,
    /// What speaks against it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Told>,
    /// What would have to change, all of it; nothing where no change would do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub would_be_eligible_if: Vec<String>,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is tried first.
    Selected,
    /// It is tried when those before it fail.
    Fallback,
    /// It qualifies, and is not tried: no second one may be.
    Unused,
    /// It does not qualify.
    Excluded,
}

impl Verdict {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Selected => "selected",
            Self::Fallback => "fallback",
            Self::Unused => "unused",
            Self::Excluded => "excluded",
        }
    }
}

/// What is expected of a call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimates {
    /// What it costs.
    pub cost: CostTold,
    /// How long it takes.
    pub time_s: TimeTold,
    /// How probable it is that it succeeds.
    pub p_ok: f64,
}

/// What a call is expected to cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CostTold {
    /// In US dollars.
    pub value: String,
    /// Who says so: `user`, `live`, `manifest`, or `unknown` where it is assumed.
    pub source: &'static str,
    /// How old the price is, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_s: Option<u64>,
    /// By how much charges differed from the estimates so far, as a factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correction: Option<String>,
    /// Units of which the number is a guess.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guessed: Vec<&'static str>,
}

/// How long a call is expected to take, in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimeTold {
    /// All of it.
    pub expected: f64,
    /// Half of the calls took no longer.
    pub p50: f64,
    /// 95 of 100 take no longer.
    pub p95: f64,
    /// How many were measured.
    pub n: u32,
    /// `measured`, `manifest`, or `assumed`.
    pub source: &'static str,
    /// How long ago the last was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_s: Option<u64>,
    /// How much of it is until it may be called.
    #[serde(skip_serializing_if = "is_nothing")]
    pub wait: f64,
    /// How much of it is the start.
    #[serde(skip_serializing_if = "is_nothing")]
    pub start: f64,
}

/// A reason as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Which rule: stable.
    pub code: Code,
    /// Of which thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub have: Option<String>,
    /// What is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub want: Option<String>,
    /// What more there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it may be tried again, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<String>,
}

impl std::fmt::Display for Told {
    /// Writes it in one line, for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code.as_str())?;
        self.field.iter().try_for_each(|field| write!(f, " `{field}`"))?;
        match (&self.have, &self.want) {
            (Some(have), Some(want)) => write!(f, ": has {have}, wanted {want}")?,
            (Some(have), None) => write!(f, ": {have}")?,
            (None, Some(want)) => write!(f, ": wanted {want}")?,
            (None, None) => {}
        }
        self.detail.iter().try_for_each(|detail| write!(f, " ({detail})"))?;
        self.retry_at.iter().try_for_each(|at| write!(f, ", until {}", whole_seconds(at)))
    }
}

/// Leaves out of a point in time what is less than a second.
fn whole_seconds(at: &str) -> String {
    at.split_once('.').map_or_else(|| at.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_nothing(seconds: &f64) -> bool {
    *seconds == 0.0
}

/// Tells every candidate: those of the plan in its order, then the others by their names.
pub(super) fn explain(snapshot: &Snapshot, decision: &Decision) -> Vec<Explained> {
    let mut places = vec![usize::MAX; decision.judged.len()];
    for (place, index) in decision.plan.iter().enumerate() {
        places[*index] = place;
    }
    let mut told: Vec<(usize, Explained)> = (0..decision.judged.len())
        .map(|index| {
            let (candidate, judged, place) = (&snapshot.candidates[index], &decision.judged[index], places[index]);
            (place, explained(candidate, judged, place, snapshot.now))
        })
        .collect();
    told.sort_by(|(left, a), (right, b)| (left, a.verdict, a.rank, &a.id).cmp(&(right, b.verdict, b.rank, &b.id)));
    told.into_iter().map(|(_, explained)| explained).collect()
}

fn explained(candidate: &Candidate, judged: &Judged, place: usize, now: Millis) -> Explained {
    let verdict = match place {
        0 => Verdict::Selected,
        usize::MAX if judged.against.is_empty() => Verdict::Unused,
        usize::MAX => Verdict::Excluded,
        _ => Verdict::Fallback,
    };
    // Who does something else, or is not there, is expected nothing of.
    let is_there = !judged.against.iter().any(|reason| matches!(reason.code, Code::Capability | Code::Unavailable));
    let change: Option<Vec<String>> = judged.against.iter().map(unless).collect();
    Explained {
        id: candidate.offer.id(),
        verdict,
        rank: judged.rank,
        score: is_there.then_some(judged.score),
        missed: if is_there { judged.missed } else { 0 },
        estimates: is_there.then(|| estimates(candidate, judged, now)),
        reasons: judged.against.iter().map(tell).collect(),
        would_be_eligible_if: change.unwrap_or_default(),
    }
}

fn estimates(candidate: &Candidate, judged: &Judged, now: Millis) -> Estimates {
    let (cost, time, live) = (&judged.expected.cost, &judged.expected.time, &candidate.live);
    let age = |at: Millis| now.saturating_sub(at) / 1000;
    let measured = live.latency.filter(|latency| latency.samples > 0);
    Estimates {
        cost: CostTold {
            value: cost.value.to_string(),
            source: cost.source.map_or("unknown", crate::PriceSource::as_str),
            age_s: cost.at.map(age),
            correction: (live.correction != 1000 && cost.is_known())
                .then(|| crate::Quantity::from_millis(u64::from(live.correction)).to_string()),
            guessed: candidate.guessed().collect(),
        },
        time_s: TimeTold {
            expected: seconds(time.expected()),
            p50: seconds(time.p50),
            p95: seconds(time.p95),
            n: measured.map_or(0, |latency| latency.samples),
            source: time.source.as_str(),
            age_s: measured.map(|latency| age(latency.at)),
            wait: seconds(time.wait),
            start: seconds(time.start),
        },
        p_ok: f64::from(judged.expected.success) / 1e6,
    }
}

impl Candidate {
    /// Units that cost something and of which the number is a guess.
    fn guessed(&self) -> impl Iterator<Item = &'static str> {
        let rates = match &self.offer.pricing {
            crate::Pricing::Known { rates, .. } => rates.as_slice(),
            crate::Pricing::Unknown(_) => &[],
        };
        let counts = |rate: &&crate::UnitRate| rate.rate > crate::Rate::FREE && self.shape.assumed.contains(&rate.unit);
        rates.iter().filter(counts).map(|rate| rate.unit.as_str())
    }
}

#[expect(clippy::cast_precision_loss, reason = "no call takes so long that a millisecond of it is lost")]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

fn tell(reason: &Reason) -> Told {
    Told {
        code: reason.code,
        field: reason.field.as_deref().map(str::to_owned),
        have: reason.have.as_deref().map(str::to_owned),
        want: reason.want.as_deref().map(str::to_owned),
        detail: reason.detail.as_deref().map(str::to_owned),
        retry_at: reason.retry_at.map(rfc3339),
    }
}

fn unless(reason: &Reason) -> Option<String> {
    let change = reason.unless.as_deref()?;
    Some(match reason.retry_at {
        Some(at) if change == "wait" => format!("wait until {}", rfc3339(at)),
        _ => change.to_owned(),
    })
}
