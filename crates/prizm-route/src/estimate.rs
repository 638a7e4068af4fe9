//! What a call is expected to cost and to take.

use prizm_protocol::methods::initialize::Location;
use prizm_protocol::{Capability, MediaKind};

use crate::snapshot::{Candidate, Millis};
use crate::{Criteria, GateKind, Money, PriceSource, Pricing, UnknownPrice};

/// How many measurements the word of an author counts for.
const WEIGHT_OF_HINT: u64 = 3;
/// How long a process takes to start where nobody measured it, in milliseconds.
const PROCESS_START: u64 = 500;
/// How long a service takes to start where nobody measured it, in milliseconds.
const SERVICE_START: u64 = 15_000;

/// What is expected of a call to one candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// What it costs.
    pub cost: Cost,
    /// How long it takes.
    pub time: Time,
    /// How probable it is that it succeeds, in millionths.
    pub success: u32,
}

/// What a call is expected to cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// So much.
    pub value: Money,
    /// Where that comes from; `None` where nobody knows, and it is an assumption.
    pub source: Option<PriceSource>,
    /// Since when the price is known.
    pub at: Option<Millis>,
}

/// How long a call is expected to take, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// Until it may be called.
    pub wait: u64,
    /// Until its process and its services are there.
    pub start: u64,
    /// Until it is done, had it nothing else to do.
    pub alone: u64,
    /// Until it is done, behind what it does already.
    pub work: u64,
    /// The same, in 95 of 100 calls, the wait and the start included.
    pub p95: u64,
    /// Half of them took no longer; the expectation where nobody measured.
    pub p50: u64,
    /// Where that comes from.
    pub source: TimeSource,
}

/// Where the time that is expected comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeSource {
    /// It was measured.
    Measured,
    /// Its author said so.
    Manifest,
    /// It is what such work takes usually.
    Assumed,
}

impl TimeSource {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Manifest => "manifest",
            Self::Assumed => "assumed",
        }
    }
}

impl Time {
    /// Returns the whole of it.
    pub const fn expected(&self) -> u64 {
        self.wait.saturating_add(self.start).saturating_add(self.work)
    }
}

impl Cost {
    /// Returns whether anybody knows.
    pub const fn is_known(&self) -> bool {
        self.source.is_some()
    }
}

/// Says what is expected of a call.
pub(crate) fn estimate(candidate: &Candidate, capability: &Capability, criteria: &Criteria, now: Millis) -> Estimate {
    let time = time(candidate, capability, now);
    let cost = cost(candidate, time.alone).unwrap_or_else(|_| Cost {
        value: match criteria.unknown_price() {
            UnknownPrice::Assume(money) => money,
            _ if candidate.offer.location == Location::Local => Money::ZERO,
            _ => usual_price(capability),
        },
        source: None,
        at: None,
    });
    Estimate { cost, time, success: candidate.live.success.min(1_000_000) }
}

/// Returns what a call costs by the prices and by what charges were so far, or why nobody knows.
pub(crate) fn cost(candidate: &Candidate, work_ms: u64) -> Result<Cost, String> {
    let value = candidate.offer.pricing.price(&candidate.shape, work_ms)?;
    let value = value.times_permille(u64::from(candidate.live.correction.clamp(250, 4000)));
    let (source, at) = match &candidate.offer.pricing {
        Pricing::Known { source, at, .. } => (Some(*source), *at),
        Pricing::Unknown(_) => (None, None),
    };
    Ok(Cost { value, source, at })
}

fn time(candidate: &Candidate, capability: &Capability, now: Millis) -> Time {
    let (offer, live) = (&candidate.offer, &candidate.live);
    let measured = live.latency.filter(|latency| latency.samples > 0);
    let (alone, source) = match (measured, offer.typical) {
        (Some(latency), hint) => {
            let (measured, n) = (u128::from(latency.expected), u128::from(latency.samples));
            let (hint, weight) = hint.map_or((0, 0), |hint| (u128::from(hint), u128::from(WEIGHT_OF_HINT)));
            let mean = (weight * hint + n * measured) / (weight + n);
            (u64::try_from(mean).unwrap_or(u64::MAX), TimeSource::Measured)
        }
        (None, Some(hint)) => (hint, TimeSource::Manifest),
        (None, None) => (usual_time(capability), TimeSource::Assumed),
    };
    let at_once = u128::from(live.max_in_flight.max(1));
    let behind = |ms: u64| {
        let queued = u128::from(ms) * (at_once + u128::from(live.in_flight)) / at_once;
        u64::try_from(queued).unwrap_or(u64::MAX)
    };
    let start = match live.cold_start {
        _ if live.warm => 0,
        Some(measured) => measured,
        None if live.starts_service => SERVICE_START,
        None => PROCESS_START,
    };
    let opens = live.gates.iter().filter(|gate| gate.kind != GateKind::Config).filter_map(|gate| gate.until).max();
    let wait = opens.map_or(0, |until| until.saturating_sub(now));
    let (p50, p95) = measured.map_or((alone, alone.saturating_mul(2)), |latency| (latency.p50, latency.p95.max(alone)));
    let p95 = wait.saturating_add(start).saturating_add(behind(p95));
    Time { wait, start, alone, work: behind(alone), p95, p50, source }
}

/// What such work costs usually, where it is paid for: the middle of what is asked today. It stands in where
/// nobody knows, so that the unknown is neither free nor out of the question.
fn usual_price(capability: &Capability) -> Money {
    Money::from_nanos(match capability.output() {
        Some(MediaKind::Text) => 1_000_000,
        Some(MediaKind::Audio) => 10_000_000,
        Some(MediaKind::Image) => 20_000_000,
        Some(MediaKind::Video) => 250_000_000,
        _ => 100_000_000,
    })
}

/// How long such work takes usually, in milliseconds.
fn usual_time(capability: &Capability) -> u64 {
    match capability.output() {
        Some(MediaKind::Text) => 2000,
        Some(MediaKind::Audio) => 5000,
        Some(MediaKind::Image) => 8000,
        _ => 60_000,
    }
}
