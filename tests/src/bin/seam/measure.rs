//! The measurements, each through a registry of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prizm_registry::{Config, Media, Model, PluginCommand, Provider, Registry, Result};
use serde_json::{Map, Value, json};

use crate::figures::{memory, processor, reset_peak, rounded, summary};
use crate::settings::Settings;

/// What is said: a hundred plain characters.
const SAID: &str =
    "The quick brown fox jumps over the lazy dog; The quick brown fox jumps over the lazy dog; The quick ";

/// A registry with a home of its own, where it must be told nothing.
struct Bench {
    registry: Registry,
    _home: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        // Where that is there, files of jobs are in memory, as those of the peers are.
        let base = Path::new("/dev/shm");
        let home = if base.is_dir() { tempfile::tempdir_in(base) } else { tempfile::tempdir() }.expect("a directory");
        let registry = Registry::builder().home(home.path()).config(Config::default()).project(None).build();
        Self { registry: registry.expect("a registry"), _home: home }
    }

    async fn provider(&self, plugin: &Path, number: usize) -> Result<Provider> {
        let id = format!("seam-{number}");
        self.registry.register(&id, PluginCommand::new(plugin).arg(&id))?;
        self.registry.get_provider(&id).await
    }
}

async fn echo(model: &Model) -> Result<()> {
    let said = model.transform(SAID).await?;
    assert_eq!(said.as_text(), Some(SAID));
    Ok(())
}

fn own() -> u32 {
    std::process::id()
}

fn pid(provider: &Provider) -> u32 {
    provider.stats().pid.expect("a process that runs")
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

pub async fn all(settings: &Settings, plugin: &Path, figures: &mut Map<String, Value>) -> Result<()> {
    let mut put = |name: &str, value: Value| drop(figures.insert(name.to_owned(), value));
    if settings.has("idle") && settings.idle_n > 0 {
        put("idle", idle(settings, plugin).await?);
    }
    if settings.has("cold") {
        put("cold_ms", cold(settings, plugin).await?);
    }
    if settings.has("seq") {
        put("seq_us", one_by_one(settings, plugin).await?);
    }
    if settings.has("tput") {
        put("tput", at_once(settings, plugin).await?);
    }
    if settings.has("crash") {
        put("crash_us", crash(settings, plugin).await?);
    }
    if settings.has("bulk") {
        put("bulk", bulk(settings, plugin).await?);
    }
    Ok(())
}

/// What a plugin takes while nobody uses it.
async fn idle(settings: &Settings, plugin: &Path) -> Result<Value> {
    let bench = Bench::new();
    let (mut all, mut first) = (Vec::new(), 0.0);
    for number in 0..settings.idle_n {
        let provider = bench.provider(plugin, number).await?;
        echo(&provider.model("echo")?).await?;
        all.push(provider);
        if number == 0 {
            first = memory(own(), "VmRSS:");
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let last = memory(own(), "VmRSS:");
    let median = |name: &str| {
        let all = summary(all.iter().map(|provider| memory(pid(provider), name)).collect());
        all["p50"].clone()
    };
    let each = (last - first) / (settings.idle_n.max(2) - 1) as f64;
    let figures = json!({
        "host_kib_per_plugin": rounded(each), "plugin_rss_kib": median("VmRSS:"), "plugin_pss_kib": median("Pss:"),
    });
    bench.registry.shutdown().await;
    Ok(figures)
}

/// From nothing to the first answer.
async fn cold(settings: &Settings, plugin: &Path) -> Result<Value> {
    let mut samples = Vec::new();
    for round in 0..=settings.cold_n {
        let bench = Bench::new();
        let began = Instant::now();
        let provider = bench.provider(plugin, 0).await?;
        echo(&provider.model("echo")?).await?;
        // The first one warms the page cache.
        if round > 0 {
            samples.push(began.elapsed().as_secs_f64() * 1e3);
        }
        bench.registry.shutdown().await;
    }
    Ok(Value::Object(summary(samples)))
}

/// A caller who waits for each answer.
async fn one_by_one(settings: &Settings, plugin: &Path) -> Result<Value> {
    let bench = Bench::new();
    let provider = bench.provider(plugin, 0).await?;
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
async fn at_once(settings: &Settings, plugin: &Path) -> Result<Value> {
    let bench = Bench::new();
    let provider = bench.provider(plugin, 0).await?;
    let model = provider.model("echo")?;
    let pid = pid(&provider);
    let phase = async |seconds: f64| {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (before, began) = (processor(own()) + processor(pid), Instant::now());
        let caller = || {
            let (model, stop, done) = (model.clone(), Arc::clone(&stop), Arc::clone(&done));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    echo(&model).await.expect("an answer");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let callers: Vec<_> = (0..settings.inflight).map(|_| caller()).collect();
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        let (calls, elapsed) = (done.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
        let spent = processor(own()) + processor(pid) - before;
        stop.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.await.expect("a caller ends");
        }
        (calls as f64, elapsed, spent)
    };
    phase((settings.tput_secs / 5.0).max(0.2)).await;
    let (calls, elapsed, spent) = phase(settings.tput_secs).await;
    bench.registry.shutdown().await;
    let each = spent * 1e6 / calls.max(1.0);
    Ok(json!({
        "calls_s": rounded(calls / elapsed), "inflight": settings.inflight, "secs": rounded(elapsed),
        "cpu_us_per_call": rounded(each),
    }))
}

/// From the kill to the error.
async fn crash(settings: &Settings, plugin: &Path) -> Result<Value> {
    let mut samples = Vec::new();
    for _ in 0..settings.crash_n {
        let bench = Bench::new();
        let provider = bench.provider(plugin, 0).await?;
        echo(&provider.model("echo")?).await?;
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

/// A large file to the plugin and back, from memory to memory.
async fn bulk(settings: &Settings, plugin: &Path) -> Result<Value> {
    let bench = Bench::new();
    let provider = bench.provider(plugin, 0).await?;
    echo(&provider.model("echo")?).await?;
    let model = provider.model("bulk")?;
    let data: Arc<[u8]> = sound(settings.bulk_mib << 20).into();
    reset_peak();
    let base = memory(own(), "VmRSS:");
    let mut seconds = Vec::new();
    for _ in 0..settings.bulk_reps.max(1) {
        let began = Instant::now();
        let back = model.transform(Media::from_bytes(Arc::clone(&data))?).await?.bytes().await?;
        seconds.push(began.elapsed().as_secs_f64());
        assert!(back[..] == data[..], "what comes back is what was given");
    }
    let (peak, theirs) = (memory(own(), "VmHWM:"), memory(pid(&provider), "VmHWM:"));
    bench.registry.shutdown().await;
    seconds.sort_by(f64::total_cmp);
    let rate = |seconds: f64| rounded(2.0 * data.len() as f64 / seconds / 1e6);
    Ok(json!({
        "mb_s": rate(seconds[seconds.len() / 2]), "best_mb_s": rate(seconds[0]), "reps": seconds.len(),
        "host_base_rss_mib": rounded(base / 1024.0), "host_peak_rss_mib": rounded(peak / 1024.0),
        "plugin_peak_rss_mib": rounded(theirs / 1024.0),
    }))
}

/// Makes bytes that cannot be compressed and are a sound by their first ones.
fn sound(length: usize) -> Vec<u8> {
    let mut bytes = b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
