//! The benchmark of the seam runs, and measures all that it names but `build`, which compiles for a minute: what that
//! measures is what `rust_sources.rs` and `new_projects.rs` test. How fast it is, is not for a test.

use prizm_tests::{Home, Running, program};
use serde_json::Value;

/// Runs the host of the benchmark with words of its own.
async fn measured(words: &str) -> Value {
    let home = Home::new();
    let mut seam = home.command(&program("seam"));
    seam.args(shlex::split(words).unwrap());
    let ended = Running::start(seam).ended_within(120).await;
    serde_json::from_str(ended.ok()).unwrap()
}

fn is_number(figures: &Value, path: &str) {
    assert!(figures.pointer(path).is_some_and(Value::is_number), "{path}: {figures}");
}

#[tokio::test]
async fn every_figure_is_there() {
    let words = "--idle-n 2 --cold-n 1 --seq-n 20 --tput-secs 0.1 --bulk-mib 1 --bulk-reps 1 --crash-n 1";
    let figures = measured(&format!("{words} --another-hosts word")).await;
    for path in [
        "/idle/host_kib_per_plugin",
        "/idle/plugin_pss_kib",
        "/cold_ms/p50",
        "/seq_us/p99",
        "/seq_us/cpu_us_per_call",
        "/tput/calls_s",
        "/tput/cpu_us_per_call",
        "/crash_us/p50",
        "/bulk/mb_s",
        "/bulk/plugin_peak_rss_mib",
    ] {
        is_number(&figures, path);
    }
    assert!(figures["tput"]["calls_s"].as_f64().unwrap() > 0.0, "{figures}");
}

#[tokio::test]
async fn what_grows_is_there_at_each_step() {
    let metrics = "--metrics grow-plugins,grow-inflight,grow-media,grow-loads,take";
    let words = "--rt ct --grow-to 5 --inflight-to 2 --tput-secs 0.1 --media-to 1 --bulk-reps 1 --loads-to 2";
    let figures = measured(&format!("{metrics} {words} --query-n 3")).await;
    for (list, steps, keys) in [
        ("grow_plugins", 2, &["n", "start_ms", "query_us"][..]),
        ("grow_inflight", 2, &["n", "calls_s", "p50_us", "p99_us", "cpu_us"]),
        ("grow_media", 6, &["bytes", "ms", "mb_s"]),
        ("grow_loads", 2, &["n", "ms"]),
        ("take", 1, &["bytes", "take_ms", "hash_ms"]),
    ] {
        assert_eq!(figures[list].as_array().map(Vec::len), Some(steps), "{list}: {figures}");
        for (step, key) in (0..steps).flat_map(|step| keys.iter().map(move |key| (step, key))) {
            is_number(&figures, &format!("/{list}/{step}/{key}"));
        }
    }
    // What a plugin adds is told from the second step on.
    is_number(&figures, "/grow_plugins/1/host_kib");
}

#[tokio::test]
async fn what_starts_nothing_is_there() {
    // By a command of several words, as plugins in other languages have.
    let plugin = format!("--plugin 'env {}'", program("seam_plugin").display());
    let words = "--bulk-mib 1 --bulk-reps 1 --cold-n 1 --query-n 3 --query-providers 10 --query-models 20";
    let figures = measured(&format!("--metrics bulk-files,query,warm {words} {plugin}")).await;
    for path in [
        "/bulk_files/mb_s",
        "/bulk_files/host_extra_mib",
        "/bulk_files/host_base_rss_mib",
        "/bulk_files/host_peak_rss_mib",
        "/query_us/p50",
        "/query_us/p99",
        "/query_us/providers_by_capability/p50",
        "/query_us/find_best_provider/p50",
        "/query_us/model/p50",
        "/warm_ms/p50",
    ] {
        is_number(&figures, path);
    }
    assert_eq!(figures["query_us"]["models"], 200, "{figures}");
}
