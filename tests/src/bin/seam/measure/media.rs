//! Media of all sizes, from memory to memory and from file to file, on a file system in memory.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use prizm_registry::{Media, Model, Result};
use serde_json::{Value, json};

use super::{Bench, millis, own, pid, steps};
use crate::figures::{median, memory, reset_peak, rounded};
use crate::settings::Settings;

/// Sizes of an output that is taken, in MiB.
const TAKEN_MIB: [usize; 3] = [1, 64, 1024];
/// What is read or written at once.
const BLOCK: usize = 1 << 20;

/// A large file to the plugin and back, from memory to memory.
pub async fn bulk(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let provider = bench.started(settings).await?;
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
    Ok(json!({
        "mb_s": rate(data.len(), seconds[seconds.len() / 2]), "best_mb_s": rate(data.len(), seconds[0]),
        "reps": seconds.len(), "host_base_rss_mib": rounded(base / 1024.0),
        "host_peak_rss_mib": rounded(peak / 1024.0), "plugin_peak_rss_mib": rounded(theirs / 1024.0),
    }))
}

/// The same from file to file: neither side needs to have it in memory.
pub async fn files(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let model = bench.started(settings).await?.model("copy")?;
    let (source, length) = (bench.file("source.wav"), settings.bulk_mib << 20);
    write_sound(&source, length);
    reset_peak();
    let base = memory(own(), "VmRSS:");
    let seconds = through(&model, &source, &bench.file("target.wav"), settings.bulk_reps).await?;
    let peak = memory(own(), "VmHWM:");
    bench.registry.shutdown().await;
    Ok(json!({
        "mb_s": rate(length, seconds), "host_extra_mib": rounded((peak - base) / 1024.0),
        "host_base_rss_mib": rounded(base / 1024.0), "host_peak_rss_mib": rounded(peak / 1024.0),
    }))
}

/// Files from one KiB on, each four times as large as the one before.
pub async fn grow(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let model = bench.started(settings).await?.model("copy")?;
    let (source, target) = (bench.file("source.wav"), bench.file("target.wav"));
    let mut all = Vec::new();
    for kib in steps(4, settings.growth.media_mib << 10) {
        let length = kib << 10;
        write_sound(&source, length);
        // What takes no time is done more often.
        let often = if length <= BLOCK { 10 } else { 1 };
        let seconds = through(&model, &source, &target, settings.bulk_reps.max(1) * often).await?;
        all.push(json!({"bytes": length, "ms": rounded(seconds * 1e3), "mb_s": rate(length, seconds)}));
    }
    bench.registry.shutdown().await;
    Ok(Value::Array(all))
}

/// A call whose output is there already: the plugin moves the file of which it is told into its job, and answers. What
/// is left of the call's time beside the hash, which is taken of the same file here, must not depend on the size.
pub async fn take(settings: &Settings) -> Result<Value> {
    let bench = Bench::new();
    let model = bench.started(settings).await?.model("give")?;
    let file = bench.file("given.wav");
    let mut all = Vec::new();
    for mib in TAKEN_MIB.into_iter().filter(|mib| *mib <= settings.growth.media_mib) {
        write_sound(&file, mib << 20);
        let (mut taking, mut hashing) = (Vec::new(), Vec::new());
        for _ in 0..settings.bulk_reps.max(1) {
            let began = Instant::now();
            let taken = model.transform(&*file.to_string_lossy()).await?;
            taking.push(millis(began));
            // By a link, so that it is there for the next round.
            taken.save(&file).await?;
            let began = Instant::now();
            let hash = hash(&file);
            hashing.push(millis(began));
            assert_eq!(taken.hash(), Some(hash), "what was taken is what was given");
        }
        all.push(json!({"bytes": mib << 20, "take_ms": median(taking), "hash_ms": median(hashing)}));
    }
    bench.registry.shutdown().await;
    Ok(Value::Array(all))
}

/// Lets the plugin copy a file some times and saves what it made. Returns the median of the seconds until all is as it
/// was, but for the target.
async fn through(model: &Model, source: &Path, target: &Path, often: usize) -> Result<f64> {
    let mut seconds = Vec::new();
    for _ in 0..often.max(1) {
        let began = Instant::now();
        model.transform(Media::from_path(source).await?).await?.save(target).await?;
        seconds.push(began.elapsed().as_secs_f64());
        let [given, saved] = [source, target].map(|path| fs::metadata(path).expect("a file").len());
        assert_eq!(given, saved, "what comes back is what was given");
        fs::remove_file(target).expect("the target is removed");
    }
    seconds.sort_by(f64::total_cmp);
    Ok(seconds[seconds.len() / 2])
}

/// Returns the MB in a second of what goes there and back.
fn rate(length: usize, seconds: f64) -> f64 {
    rounded(2.0 * length as f64 / seconds / 1e6)
}

fn hash(path: &Path) -> String {
    let (mut hasher, mut block) = (blake3::Hasher::new(), vec![0; BLOCK]);
    let mut file = File::open(path).expect("a file");
    loop {
        match file.read(&mut block).expect("a file that can be read") {
            0 => return hasher.finalize().to_hex().to_string(),
            read => hasher.update(&block[..read]),
        };
    }
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

/// Writes a file that is a sound by its first bytes and has no holes.
fn write_sound(path: &Path, length: usize) {
    let block = sound(length.min(BLOCK));
    let mut file = File::create(path).expect("a file");
    for at in (0..length).step_by(BLOCK) {
        file.write_all(&block[..block.len().min(length - at)]).expect("room for the file");
    }
}
