//! The limit that the seam is compared with runs, and measures all that it names. How fast that is, is not for a test.

use prizm_tests::{Home, Running, program};
use serde_json::Value;

async fn figures(mode: &str) -> Value {
    let home = Home::new();
    let mut limit = home.command(&program("limit"));
    for (name, value) in [
        ("mode", mode),
        ("cold-n", "1"),
        ("seq-n", "20"),
        ("tput-secs", "0.1"),
        ("bulk-mib", "1"),
        ("bulk-reps", "1"),
        ("crash-n", "1"),
        ("another-hosts", "word"),
    ] {
        limit.arg(format!("--{name}")).arg(value);
    }
    let ended = Running::start(limit).ended().await;
    serde_json::from_str(ended.ok()).unwrap()
}

fn positive(figures: &Value, paths: &[&str]) {
    for path in paths {
        let value = figures.pointer(path).and_then(Value::as_f64);
        assert!(value.is_some_and(|value| value > 0.0), "{path}: {figures}");
    }
}

#[tokio::test]
async fn the_pipe_is_measured_raw_and_with_json() {
    for mode in ["bytes", "json"] {
        let figures = figures(mode).await;
        assert_eq!(figures["peer"], format!("limit-{mode}"));
        let calls = ["/cold_ms/p50", "/seq_us/p50", "/seq_us/p99", "/tput/calls_s", "/crash_us/p50"];
        positive(&figures, &calls);
        positive(&figures, &["/seq_us/cpu_us_per_call", "/tput/cpu_us_per_call"]);
    }
}

#[tokio::test]
async fn the_hand_off_by_a_file_is_measured() {
    let figures = figures("tmpfs").await;
    positive(&figures, &["/bulk/mb_s", "/bulk/host_base_rss_mib", "/bulk/host_peak_rss_mib"]);
}

#[tokio::test]
async fn words_that_make_no_sense_are_refused() {
    let home = Home::new();
    for (name, value, expected) in
        [("--mode", "morse", "`--mode morse`"), ("--seq-n", "many", "`--seq-n many`"), ("--inflight", "0", "1 to 256")]
    {
        let mut limit = home.command(&program("limit"));
        limit.args([name, value]);
        let ended = Running::start(limit).ended().await;
        assert_eq!(ended.status.code(), Some(1), "{ended}");
        assert!(ended.stderr.contains(expected), "{ended}");
    }
}
