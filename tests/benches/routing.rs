//! What routing adds to a call, in a registry with real processes: `cargo bench -p prizm-tests --bench routing`. What
//! questions cost in a registry of very many providers, `seam --metrics query` measures.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::error::Error;
use std::future::Future;
use std::time::{Duration, Instant};

use prizm_registry::{Capability, Config, Criteria, Explain, PluginCommand, Registry};

const TEXT: Capability = Capability::TEXT_TO_TEXT;
const MODELS: &str = "1000";

/// The median and the 99th percentile of many rounds.
fn shown(name: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{name:<58} {:>9.1} µs   p99 {:>9.1} µs", micros(median), micros(p99));
    median
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn measure<T>(name: &str, rounds: usize, mut work: impl FnMut() -> T) -> Duration {
    let mut once = || {
        let began = Instant::now();
        std::hint::black_box(work());
        began.elapsed()
    };
    once();
    shown(name, (0..rounds).map(|_| once()).collect())
}

async fn call<F: Future>(name: &str, mut work: impl FnMut() -> F) -> Duration {
    let mut times = Vec::new();
    for round in 0..550 {
        let began = Instant::now();
        work().await;
        // The first ones warm up.
        if round >= 50 {
            times.push(began.elapsed());
        }
    }
    shown(name, times)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let registry = Registry::builder().home(home.path()).config(Config::default()).project(None).build()?;
    let hostile = PluginCommand::new(env!("CARGO_BIN_EXE_hostile")).args(["good"]);
    registry.register("hostile", hostile)?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/many_models.py");
    registry.register("many", PluginCommand::new("python3").args([script, MODELS]))?;
    registry.initialize().await?;

    let criteria = Criteria::default();
    measure("find_best_provider, 1,001 candidates", 500, || registry.find_best_provider(&TEXT, &criteria).is_ok());
    let half = Criteria { max_cost: Some("0.13".parse()?), ..Criteria::default() };
    measure("find_best_provider, a price limit excludes many", 500, || {
        registry.find_best_provider(&TEXT, &half).is_ok()
    });
    measure("decide, told and with its digest", 50, || registry.decide(&TEXT, &criteria).is_ok());

    let echo = registry.get_provider("hostile").await?.model("echo")?;
    let direct = call("a call of a model that was named", || async { echo.transform("hi").await.is_ok() }).await;
    for (name, explain) in [("nothing kept", Explain::None), ("the decision kept", Explain::Summary)] {
        let criteria = Criteria { only: vec!["hostile".parse()?], explain, ..Criteria::default() };
        let name = format!("a routed call among 1,001 candidates, {name}");
        let work = || async { registry.transform(TEXT, "hi").criteria(criteria.clone()).await.is_ok() };
        let routed = call(&name, work).await;
        println!("  as a ratio to the call alone: {:.2}", routed.as_secs_f64() / direct.as_secs_f64());
    }
    registry.shutdown().await;

    let home = tempfile::tempdir()?;
    let registry = Registry::builder().home(home.path()).config(Config::default()).project(None).build()?;
    registry.register("hostile", PluginCommand::new(env!("CARGO_BIN_EXE_hostile")).args(["good"]))?;
    registry.initialize().await?;
    let echo = registry.get_provider("hostile").await?.model("echo")?;
    let direct = call("a call of a model that was named", || async { echo.transform("hi").await.is_ok() }).await;
    let routed = call("a routed call, one candidate", || async { registry.transform(TEXT, "hi").await.is_ok() }).await;
    println!("  as a ratio to the call alone: {:.2}", routed.as_secs_f64() / direct.as_secs_f64());
    registry.shutdown().await;
    Ok(())
}
