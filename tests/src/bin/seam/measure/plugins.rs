//! What a plugin takes: until it answers, while nobody uses it, when there are many, and when it dies.

use std::time::{Duration, Instant};

use prizm_registry::{Capability, Result};
use serde_json::{Value, json};

use super::{Bench, SAID, echo, micros, millis, own, pid};
use crate::figures::{median, memory, raise_descriptors, rounded, summary};
use crate::settings::Settings;

/// How many plugins there are after each step.
const STEPS: [usize; 8] = [1, 5, 10, 25, 50, 100, 200, 500];
/// How long nothing happens before memory is looked at.
const SETTLED: Duration = Duration::from_millis(200);

/// What a plugin takes while nobody uses it.
pub async fn idle(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let (mut all, mut first) = (Vec::new(), 0.0);
    for number in 0..settings.idle_n {
        let provider = bench.provider(settings, number).await?;
        echo(&provider.model("echo")?).await?;
        all.push(provider);
        if number == 0 {
            first = memory(own(), "VmRSS:");
        }
    }
    tokio::time::sleep(SETTLED).await;
    let last = memory(own(), "VmRSS:");
    let of_plugins = |name: &str| median(all.iter().map(|provider| memory(pid(provider), name)).collect());
    let each = (last - first) / (settings.idle_n.max(2) - 1) as f64;
    let figures = json!({
        "host_kib_per_plugin": rounded(each),
        "plugin_rss_kib": of_plugins("VmRSS:"), "plugin_pss_kib": of_plugins("Pss:"),
    });
    bench.registry.shutdown().await;
    Ok(figures)
}

/// From nothing but a host to a plugin's first answer.
pub async fn cold(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let mut samples = Vec::new();
    for number in 0..=settings.cold_n {
        let began = Instant::now();
        let provider = bench.provider(settings, number).await?;
        echo(&provider.model("echo")?).await?;
        // The first one warms the page cache, and the registry makes its directories for it.
        if number > 0 {
            samples.push(millis(began));
        }
        provider.stop().await;
    }
    bench.registry.shutdown().await;
    Ok(Value::Object(summary(samples)))
}

/// From the kill to the error.
pub async fn crash(settings: &Settings) -> Result<Value> {
    let mut samples = Vec::new();
    for _ in 0..settings.crash_n {
        let bench = Bench::new();
        let provider = bench.started(settings).await?;
        let hang = provider.model("hang")?;
        let call = tokio::spawn(async move {
            let ended = hang.transform(SAID).await;
            (ended.is_err(), Instant::now())
        });
        tokio::time::sleep(Duration::from_millis(40)).await;
        let pid = libc::pid_t::try_from(pid(&provider)).expect("a process");
        let killed = Instant::now();
        // SAFETY: a signal to a child that has not been waited for.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
        let (failed, at) = call.await.expect("the call ends");
        assert!(failed, "a plugin that was killed answers nothing");
        samples.push(micros(at - killed));
        bench.registry.shutdown().await;
    }
    Ok(Value::Object(summary(samples)))
}

/// One plugin after another, all of which stay: how long the next one takes to its first answer, what each adds to the
/// host's memory since the first one, and how long the choice among all takes.
pub async fn grow(settings: &Settings) -> Result<Value> {
    raise_descriptors();
    let bench = Bench::new();
    let (mut all, mut first, mut steps) = (Vec::new(), 0.0, Vec::new());
    for n in STEPS.into_iter().filter(|n| *n <= settings.growth.plugins) {
        let mut started = Vec::new();
        while all.len() < n {
            let began = Instant::now();
            let provider = bench.provider(settings, all.len()).await?;
            echo(&provider.model("echo")?).await?;
            started.push(millis(began));
            all.push(provider);
        }
        tokio::time::sleep(SETTLED).await;
        let now = memory(own(), "VmRSS:");
        if n == 1 {
            first = now;
        }
        let each = (n > 1).then(|| rounded((now - first) / (n - 1) as f64));
        let criteria = bench.registry.default_criteria();
        let choose = || {
            let began = Instant::now();
            bench.registry.find_best_provider(&Capability::TEXT_TO_TEXT, &criteria).map(|_| micros(began.elapsed()))
        };
        // What a first question makes of a declaration is kept.
        choose()?;
        let asked = (0..settings.query.rounds).map(|_| choose()).collect::<Result<Vec<_>>>()?;
        steps.push(json!({"n": n, "start_ms": median(started), "host_kib": each, "query_us": median(asked)}));
    }
    bench.registry.shutdown().await;
    Ok(Value::Array(steps))
}
