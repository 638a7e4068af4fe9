//! Why the chosen one was chosen, in words.

use crate::decide::{ChosenBy, Decision, Judged};
use crate::request::Request;
use crate::score::{self, Score};
use crate::snapshot::{Candidate, Snapshot};
use crate::{Criteria, Estimate, Money, Optimize, brief};

/// Says what the chosen one comes to, and what the next best lacks.
pub(super) fn why(request: &Request, snapshot: &Snapshot, decision: &Decision, chosen: usize) -> String {
    let judged = &decision.judged[chosen];
    let mut text = what_it_comes_to(&request.criteria, &judged.expected, &judged.score);
    if decision.wait_until.is_some() {
        return format!("{text}; it is the first that may be called again");
    }
    let best = decision.judged.iter().position(|judged| judged.rank == Some(1));
    text += match (decision.chosen_by, &best) {
        (ChosenBy::Session, _) => "; it served the session last, and is about as good as the best",
        (ChosenBy::Explore, _) => "; nothing new is known of it, and this is the time to learn",
        (ChosenBy::Spread, _) => "; it is about as good as the best, and has less to do",
        (ChosenBy::Score, None) => "; all are to be left alone for now, and it is called all the same, without a wait",
        (ChosenBy::Score, Some(_)) => "",
    };
    let next = decision.plan.iter().copied().find(|index| *index != chosen).or_else(|| unused(decision, chosen));
    match next {
        None => text + "; nothing else qualifies",
        Some(next) if decision.chosen_by == ChosenBy::Score => {
            let (one, other) = (&snapshot.candidates[chosen], &snapshot.candidates[next]);
            let lacks = lacks(&request.criteria, (one, judged), (other, &decision.judged[next]), snapshot.now);
            format!("{text}; next best {} {lacks}", other.offer.id())
        }
        Some(_) => text,
    }
}

fn unused(decision: &Decision, chosen: usize) -> Option<usize> {
    let others = decision.judged.iter().enumerate().filter(|(index, _)| *index != chosen);
    others.filter_map(|(index, judged)| Some((judged.rank?, index))).min().map(|(_, index)| index)
}

fn what_it_comes_to(criteria: &Criteria, expected: &Estimate, score: &Score) -> String {
    let cost = match expected.cost.is_known() {
        true if expected.cost.value == Money::ZERO => "free".to_owned(),
        true => brief::money(expected.cost.value),
        false => format!("an unknown price, assumed as {}", brief::money(expected.cost.value)),
    };
    let mut text = format!("{cost} + {} (= {})", brief::time(expected.time.expected()), dollars(score.time));
    if score.reliability > 0 {
        text += &format!(" + {} for failures", dollars(score.reliability));
    }
    if score.prefer > 0 {
        let what = if criteria.prefer.is_empty() { "its quality" } else { "what is preferred" };
        text += &format!(" - {} for {what}", dollars(score.prefer));
    }
    text
}

/// Says why one comes before another.
fn lacks(criteria: &Criteria, one: (&Candidate, &Judged), other: (&Candidate, &Judged), now: u64) -> String {
    let place = |candidate: &Candidate| {
        let (provider, id) = (&candidate.offer.provider, candidate.offer.id());
        criteria.order.iter().position(|pattern| pattern.matches(provider, &id)).unwrap_or(criteria.order.len())
    };
    if place(one.0) != place(other.0) {
        return "comes after it by `order`".to_owned();
    }
    if one.1.missed != other.1.missed {
        let wishes = if other.1.missed == 1 { "wish" } else { "wishes" };
        return format!("is expected to miss {} {wishes}, and it {}", other.1.missed, one.1.missed);
    }
    if let Optimize::Lexicographic(aspects) = &criteria.optimize {
        let rank =
            |aspect, (candidate, judged): (&Candidate, &Judged)| score::rank(aspect, candidate, &judged.expected);
        let differs = aspects.iter().find(|aspect| rank(**aspect, one) != rank(**aspect, other));
        if let Some(aspect) = differs {
            return format!("is behind in {}", aspect.as_str());
        }
    }
    if criteria.optimize == Optimize::Balanced && one.0.offer.bundled != other.0.offer.bundled {
        return "came with the program: one's own come before it while nobody says what counts".to_owned();
    }
    let more = other.1.score.total - one.1.score.total;
    if more == 0 {
        return format!("comes to the same, {}", tie(&one.1.expected, &other.1.expected));
    }
    format!("comes to {} more, {}", dollars(more), because(criteria, one, other, now))
}

/// Says what decides where all told is equal.
fn tie(ours: &Estimate, theirs: &Estimate) -> String {
    if theirs.cost.value != ours.cost.value {
        return format!("and costs {} more", brief::money(theirs.cost.value.minus(ours.cost.value)));
    }
    match theirs.time.expected().saturating_sub(ours.time.expected()) {
        0 => "and the name decides".to_owned(),
        slower => format!("and is {} slower", brief::time(slower)),
    }
}

/// Names the part that weighs most.
fn because(criteria: &Criteria, one: (&Candidate, &Judged), other: (&Candidate, &Judged), now: u64) -> String {
    let (a, b) = (&one.1.score, &other.1.score);
    let parts =
        [(b.cost - a.cost, 0), (b.time - a.time, 1), (b.reliability - a.reliability, 2), (a.prefer - b.prefer, 3)];
    let (_, largest) = parts.into_iter().max().unwrap_or_default();
    let (ours, theirs) = (&one.1.expected, &other.1.expected);
    match largest {
        0 => format!("because it costs {} more", brief::money(theirs.cost.value.minus(ours.cost.value))),
        1 if criteria.optimize == Optimize::Throughput => {
            let longer = score::per_job(other.0, theirs).saturating_sub(score::per_job(one.0, ours));
            format!("because each of many jobs takes {} longer", brief::time(longer))
        }
        1 => {
            let slower = theirs.time.expected().saturating_sub(ours.time.expected());
            let live = &other.0.live;
            let known = match live.latency.filter(|latency| latency.samples > 0) {
                Some(latency) => {
                    let age = now.saturating_sub(latency.at) / 1000;
                    format!("{}, n={}, {age} s ago", theirs.time.source.as_str(), latency.samples)
                }
                None => theirs.time.source.as_str().to_owned(),
            };
            format!("because it is {} slower ({known})", brief::time(slower))
        }
        2 if theirs.success < ours.success => {
            format!("because it fails more often ({:.1} % succeed)", f64::from(theirs.success) / 1e4)
        }
        2 => "because a failure of it costs more".to_owned(),
        _ if one.0.offer.quality.unwrap_or(0) > other.0.offer.quality.unwrap_or(0) && criteria.prefer.is_empty() => {
            "because its results are not as good".to_owned()
        }
        _ => "because it is preferred less".to_owned(),
    }
}

fn dollars(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    format!("{sign}{}", brief::money(Money::from_nanos(micros.unsigned_abs().saturating_mul(1000))))
}
