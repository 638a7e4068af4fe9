//! How long a choice takes: `cargo bench -p prizm-route`.

#![expect(clippy::unwrap_used, reason = "a panic is the report")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prizm_protocol::Capability;
use prizm_protocol::methods::initialize::Location;
use prizm_route::{
    Candidate, Criteria, DataPolicy, Dimensions, Latency, Live, Offer, PriceSource, Pricing, Quantity, Report, Request,
    Shape, Snapshot, Trust, Unit, UnitRate, decide, replay,
};

const NOW: u64 = 1_795_000_000_000;

fn candidate(index: u32) -> Candidate {
    let cents = index.wrapping_mul(2_654_435_761) >> 16;
    let rate = UnitRate { unit: Unit::Image, rate: format!("0.{:06}", cents % 90_000).parse().unwrap() };
    let millis = 500 + u64::from(index.wrapping_mul(40_503) % 9000);
    let offer = Offer {
        provider: format!("provider-{:04}", index / 10),
        model: format!("model-{}", index % 10),
        place: index % 10,
        bundled: false,
        location: if index.is_multiple_of(2) { Location::Local } else { Location::Remote },
        trust: Trust::Pinned,
        pricing: Pricing::Known { rates: vec![rate], source: PriceSource::Manifest, at: Some(NOW - 1000) },
        features: ["seed".to_owned(), "streaming".to_owned()].into(),
        quality: Some(3),
        data_policy: DataPolicy::default(),
        typical: Some(3000),
        defaults: Dimensions::default(),
    };
    let units = [(Unit::Call, 1), (Unit::Image, 2), (Unit::Megapixel, 2)];
    let latency = Latency { expected: millis, p50: millis, p95: millis * 2, samples: 40, at: NOW - 5000 };
    Candidate {
        offer: Arc::new(offer),
        shape: Shape { units: units.map(|(unit, n)| (unit, Quantity::whole(n))).into(), assumed: Vec::new() },
        faults: Vec::new(),
        live: Live { latency: Some(latency), success: 970_000, ..Live::default() },
    }
}

fn snapshot(size: u32) -> Snapshot {
    Snapshot { now: NOW, candidates: (0..size).map(candidate).collect(), budget: None, session: None }
}

/// The median of some rounds, each long enough to be measured.
fn measure<T>(mut work: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = Vec::new();
    let began = Instant::now();
    while times.len() < 5 || (times.len() < 500 && began.elapsed() < Duration::from_secs(2)) {
        let began = Instant::now();
        black_box(work());
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn criteria(text: &str) -> Request {
    let criteria: Criteria = serde_json::from_str(text).unwrap();
    Request { criteria, seed: 7, ..Request::new(Capability::TEXT_TO_IMAGE) }
}

#[expect(clippy::print_stdout, reason = "the numbers are what it is for")]
fn tell(name: &str, size: u32, took: Duration) {
    let each = took.as_nanos() / u128::from(size);
    println!("{name:<42} {size:>7} candidates {:>12} ns {each:>7} ns each", took.as_nanos());
}

fn main() {
    let requests = [
        ("decide, as usual", criteria("{}")),
        ("decide, half are excluded", criteria(r#"{"location": "local", "max_cost": "0.1"}"#)),
        ("decide, patterns and order", criteria(r#"{"exclude": ["provider-*5/*"], "order": ["provider-00*"]}"#)),
        ("decide, one aspect after the other", criteria(r#"{"optimize": {"lexicographic": ["free", "latency"]}}"#)),
    ];
    for size in [1000, 100_000] {
        let snapshot = snapshot(size);
        for (name, request) in &requests {
            tell(name, size, measure(|| decide(black_box(request), black_box(&snapshot))));
        }
        let report = || Report::of(requests[0].1.clone(), snapshot.clone());
        tell("report and its digest", size, measure(report));
        if size == 1000 {
            let text = serde_json::to_string(&report()).unwrap();
            tell("made again from its JSON", size, measure(|| replay(&text)));
        }
    }
}
