//! What `cargo xtask demo routing` shows: five offerings of one capability, and who is chosen for what.

use std::fs;
use std::path::Path;

use prizm_tests::{Home, Running, program};

/// Seconds that it may take where others are at work, too.
const LONG: u64 = 120;

/// What is to be seen, in this order.
const SEEN: [&str; 22] = [
    "cloud-distilled/four-steps: $0.003 + 1.5 s (= $0.003) + $0.0006 for failures; next best cloud-europe/by-step comes",
    "cloud-distilled/four-steps  selected  $0.003   manifest  1.5 s",
    "cloud-europe/by-step        fallback  $0.0121  manifest  5.5 s",
    "local-weights/small         fallback  free     manifest  13 s",
    "cloud-open/full             fallback  $0.0262  manifest  3.5 s",
    "cloud-closed/studio         fallback  $0.038   user      8.5 s",
    "canvas/card  name.excluded: canvas  exclude without canvas",
    "capability.unsupported: elevenlabs, ffmpeg, llm, ocr, relief, speech",
    "--prefer fast\ncloud-distilled/four-steps: ",
    "--prefer cheap\nlocal-weights/small: free + ",
    "quality\"}'\ncloud-closed/studio: $0.038 + 8.5 s",
    "because its results are not as good",
    "price.over_max_cost `max_cost`: has 0.038, wanted <=0.01 (user)",
    "param.unsupported `negative_prompt`",
    "[\"eu\"]}}'\ncloud-europe/by-step: $0.0121 + 5.5 s (= $0.011) + $0.00231 for failures; nothing else qualifies",
    "best --replay decision.json\ncloud-distilled/four-steps: ",
    "warning: too many requests, try again later (rate_limited); trying cloud-europe/by-step",
    "cloud-distilled/four-steps  rate_limited",
    "cloud-europe/by-step        done",
    "gate.rate (it asked to be left alone), until 20",
    "91 %      × 1.05",
    "pictures  $2.49",
];

#[tokio::test]
async fn five_offerings_are_told_apart() {
    let home = Home::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/prizm-route/demo/demo.py");
    let mut command = home.command("python3".as_ref());
    command.arg("-B").arg(script).arg(program("prizm")).arg(home.file("demo"));
    let ended = Running::start(command).ended_within(LONG).await;
    // How wide the columns are depends on whom else there is.
    let even = |text: &str| {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n")
    };
    let shown = even(ended.ok());
    let mut rest = &*shown;
    for part in SEEN {
        let Some(at) = rest.find(&even(part)) else {
            panic!("no `{part}` in what follows:\n{rest}\n\nof all:\n{ended}")
        };
        rest = &rest[at..];
    }
    for line in ended.stdout.lines().filter(|line| line.contains(" manifest ") || line.starts_with("CANDIDATE")) {
        assert!(line.chars().count() <= 120, "{line}");
    }
    assert!(fs::read(home.file("demo/here/fox.png")).unwrap().starts_with(b"\x89PNG"));
}
