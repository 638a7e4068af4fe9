//! The provider `replicate` as people use it, against the loopback of Replicate: what it makes, and that a job is
//! submitted once, whatever happens to it.

use std::fs;

use prizm_tests::{Home, Running, Vendor, eventually};
use serde_json::{Value, json};

/// Seconds that what takes long may take.
const LONG: u64 = 300;

/// Makes a home that has the provider, knows where the vendor is, and asks for its models only where it is told to.
async fn home(vendor: &Vendor, more: &str) -> Home {
    let (home, url) = (Home::with_installed(&["replicate"]).await, vendor.url());
    home.configure(&format!(
        "[providers.replicate]\napiKey = \"loopback-key\"\npollMs = 5\nmodelsLifetime = 0\nbaseUrl = \"{url}/v1\"\n{more}"
    ));
    home
}

/// A picture of a fox, the common line of these tests.
const FOX: [&str; 6] = ["run", "replicate/black-forest-labs/flux-schnell", "a red fox", "-o", "fox.png", "--json"];

/// Starts a job that stays where it is, and waits until Replicate has it.
async fn begun(home: &Home, vendor: &Vendor, status: &str) -> Running {
    vendor.say("hold", &json!({"status": status}));
    let before = vendor.requests("status");
    let running = home.start(&FOX);
    // The first look may still move it to where it stays.
    eventually("the provider looks at the job", || (vendor.requests("status") > before + 1).then_some(())).await;
    running
}

/// What the ledger has of jobs, for people.
fn shown(vendor: &Vendor) -> String {
    let ledger = vendor.ledger();
    ["submissions", "charges", "cancels"].map(|name| format!("  {name}: {}", ledger[name])).join("\n")
}

#[tokio::test]
async fn a_text_becomes_a_picture() {
    let vendor = Vendor::start("replicate").await;
    let home = home(&vendor, "").await;
    let document = home.run(&FOX).await.json();
    assert_eq!(document["outputs"][0], json!({"kind": "image", "mime": "image/png", "path": "fox.png"}));
    assert_eq!(document["usage"], json!({"images": 1, "gpuSeconds": "2"}), "no price is made up: {document}");
    assert!(fs::read(home.file("fox.png")).unwrap().starts_with(b"\x89PNG"));
    let ledger = vendor.ledger();
    assert_eq!(ledger["submissions"][0]["input"], json!({"prompt": "a red fox"}));
    assert_eq!((vendor.count("submissions"), vendor.count("charges")), (1, 1), "{ledger}");
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty(), "{:?}", home.work());
}

#[tokio::test]
async fn media_are_uploaded_and_become_others_and_texts() {
    let vendor = Vendor::start("replicate").await;
    let home = home(&vendor, "").await;
    home.run(&FOX).await.ok();
    let only = ["--only", "replicate"];
    let run = |line: &[&'static str]| home.start(&[line, &only].concat()).ended_within(LONG);
    assert_eq!(run(&["run", "image-to-video", "fox.png", "-o", "fox.mp4"]).await.ok(), "fox.mp4\n");
    assert_eq!(&fs::read(home.file("fox.mp4")).unwrap()[4..8], b"ftyp");
    assert_eq!(run(&["run", "image-to-text", "fox.png"]).await.ok(), "You said: Describe this image ⏳🦊\n");
    assert_eq!(run(&["run", "text-to-audio", "hello", "-o", "hello.wav"]).await.ok(), "hello.wav\n");
    assert_eq!(run(&["run", "audio-to-text", "hello.wav"]).await.ok(), "A fox — says 🦊 what?\n");
    let ledger = vendor.ledger();
    let size = |name: &str| json!(fs::metadata(home.file(name)).unwrap().len());
    let uploads: Vec<_> = ledger["uploads"].as_array().unwrap().iter().map(|upload| upload["bytes"].clone()).collect();
    assert_eq!(uploads, [size("fox.png"), size("fox.png"), size("hello.wav")], "{ledger}");
    assert!(ledger["submissions"][1]["input"]["image"].as_str().unwrap().starts_with(vendor.url()), "{ledger}");
    assert_eq!((vendor.count("submissions"), vendor.count("charges")), (5, 5), "{ledger}");
}

#[tokio::test]
async fn an_interrupt_cancels_the_job_at_replicate() {
    let vendor = Vendor::start("replicate").await;
    let home = home(&vendor, "").await;
    // What ran until then is charged.
    for (number, status, charges) in [(1, "starting", 0), (2, "processing", 1)] {
        let running = begun(&home, &vendor, status).await;
        running.signal(libc::SIGINT);
        assert_eq!(running.ended().await.error(130)["kind"], "cancelled");
        println!("the ledger after Ctrl-C:\n{}", shown(&vendor));
        assert_eq!(vendor.ledger()["cancels"][number - 1]["told"], "canceled");
        assert_eq!((vendor.count("submissions"), vendor.count("charges")), (number, charges));
    }
    assert!(home.files().is_empty() && home.work().is_empty());
}

#[tokio::test]
async fn a_provider_that_is_killed_has_submitted_once() {
    let vendor = Vendor::start("replicate").await;
    let home = home(&vendor, "").await;
    let running = begun(&home, &vendor, "processing").await;
    let plugins = home.processes().running("dist/src/main.js");
    assert_eq!(plugins.len(), 1, "{}", home.processes());
    // SAFETY: `kill` takes numbers; the process is one that this test's command started and still waits for.
    assert_eq!(unsafe { libc::kill(i32::try_from(plugins[0]).unwrap(), libc::SIGKILL) }, 0);
    let error = running.ended().await.error(6);
    println!("the ledger after a kill:\n{}", shown(&vendor));
    assert_eq!(vendor.count("submissions"), 1, "{error}");
    assert!(home.files().is_empty(), "{:?}", home.files());
}

#[tokio::test]
async fn in_a_storm_each_job_is_submitted_once() {
    const JOBS: usize = 8;
    let vendor = Vendor::start("replicate").await;
    let home = home(&vendor, "").await;
    // Of some the answer is lost once the job is taken, and some looks fail.
    vendor.say("fault", &json!({"operation": "submit", "how": "reset", "done": true, "after": 2, "times": 2}));
    vendor.say("fault", &json!({"operation": "status", "status": 502, "body": "bad gateway", "times": 4}));
    let jobs: Vec<_> = (0..JOBS)
        .map(|number| home.start(&["run", "replicate/meta/meta-llama-3-8b-instruct", &format!("job {number}")]))
        .collect();
    let mut lost = 0;
    for job in jobs {
        lost += usize::from(!job.ended_within(LONG).await.status.success());
    }
    let ledger = vendor.ledger();
    let prompts = ledger["submissions"].as_array().unwrap().iter().map(|job| job["input"]["prompt"].as_str().unwrap());
    let mut asked: Vec<_> = prompts.collect();
    println!("the ledger after a storm: submitted {asked:?}; answers lost: {lost}");
    asked.sort_unstable();
    asked.dedup();
    assert_eq!((asked.len(), vendor.count("submissions"), vendor.requests("submit")), (JOBS, JOBS, JOBS));
    assert_eq!(lost, 2);
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated() {
    let vendor = Vendor::start("replicate").await;
    let home = home(&vendor, "").await;
    let slow = json!({"operation": "submit", "status": 429, "body": {"detail": "slow down", "retry_after": 7}});
    let flagged = json!({"status": "failed", "error": "NSFW content detected, loopback-key"});
    let aborted = json!({"status": "aborted"});
    for (control, what, kind, message, submissions) in [
        ("fault", slow, "RateLimited", "slow down", 0),
        ("outcome", flagged, "ContentRejected", "NSFW content detected", 1),
        ("outcome", aborted, "UpstreamError", "before it began", 2),
    ] {
        vendor.say(control, &what);
        let ended = home.run(&FOX).await;
        let error = ended.error(7);
        assert_eq!(error["kind"], kind, "{ended}");
        assert!(error["message"].as_str().unwrap().contains(message), "{ended}");
        assert!(!ended.to_string().contains("loopback-key"), "{ended}");
        assert_eq!((vendor.count("submissions"), vendor.count("charges")), (submissions, 0));
    }
    assert_eq!(vendor.requests("submit"), 3, "{}", vendor.ledger());
}

#[tokio::test]
async fn an_output_that_has_expired_is_said() {
    let vendor = Vendor::start("replicate").await;
    let home = home(&vendor, "").await;
    vendor.say("fault", &json!({"operation": "file", "status": 404, "body": "gone"}));
    let error = home.run(&FOX).await.error(7);
    assert_eq!(error["kind"], "UpstreamError");
    assert!(error["message"].as_str().unwrap().contains("no longer there"), "{error}");
    assert_eq!((vendor.count("submissions"), vendor.count("charges")), (1, 1));
    assert!(home.files().is_empty(), "{:?}", home.files());
}

#[tokio::test]
async fn models_are_found_and_prices_are_those_that_are_set() {
    let vendor = Vendor::start("replicate").await;
    let prices = "models = [\"you/private\"]\nprices = { \"black-forest-labs/flux-schnell\" = { image = \"0.003\" } }";
    let home = home(&vendor, prices).await;
    let found = home.run(&["models", "replicate", "--refresh", "--json"]).await.json();
    let of =
        |id: &str| found.as_array().unwrap().iter().find(|model| model["id"] == id).cloned().unwrap_or(Value::Null);
    let flux = of("black-forest-labs/flux-schnell");
    let price = &flux["pricing"][0];
    assert_eq!(
        (&price["unit"], &price["amount"], &price["currency"]),
        (&json!("image"), &json!("0.003"), &json!("USD"))
    );
    assert!(of("meta/musicgen")["pricing"].as_array().is_none_or(Vec::is_empty), "{found}");
    assert!(!of("you/private").is_null() && !of("acme/masked").is_null(), "{found}");
    let document = home.run(&FOX).await.json();
    assert_eq!((&document["usage"]["cost"], &document["usage"]["currency"]), (&json!("0.003"), &json!("USD")));
}

#[tokio::test]
async fn it_keeps_every_rule_of_the_protocol() {
    let vendor = Vendor::start("replicate").await;
    let home = home(&vendor, "").await;
    let url = format!("baseUrl={}/v1", vendor.url());
    let line = ["conformance", "replicate", "--strict", "--json", "--set", "apiKey=loopback-key", "--set", "pollMs=5"];
    Running::start(home.prizm(&[&line[..], &["--set", &url]].concat())).ended_within(LONG).await.ok();
    assert!(vendor.count("submissions") >= 8, "a job of each capability at least");
}

#[tokio::test]
async fn without_a_key_it_is_said_what_to_do() {
    let vendor = Vendor::start("replicate").await;
    let home = home(&vendor, "").await;
    let text = fs::read_to_string(home.path().join("config.toml")).unwrap();
    fs::write(home.path().join("config.toml"), text.replace("apiKey = \"loopback-key\"\n", "")).unwrap();
    let error = home.run(&FOX).await.error(7);
    assert_eq!(error["kind"], "NotConfigured");
    assert!(error["message"].as_str().unwrap().contains("REPLICATE_API_TOKEN"), "{error}");
    assert_eq!(vendor.count("journal"), 0);
    // The variable reaches it only where that is granted.
    let with_variable = || {
        let mut command = home.prizm(&FOX);
        command.env("REPLICATE_API_TOKEN", "loopback-key");
        Running::start(command).ended()
    };
    assert_eq!(with_variable().await.error(7)["kind"], "NotConfigured");
    home.configure("grantEnv = [\"REPLICATE_API_TOKEN\"]");
    with_variable().await.json();
}
