//! The choice itself.

use std::cmp::Ordering;

use crate::criteria::OnAllGated;
use crate::estimate::{self, Estimate};
use crate::optimize::Optimize;
use crate::reason::{Code, Reason};
use crate::request::Request;
use crate::score::{self, Score};
use crate::snapshot::{Candidate, Millis, Snapshot};
use crate::{Criteria, Money, filter};

/// How long one is waited for where no deadline says it, in milliseconds.
const LONGEST_WAIT: u64 = 60_000;
/// After how long nothing new is known of a candidate, in milliseconds. Who is back is believed after two calls
/// so far apart, so that this decides how soon they are chosen again.
const STALE: u64 = 10_000;

/// What was decided: about every candidate, in the order of the snapshot, and in which order they are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// About every candidate of the snapshot, in its order.
    pub judged: Vec<Judged>,
    /// Which are tried, in this order: indices into the snapshot.
    pub plan: Vec<usize>,
    /// Why the first of the plan is the first.
    pub chosen_by: ChosenBy,
    /// Until when the first of the plan is waited for.
    pub wait_until: Option<Millis>,
    /// When the first of those that are only to be left alone for now may be called again.
    pub earliest: Option<Millis>,
}

/// What was decided about one candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What is expected of a call.
    pub expected: Estimate,
    /// What that comes to.
    pub score: Score,
    /// How many wishes it is expected to miss: who misses fewer comes first.
    pub missed: u32,
    /// What speaks against it; nothing where it may be taken.
    pub against: Vec<Reason>,
    /// Its place among those that may be taken, from 1.
    pub rank: Option<u32>,
}

/// Why the first of the plan is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    /// It ranks first.
    Score,
    /// It served the session last, and is about as good.
    Session,
    /// It is about as good as the first, which is busy.
    Spread,
    /// Too little is known of it, and this is the time to learn.
    Explore,
}

impl ChosenBy {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Session => "session",
            Self::Spread => "spread",
            Self::Explore => "explore",
        }
    }
}

impl Judged {
    /// Returns whether nothing speaks against it but that it is to be left alone for now.
    pub fn is_only_gated(&self) -> bool {
        !self.against.is_empty() && self.against.iter().all(|reason| reason.code.is_gate())
    }

    /// When it may be called again, where that is known.
    fn opens(&self) -> Option<Millis> {
        let opens = |reason: &Reason| reason.retry_at.filter(|_| reason.code != Code::GateConfig);
        self.against.iter().map(opens).reduce(|last, next| Some(last?.max(next?))).flatten()
    }
}

/// Decides who does the job. Nothing but the arguments counts: the same two give the same decision.
pub fn decide(request: &Request, snapshot: &Snapshot) -> Decision {
    let criteria = &request.criteria;
    let second = score::second(&request.capability, criteria);
    let judge = |candidate: &Candidate| {
        let expected = estimate::estimate(candidate, &request.capability, criteria, snapshot.now);
        Judged {
            against: filter::reasons(request, snapshot, candidate, &expected),
            score: score::score(candidate, &expected, criteria, second),
            missed: missed(request, candidate, &expected),
            rank: None,
            expected,
        }
    };
    let judged = snapshot.candidates.iter().map(judge).collect();
    let plan = Vec::new();
    let mut decision = Decision { judged, plan, chosen_by: ChosenBy::Score, wait_until: None, earliest: None };
    decision.plan(request, snapshot);
    decision
}

/// How many wishes a candidate is expected to miss.
fn missed(request: &Request, candidate: &Candidate, expected: &Estimate) -> u32 {
    let (criteria, time) = (&request.criteria, &expected.time);
    let is_over = |limit: Option<u64>, value: u64| u32::from(limit.is_some_and(|limit| value > limit));
    let latency = criteria.prefer_max_latency.unwrap_or_default();
    let slow = criteria.prefer_min_throughput.is_some_and(|least| {
        let made = u128::from(candidate.shape.work(&request.capability)) * 1_000_000;
        made / u128::from(time.work.max(1)) < u128::from(least.micros())
    });
    is_over(criteria.deadline_ms, time.p95)
        + is_over(latency.p50, time.p50)
        + is_over(latency.p95, time.p95)
        + u32::from(slow)
}

/// What candidates are ordered by, before their names.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    order: usize,
    missed: u32,
    aspects: Vec<u64>,
    is_bundled: bool,
    score: i64,
    cost: Money,
    /// Decides among those that come to the same, such as all that are free where only the cost counts.
    time: u64,
}

impl Key {
    fn of(candidate: &Candidate, judged: &Judged, criteria: &Criteria) -> Self {
        let order = match criteria.order.as_slice() {
            [] => 0,
            order => {
                let (provider, id) = (&candidate.offer.provider, candidate.offer.id());
                order.iter().position(|pattern| pattern.matches(provider, &id)).unwrap_or(order.len())
            }
        };
        let aspects = match &criteria.optimize {
            Optimize::Lexicographic(aspects) => {
                aspects.iter().map(|aspect| score::rank(*aspect, candidate, &judged.expected)).collect()
            }
            _ => Vec::new(),
        };
        // While nobody says what counts, one's own come before those that came with the program.
        let is_bundled = criteria.optimize == Optimize::Balanced && candidate.offer.bundled;
        let (missed, score, cost) = (judged.missed, judged.score.total, judged.expected.cost.value);
        Self { order, missed, aspects, is_bundled, score, cost, time: judged.expected.time.expected() }
    }

    /// Returns whether another differs in nothing but its score.
    fn is_beside(&self, other: &Self) -> bool {
        let before = |key: &Self| (key.order, key.missed, key.is_bundled);
        before(self) == before(other) && self.aspects == other.aspects
    }

    /// Returns whether it is worse than another by at most so much.
    fn is_near(&self, best: &Self, margin: i64) -> bool {
        self.is_beside(best) && self.score <= best.score.saturating_add(margin)
    }
}

impl Decision {
    fn plan(&mut self, request: &Request, snapshot: &Snapshot) {
        let criteria = &request.criteria;
        let indices = || 0..self.judged.len();
        let mut ranked =
            self.ranked(criteria, snapshot, indices().filter(|index| self.judged[*index].against.is_empty()));
        let gated = indices().filter(|index| self.judged[*index].is_only_gated());
        self.earliest = gated.clone().filter_map(|index| self.judged[index].opens()).min();
        if ranked.is_empty() {
            let last = snapshot.now.saturating_add(criteria.deadline_ms.unwrap_or(LONGEST_WAIT));
            match criteria.on_all_gated {
                OnAllGated::Fail => {}
                OnAllGated::Panic => ranked = self.ranked(criteria, snapshot, gated),
                OnAllGated::Wait => {
                    let in_time = |index: &usize| self.judged[*index].opens().is_some_and(|at| at <= last);
                    ranked = self.ranked(criteria, snapshot, gated.filter(in_time));
                    ranked.sort_by_key(|(index, _)| self.judged[*index].opens());
                    self.wait_until = ranked.first().and_then(|(index, _)| self.judged[*index].opens());
                }
            }
        } else {
            let first = self.first(&ranked, request, snapshot);
            for (rank, (index, _)) in (1..).zip(&ranked) {
                self.judged[*index].rank = Some(rank);
            }
            let chosen = ranked.remove(first);
            ranked.insert(0, chosen);
        }
        ranked.truncate(if criteria.allow_fallbacks { usize::MAX } else { 1 });
        self.plan = ranked.into_iter().map(|(index, _)| index).collect();
    }

    fn ranked(&self, criteria: &Criteria, snapshot: &Snapshot, of: impl Iterator<Item = usize>) -> Vec<(usize, Key)> {
        let key = |index| (index, Key::of(&snapshot.candidates[index], &self.judged[index], criteria));
        let mut ranked: Vec<_> = of.map(key).collect();
        ranked.sort_unstable_by(|(left, a), (right, b)| {
            a.cmp(b).then_with(|| by_name(&snapshot.candidates[*left], &snapshot.candidates[*right]))
        });
        ranked
    }

    /// Returns who is tried first: the best, or one that is about as good for a reason.
    fn first(&mut self, ranked: &[(usize, Key)], request: &Request, snapshot: &Snapshot) -> usize {
        let candidate = |place: usize| &snapshot.candidates[ranked[place].0];
        let best = &ranked[0].1;
        // A part of what the best costs and takes: what it is preferred by is no measure of that.
        let whole = self.judged[ranked[0].0].score.before_preference();
        let near = |part: i64| ranked.iter().take_while(|(_, key)| key.is_near(best, whole / part)).count();
        if let Some(last) = snapshot.session.as_ref().filter(|_| request.criteria.session_key.is_some()) {
            let place = (0..near(10)).find(|place| candidate(*place).offer.id() == *last);
            if let Some(place) = place {
                if place > 0 {
                    self.chosen_by = ChosenBy::Session;
                }
                return place;
            }
        }
        if is_due(request.seed, request.criteria.explore) {
            let stale = |place: &usize| self.may_be_explored(&ranked[*place], &ranked[0], request, snapshot);
            let places: Vec<usize> = (1..ranked.len()).filter(stale).collect();
            if !places.is_empty() {
                self.chosen_by = ChosenBy::Explore;
                return places[pick(request.seed, "explored", places.len())];
            }
        }
        let load = |place: usize| {
            let live = &candidate(place).live;
            u64::from(live.in_flight) * 1000 / u64::from(live.max_in_flight.max(1))
        };
        let equals = near(20);
        if load(0) > 0 && equals > 1 {
            let one = pick(request.seed, "one", equals);
            let other = (one + 1 + pick(request.seed, "other", equals - 1)) % equals;
            let place = if (load(one), one) <= (load(other), other) { one } else { other };
            if load(place) < load(0) {
                self.chosen_by = ChosenBy::Spread;
                return place;
            }
        }
        0
    }

    /// Only who may be taken anyway, of whom nothing new is known, who costs little more, and who would be the
    /// best if it were as good as can be in what is measured: else there is nothing to learn.
    fn may_be_explored(
        &self,
        (index, key): &(usize, Key),
        (first, best): &(usize, Key),
        request: &Request,
        snapshot: &Snapshot,
    ) -> bool {
        let live = &snapshot.candidates[*index].live;
        let known_at = live.latency.map(|latency| latency.at).max(live.last);
        let is_stale = known_at.is_none_or(|at| snapshot.now.saturating_sub(at) > STALE);
        let may_win = match &request.criteria.optimize {
            Optimize::Lexicographic(aspects) => {
                let declared = |place: &usize| !aspects[*place].is_measured();
                (0..aspects.len()).filter(declared).all(|place| key.aspects[place] <= best.aspects[place])
            }
            _ => self.judged[*index].score.at_best() < self.judged[*first].score.total,
        };
        let is_on_a_level = (key.order, key.is_bundled) == (best.order, best.is_bundled);
        is_stale && may_win && is_on_a_level && key.cost <= best.cost.times_permille(1500)
    }
}

/// Where all else is equal, the name decides, and among the models of one provider their order.
pub(crate) fn by_name(left: &Candidate, right: &Candidate) -> Ordering {
    let (left, right) = (&left.offer, &right.offer);
    (&left.provider, left.place, &left.model).cmp(&(&right.provider, right.place, &right.model))
}

/// Returns a number below another, which a seed and a purpose decide: chance has no place here.
pub fn draw(seed: u64, what: &str, below: u64) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(what.as_bytes());
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes) % below.max(1)
}

/// Returns whether a call is one of so many in a thousand. Seeds that follow each other share it evenly: as many
/// calls as make up one have exactly one, at a place that no rhythm of the callers can keep missing.
fn is_due(seed: u64, permille: u32) -> bool {
    let permille = u128::from(permille.min(1000));
    let (start, end) = (u128::from(seed) * permille, (u128::from(seed) + 1) * permille);
    let in_block = |block: u128| {
        let at = block * 1000 + u128::from(draw(u64::try_from(block).unwrap_or(0), "explore", 1000));
        (start..end).contains(&at)
    };
    permille > 0 && (in_block(start / 1000) || in_block((end - 1) / 1000))
}

fn pick(seed: u64, what: &str, among: usize) -> usize {
    usize::try_from(draw(seed, what, among as u64)).unwrap_or(0)
}
