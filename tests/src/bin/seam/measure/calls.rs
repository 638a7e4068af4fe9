//! Small calls: one after another, and many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prizm_registry::{Model, Result};
use serde_json::{Value, json};

use super::{Bench, echo, micros, own, pid, steps};
use crate::figures::{processor, rounded, summary};
use crate::settings::Settings;

/// A caller who waits for each answer.
pub async fn one_by_one(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let provider = bench.provider(settings, 0).await?;
    let model = provider.model("echo")?;
    for _ in 0..(settings.seq_n / 10).max(50) {
        echo(&model).await?;
    }
    let pid = pid(&provider);
    let before = processor(own()) + processor(pid);
    let mut samples = Vec::with_capacity(settings.seq_n);
    for _ in 0..settings.seq_n {
        let began = Instant::now();
        echo(&model).await?;
        samples.push(micros(began.elapsed()));
    }
    let spent = (processor(own()) + processor(pid) - before) * 1e6 / settings.seq_n as f64;
    let mut figures = summary(samples);
    figures.insert("cpu_us_per_call".to_owned(), json!(rounded(spent)));
    bench.registry.shutdown().await;
    Ok(Value::Object(figures))
}

/// Many callers, each of whom waits for an answer.
pub async fn at_once(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let provider = bench.started(settings).await?;
    let (model, pid) = (provider.model("echo")?, pid(&provider));
    load::<false>(&model, pid, settings.inflight, warm_up(settings)).await;
    let load = load::<false>(&model, pid, settings.inflight, settings.tput_secs).await;
    bench.registry.shutdown().await;
    Ok(json!({
        "calls_s": load.rate(), "inflight": settings.inflight, "secs": rounded(load.seconds),
        "cpu_us_per_call": load.each(),
    }))
}

/// More and more callers, who look at their watches.
pub async fn grow(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let provider = bench.started(settings).await?;
    let (model, pid) = (provider.model("echo")?, pid(&provider));
    let mut all = Vec::new();
    for n in steps(2, settings.growth.inflight) {
        load::<true>(&model, pid, n, warm_up(settings)).await;
        let load = load::<true>(&model, pid, n, settings.tput_secs).await;
        let (rate, each) = (load.rate(), load.each());
        let waited = summary(load.waited);
        all.push(json!({
            "n": n, "calls_s": rate, "p50_us": waited["p50"], "p99_us": waited["p99"], "cpu_us": each,
        }));
    }
    bench.registry.shutdown().await;
    Ok(Value::Array(all))
}

fn warm_up(settings: &Settings) -> f64 {
    (settings.tput_secs / 5.0).max(0.2)
}

/// What callers did in a time.
struct Load {
    calls: u64,
    seconds: f64,
    /// Seconds of processor time, of both sides.
    spent: f64,
    /// Microseconds that each call took, where that was asked for.
    waited: Vec<f64>,
}

impl Load {
    fn rate(&self) -> f64 {
        rounded(self.calls as f64 / self.seconds)
    }

    /// Returns the microseconds of processor time of a call.
    fn each(&self) -> f64 {
        rounded(self.spent * 1e6 / self.calls.max(1) as f64)
    }
}

/// Lets callers call for some seconds. To look at the watch costs something, too.
async fn load<const TIMED: bool>(model: &Model, pid: u32, inflight: usize, seconds: f64) -> Load {
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (before, began) = (processor(own()) + processor(pid), Instant::now());
    let caller = || {
        let (model, stop, done) = (model.clone(), Arc::clone(&stop), Arc::clone(&done));
        tokio::spawn(async move {
            let mut waited = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let began = TIMED.then(Instant::now);
                echo(&model).await.expect("an answer");
                waited.extend(began.map(|began| micros(began.elapsed())));
                done.fetch_add(1, Ordering::Relaxed);
            }
            waited
        })
    };
    let callers: Vec<_> = (0..inflight).map(|_| caller()).collect();
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    let (calls, seconds) = (done.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
    let spent = processor(own()) + processor(pid) - before;
    stop.store(true, Ordering::Relaxed);
    let mut waited = Vec::new();
    for caller in callers {
        waited.append(&mut caller.await.expect("a caller ends"));
    }
    Load { calls, seconds, spent, waited }
}
