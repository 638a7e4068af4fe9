//! The benchmark of the seam runs, and measures all that it names. How fast that is, is not for a test.

use prizm_tests::{Home, Running, program};
use serde_json::Value;

#[tokio::test]
async fn every_figure_is_there() {
    let home = Home::new();
    let mut seam = home.command(&program("seam"));
    for (name, value) in [
        ("idle-n", "2"),
        ("cold-n", "1"),
        ("seq-n", "20"),
        ("tput-secs", "0.1"),
        ("bulk-mib", "1"),
        ("bulk-reps", "1"),
        ("crash-n", "1"),
        ("another-hosts", "word"),
    ] {
        seam.arg(format!("--{name}")).arg(value);
    }
    let ended = Running::start(seam).ended_within(120).await;
    let figures: Value = serde_json::from_str(ended.ok()).unwrap();
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
        assert!(figures.pointer(path).is_some_and(Value::is_number), "{path}: {figures}");
    }
    assert!(figures["tput"]["calls_s"].as_f64().unwrap() > 0.0, "{figures}");
}
