//! Anything that may be asked, and anything that may be true, up to the largest numbers.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use prizm_protocol::methods::initialize::Location;
use prizm_protocol::{Capability, MediaKind};
use prizm_route::{
    AllowedUse, Aspect, Bonus, Budget, Candidate, Class, Criteria, DataPolicy, Dimensions, Fault, FaultKind, Gate,
    GateKind, Input, Latency, Latitude, Liked, Live, MaxLatency, Money, Offer, OnAllGated, Optimize, Preferred,
    PriceSource, Pricing, Quantity, Rate, Shape, Snapshot, Trust, Unit, UnitRate, UnknownPrice, Weights,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

const UNITS: [Unit; 5] = [Unit::Call, Unit::Image, Unit::Megapixel, Unit::Step, Unit::GpuSecond];
const CAPABILITIES: [Capability; 4] =
    [Capability::TEXT_TO_IMAGE, Capability::TEXT_TO_TEXT, Capability::AUDIO_TO_TEXT, Capability::TEXT_TO_3D];

/// Mostly what may be, sometimes anything, sometimes the ends.
pub fn of_any_size() -> BoxedStrategy<u64> {
    prop_oneof![6 => 0..20_000_u64, 2 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX), 1 => Just(i64::MAX as u64)]
        .boxed()
}

fn small() -> impl Strategy<Value = u32> {
    prop_oneof![6 => 0..20_u32, 1 => any::<u32>(), 1 => Just(u32::MAX)]
}

fn money() -> BoxedStrategy<Money> {
    prop_oneof![of_any_size(), (0..100_u64).prop_map(|millis| millis * 1_000_000)].prop_map(Money::from_nanos).boxed()
}

fn rate() -> impl Strategy<Value = Rate> {
    let text = prop_oneof![
        4 => (0..100_u32).prop_map(|cents| format!("0.{cents:02}")),
        1 => (0..1000_u32).prop_map(|least| format!("0.000000000{least:03}")),
        1 => Just("18446744".to_owned()),
    ];
    text.prop_map(|text| text.parse().unwrap())
}

fn regions() -> impl Strategy<Value = BTreeSet<String>> {
    btree_set(select(vec!["eu".to_owned(), "us".to_owned(), "ch".to_owned()]), 0..3)
}

fn features() -> impl Strategy<Value = BTreeSet<String>> {
    btree_set(select(vec!["seed".to_owned(), "streaming".to_owned()]), 0..3)
}

fn trust() -> impl Strategy<Value = Trust> {
    select(vec![Trust::Unverified, Trust::Pinned, Trust::Own])
}

fn location() -> impl Strategy<Value = Location> {
    select(vec![Location::Local, Location::Remote])
}

fn pricing() -> BoxedStrategy<Pricing> {
    let rates = vec((select(UNITS.to_vec()), rate()), 0..3)
        .prop_map(|rates| rates.into_iter().map(|(unit, rate)| UnitRate { unit, rate }).collect());
    let source = select(vec![PriceSource::User, PriceSource::Live, PriceSource::Manifest]);
    let known = (rates, source, of(of_any_size())).prop_map(|(rates, source, at)| Pricing::Known { rates, source, at });
    prop_oneof![3 => known, 1 => Just(Pricing::Unknown("nobody says".to_owned()))].boxed()
}

fn offer() -> BoxedStrategy<Offer> {
    let policy = (of(0..60_u32), of(any::<bool>()), of(regions()))
        .prop_map(|(retention_days, training, regions)| DataPolicy { retention_days, training, regions });
    let who = (any::<bool>(), location(), trust(), of(0..=u8::MAX));
    (who, pricing(), features(), policy, of(of_any_size()))
        .prop_map(|((bundled, location, trust, quality), pricing, features, data_policy, typical)| Offer {
            provider: String::new(),
            model: "m".to_owned(),
            place: 0,
            bundled,
            location,
            trust,
            pricing,
            features,
            quality,
            data_policy,
            typical,
            defaults: Dimensions::default(),
        })
        .boxed()
}

fn gates() -> BoxedStrategy<Vec<Gate>> {
    let kinds = vec![GateKind::Breaker, GateKind::Config, GateKind::Rate, GateKind::Process, GateKind::Service];
    let gate = (select(kinds), of(of_any_size()));
    let gate = gate.prop_map(|(kind, until)| Gate { kind, until, detail: "failed".to_owned() });
    prop_oneof![4 => Just(Vec::new()), 1 => vec(gate, 1..3)].boxed()
}

fn live() -> BoxedStrategy<Live> {
    let latency = (of_any_size(), of_any_size(), of_any_size(), small(), of_any_size())
        .prop_map(|(expected, p50, p95, samples, at)| Latency { expected, p50, p95, samples, at });
    let calls = (prop_oneof![0..=1_000_000_u32, any::<u32>()], small(), of(of_any_size()), any::<u32>());
    let start = (any::<bool>(), any::<bool>(), of(of_any_size()));
    (of(latency), calls, start, (small(), small()), gates())
        .prop_map(|(latency, (success, calls, last, correction), (warm, starts_service, cold_start), load, gates)| {
            Live {
                latency,
                success,
                calls,
                last,
                correction,
                warm,
                starts_service,
                cold_start,
                in_flight: load.0,
                max_in_flight: load.1,
                gates,
            }
        })
        .boxed()
}

fn faults() -> BoxedStrategy<Vec<Fault>> {
    let kinds = vec![
        FaultKind::Capability,
        FaultKind::UnknownParameter,
        FaultKind::Parameter,
        FaultKind::Input,
        FaultKind::Format,
        FaultKind::Limit,
        FaultKind::Setting,
        FaultKind::Engine,
        FaultKind::Unavailable,
    ];
    let fault = (select(kinds), select(vec!["size", "seed"]));
    let fault = fault.prop_map(|(kind, field)| Fault { kind, field: field.to_owned(), detail: String::new() });
    prop_oneof![6 => Just(Vec::new()), 1 => vec(fault, 1..3)].boxed()
}

fn candidate() -> BoxedStrategy<Candidate> {
    let units = btree_map(select(UNITS.to_vec()), of_any_size().prop_map(Quantity::from_micros), 0..5);
    (offer(), units, vec(select(UNITS.to_vec()), 0..2), faults(), live())
        .prop_map(|(offer, units, assumed, faults, live)| Candidate {
            offer: Arc::new(offer),
            shape: Shape { units, assumed },
            faults,
            live,
        })
        .boxed()
}

/// So many candidates, each with a name of its own.
pub fn any_snapshot(size: Range<usize>) -> impl Strategy<Value = Snapshot> {
    let budget = money().prop_map(|left| Budget { id: "team".to_owned(), left });
    let session = select(vec!["p0/m".to_owned(), "p1/m".to_owned(), "gone/m".to_owned()]);
    (of_any_size(), vec(candidate(), size), of(budget), of(session)).prop_map(
        |(now, mut candidates, budget, session)| {
            for (index, candidate) in candidates.iter_mut().enumerate() {
                Arc::make_mut(&mut candidate.offer).provider = format!("p{index}");
            }
            Snapshot { now, candidates, budget, session }
        },
    )
}

pub fn with_optimize() -> BoxedStrategy<Optimize> {
    let weights = (small(), small(), small(), small()).prop_map(|(cost, time, reliability, quality)| Weights {
        cost,
        time,
        reliability,
        quality,
    });
    let aspects = vec![
        Aspect::Cost,
        Aspect::Latency,
        Aspect::Throughput,
        Aspect::Quality,
        Aspect::Reliability,
        Aspect::Free,
        Aspect::Local,
    ];
    let plain = vec![
        Optimize::Balanced,
        Optimize::Cost,
        Optimize::Latency,
        Optimize::Throughput,
        Optimize::Quality,
        Optimize::Reliability,
    ];
    prop_oneof![
        6 => select(plain),
        1 => weights.prop_map(Optimize::Weights),
        2 => vec(select(aspects), 0..4).prop_map(Optimize::Lexicographic),
    ]
    .boxed()
}

fn preferred() -> impl Strategy<Value = Preferred> {
    let what = select(vec!["local", "remote", "free", "p1", "p*/m"]).prop_map(|text| text.parse::<Liked>().unwrap());
    let bonus = prop_oneof![money().prop_map(Bonus::Money), (0..=100_u8).prop_map(Bonus::Percent)];
    (what, bonus).prop_map(|(what, bonus)| Preferred { what, bonus })
}

/// Asks little, so that somebody qualifies.
fn rarely<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::weighted(0.15, of)
}

fn names(criteria: Criteria) -> impl Strategy<Value = Criteria> {
    let patterns = || vec(select(vec!["p0", "p1/m", "p[2-4]", "gone/*"]), 0..3);
    let some = || prop_oneof![4 => Just(Vec::new()), 1 => patterns()];
    (some(), some(), some(), features(), vec(preferred(), 0..3)).prop_map(
        move |(only, exclude, order, features, prefer)| {
            let [only, exclude, order] =
                [only, exclude, order].map(|all| all.into_iter().map(|one| one.parse().unwrap()).collect());
            let features = if prefer.is_empty() { features } else { BTreeSet::new() };
            Criteria { only, exclude, order, features, prefer, ..criteria.clone() }
        },
    )
}

fn prices(criteria: Criteria) -> impl Strategy<Value = Criteria> {
    let unknown =
        prop_oneof![Just(UnknownPrice::Exclude), Just(UnknownPrice::Allow), money().prop_map(UnknownPrice::Assume),];
    let limits = (rarely(money()), small(), rarely(money()), rarely(money()));
    let units =
        prop_oneof![4 => Just(std::collections::BTreeMap::new()), 1 => btree_map(select(UNITS.to_vec()), rate(), 1..3)];
    let flags = (proptest::bool::weighted(0.1), of(unknown), rarely(Just("team".to_owned())));
    (limits, units, flags).prop_map(move |((max_cost, cost_safety, max_total_cost, second), max_unit_price, flags)| {
        let (free, unknown_price, budget) = flags;
        Criteria {
            max_cost,
            cost_safety,
            max_total_cost,
            second,
            max_unit_price,
            free,
            unknown_price,
            budget,
            ..criteria.clone()
        }
    })
}

fn times(criteria: Criteria) -> impl Strategy<Value = Criteria> {
    let deadline = (rarely(of_any_size()), any::<bool>(), rarely(of_any_size()), proptest::bool::weighted(0.9));
    let latency = (of(of_any_size()), of(of_any_size())).prop_map(|(p50, p95)| MaxLatency { p50, p95 });
    let wishes = (rarely(latency), rarely(of_any_size().prop_map(Quantity::from_micros)));
    let gated = select(vec![OnAllGated::Wait, OnAllGated::Panic, OnAllGated::Fail]);
    (deadline, wishes, gated).prop_map(move |(deadline, (prefer_max_latency, prefer_min_throughput), on_all_gated)| {
        let (deadline_ms, strict_deadline, max_cold_start_ms, allow_cold_start) = deadline;
        Criteria {
            deadline_ms,
            strict_deadline,
            max_cold_start_ms,
            allow_cold_start,
            prefer_max_latency,
            prefer_min_throughput,
            on_all_gated,
            ..criteria.clone()
        }
    })
}

fn rest(criteria: Criteria) -> impl Strategy<Value = Criteria> {
    let policy = (of(0..60_u32), of(any::<bool>()), regions())
        .prop_map(|(retention_days, training, regions)| AllowedUse { retention_days, training, regions });
    let latitude = (vec(select(vec![Class::ContentPolicy, Class::InvalidInput]), 0..2), any::<bool>())
        .prop_map(|(fallback_on, allow_duplicate_charge)| Latitude { fallback_on, allow_duplicate_charge });
    let hard = (rarely(location()), rarely(policy), rarely(trust()), rarely(any::<u8>()), any::<bool>());
    let soft = (with_optimize(), any::<bool>(), of(Just("talk".to_owned())), prop_oneof![Just(0), any::<u32>()]);
    (hard, soft, latitude, small(), small()).prop_map(
        move |(hard, soft, latitude, max_attempts, max_attempts_per_provider)| {
            let (location, data_policy, trust, quality_min, require_parameters) = hard;
            let (optimize, allow_fallbacks, session_key, explore) = soft;
            Criteria {
                location,
                data_policy,
                trust,
                quality_min,
                require_parameters,
                optimize,
                allow_fallbacks,
                session_key,
                explore,
                latitude,
                max_attempts,
                max_attempts_per_provider,
                ..criteria.clone()
            }
        },
    )
}

pub fn any_criteria() -> impl Strategy<Value = Criteria> {
    names(Criteria::default()).prop_flat_map(prices).prop_flat_map(times).prop_flat_map(rest)
}

pub fn any_capability() -> impl Strategy<Value = Capability> {
    select(CAPABILITIES.to_vec())
}

/// Counts jobs of such numbers, of every capability.
pub fn count_a_job([chars, width, height, millis, count, tokens, steps, bytes]: [u64; 8]) {
    let asked = Dimensions {
        count: Some(count),
        width: Some(width),
        height: Some(height),
        millis: Some(millis),
        tokens: Some(tokens),
        steps: Some(steps),
    };
    for capability in Capability::standard() {
        let Some(kind) = capability.input() else { continue };
        let plain = Input::new(kind);
        let input = Input {
            chars: Some(chars),
            width: Some(width),
            height: Some(height),
            millis: Some(millis),
            bytes: Some(bytes),
            ..plain.clone()
        };
        for (inputs, asked) in [
            (vec![input.clone(), input], asked),
            (vec![plain.clone()], Dimensions { count: Some(count), ..Dimensions::default() }),
            (Vec::new(), Dimensions::default()),
        ] {
            let shape = Shape::of(&capability, &inputs, asked);
            assert!(shape.work(&capability) > 0 && shape.units[&Unit::Call] == Quantity::whole(1));
            let is_image = capability.output() == Some(MediaKind::Image);
            assert_eq!(shape.units.contains_key(&Unit::Megapixel), is_image);
        }
    }
}
