//! The provider `fal-ai` as people use it, against the loopback of fal: what it makes, and that a job is submitted
//! once, whatever happens to it.

use std::fs;

use prizm_tests::{Home, Running, Vendor, eventually};
use serde_json::json;

/// Makes a home that has the provider, and knows where the vendor is.
async fn home(vendor: &Vendor) -> Home {
    let (home, url) = (Home::with_installed(&["fal-ai"]).await, vendor.url());
    home.configure(&format!(
        "[providers.fal-ai]\napiKey = \"loopback-key\"\npollMs = 5\nmodelsLifetime = 0\n\
         queueUrl = \"{url}/queue\"\nrestUrl = \"{url}/rest\"\nplatformUrl = \"{url}/platform/v1\""
    ));
    home
}

/// A picture of a fox, the common line of these tests.
const FOX: [&str; 6] = ["run", "fal-ai/fal-ai/flux/schnell", "a red fox", "-o", "fox.png", "--json"];

/// Starts a job that stays where it is, and waits until fal has it.
async fn begun(home: &Home, vendor: &Vendor, status: &str) -> Running {
    vendor.say("hold", &json!({"status": status}));
    let before = vendor.requests("status");
    let running = home.start(&FOX);
    eventually("the provider looks at the job", || (vendor.requests("status") > before).then_some(())).await;
    running
}

#[tokio::test]
async fn a_text_becomes_a_picture() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    let document = home.run(&FOX).await.json();
    assert_eq!(document["outputs"][0], json!({"kind": "image", "mime": "image/png", "path": "fox.png"}));
    let usage = json!({"cost": "0.003", "currency": "USD", "billableUnits": "1", "unit": "megapixels"});
    assert_eq!(document["usage"], usage, "{document}");
    assert!(fs::read(home.file("fox.png")).unwrap().starts_with(b"\x89PNG"));
    let ledger = vendor.ledger();
    assert_eq!(ledger["submissions"][0]["input"], json!({"prompt": "a red fox"}));
    assert_eq!((vendor.count("submissions"), vendor.count("charges")), (1, 1), "{ledger}");
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty(), "{:?}", home.work());
}

#[tokio::test]
async fn a_picture_is_uploaded_and_becomes_a_video() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    home.run(&FOX).await.ok();
    let line = ["run", "image-to-video", "fox.png", "-o", "fox.mp4", "--option", "motion_bucket_id=9"];
    let ended = home.run(&line).await;
    assert_eq!(ended.ok(), "fox.mp4\n");
    assert_eq!(&fs::read(home.file("fox.mp4")).unwrap()[4..8], b"ftyp");
    let ledger = vendor.ledger();
    let size = fs::metadata(home.file("fox.png")).unwrap().len();
    assert_eq!((&ledger["uploads"][0]["bytes"], &ledger["uploads"][0]["hadKey"]), (&json!(size), &json!(false)));
    let input = &ledger["submissions"][1]["input"];
    assert_eq!(input["motion_bucket_id"], 9, "{ledger}");
    assert!(input["image_url"].as_str().unwrap().starts_with(vendor.url()), "{input}");
}

#[tokio::test]
async fn an_interrupt_cancels_the_job_at_fal() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    for (number, status) in [(1, "IN_QUEUE"), (2, "IN_PROGRESS")] {
        let running = begun(&home, &vendor, status).await;
        running.signal(libc::SIGINT);
        assert_eq!(running.ended().await.error(130)["kind"], "cancelled");
        let ledger = vendor.ledger();
        assert_eq!(ledger["cancels"][number - 1]["told"], "CANCELLATION_REQUESTED", "{ledger}");
        assert_eq!((vendor.count("submissions"), vendor.count("charges")), (number, 0), "{ledger}");
    }
    assert!(home.files().is_empty() && home.work().is_empty());
}

#[tokio::test]
async fn a_provider_that_is_killed_has_submitted_once() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    let running = begun(&home, &vendor, "IN_PROGRESS").await;
    let plugins = home.processes().running("dist/src/main.js");
    assert_eq!(plugins.len(), 1, "{}", home.processes());
    // SAFETY: `kill` takes numbers; the process is one that this test's command started and still waits for.
    assert_eq!(unsafe { libc::kill(i32::try_from(plugins[0]).unwrap(), libc::SIGKILL) }, 0);
    let error = running.ended().await.error(6);
    assert_eq!(vendor.count("submissions"), 1, "{error}");
    assert!(home.files().is_empty(), "{:?}", home.files());
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    let slow =
        json!({"operation": "submit", "status": 429, "headers": {"retry-after": "7"}, "body": {"detail": "slow down"}});
    let of_model = json!({"status": 422, "body": {"detail": [
        {"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"},
    ]}});
    let of_platform =
        json!({"status": 503, "body": {"detail": "The runner is gone", "error_type": "runner_disconnected"}});
    for (control, what, kind, message, submissions) in [
        ("fault", slow, "RateLimited", "slow down", 0),
        ("outcome", of_model, "ContentRejected", "`prompt`: flagged", 1),
        ("outcome", of_platform, "UpstreamError", "The runner is gone", 2),
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
async fn a_choice_goes_on_only_where_nothing_can_be_paid_twice() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    let cheap =
        ["run", "text-to-image", "a red fox", "-o", "fox.png", "--only", "fal-ai", "--prefer", "cheap", "--json"];
    let document = home.run(&cheap).await.json();
    assert_eq!(document["model"], "fal-ai/flux/schnell", "{document}");
    // fal took the job, and nobody heard.
    vendor.say("fault", &json!({"operation": "submit", "how": "reset", "done": true}));
    let error = home.run(&cheap).await.error(7);
    assert_eq!(vendor.count("submissions"), 2, "{error}");
    // fal took the job, and says that its runner failed: that costs nothing.
    vendor.say("outcome", &json!({"status": 503, "body": {"detail": "gone", "error_type": "runner_disconnected"}}));
    home.run(&cheap).await.json();
    let ledger = vendor.ledger();
    let endpoints: Vec<_> = ledger["submissions"].as_array().unwrap().iter().map(|job| &job["endpoint"]).collect();
    assert_eq!(endpoints.len(), 4, "{ledger}");
    assert_ne!(endpoints[2], endpoints[3], "another model: {ledger}");
    assert_eq!(vendor.count("charges"), 2, "{ledger}");
}

#[tokio::test]
async fn an_output_that_has_expired_is_said() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    vendor.say("fault", &json!({"operation": "file", "status": 404, "body": "gone"}));
    let error = home.run(&FOX).await.error(7);
    assert_eq!(error["kind"], "UpstreamError");
    assert!(error["message"].as_str().unwrap().contains("no longer there"), "{error}");
    assert_eq!((vendor.count("submissions"), vendor.count("charges")), (1, 1));
    assert!(home.files().is_empty(), "{:?}", home.files());
}

#[tokio::test]
async fn models_and_prices_are_found_anew() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    let models = home.run(&["models", "fal-ai", "--json"]).await.json();
    let declared = models.as_array().unwrap().iter().find(|model| model["id"] == "fal-ai/flux/schnell").unwrap();
    assert_eq!(declared["pricing"][0]["amount"], "0.003", "{declared}");
    vendor.say("price", &json!({"fal-ai/flux/schnell": {"unit_price": 0.0042, "unit": "images"}}));
    let found = home.run(&["models", "fal-ai", "--refresh", "--json"]).await.json();
    let found = found.as_array().unwrap();
    let flux = found.iter().find(|model| model["id"] == "fal-ai/flux/schnell").unwrap();
    assert_eq!((&flux["pricing"][0]["unit"], &flux["pricing"][0]["amount"]), (&json!("image"), &json!("0.0042")));
    assert!(found.iter().all(|model| model["id"] != "fal-ai/retired"));
}

#[tokio::test]
async fn it_keeps_every_rule_of_the_protocol() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    let url = vendor.url();
    let mut line = vec!["conformance".to_owned(), "fal-ai".to_owned(), "--strict".to_owned(), "--json".to_owned()];
    let addresses = [("queueUrl", "queue"), ("restUrl", "rest"), ("platformUrl", "platform/v1")];
    let addresses = addresses.map(|(name, place)| format!("{name}={url}/{place}"));
    for setting in ["apiKey=loopback-key".to_owned(), "pollMs=5".to_owned()].into_iter().chain(addresses) {
        line.extend(["--set".to_owned(), setting]);
    }
    Running::start(home.prizm(&line)).ended_within(300).await.ok();
    assert!(vendor.count("submissions") >= 7, "a job of each capability at least");
}

#[tokio::test]
async fn without_a_key_it_is_said_what_to_do() {
    let vendor = Vendor::start("fal").await;
    let home = home(&vendor).await;
    let text = fs::read_to_string(home.path().join("config.toml")).unwrap();
    fs::write(home.path().join("config.toml"), text.replace("apiKey = \"loopback-key\"\n", "")).unwrap();
    let error = home.run(&FOX).await.error(7);
    assert_eq!(error["kind"], "NotConfigured");
    assert!(error["message"].as_str().unwrap().contains("FAL_KEY"), "{error}");
    assert_eq!(vendor.count("journal"), 0);
    // The variable reaches it only where that is granted.
    let with_variable = || {
        let mut command = home.prizm(&FOX);
        command.env("FAL_KEY", "loopback-key");
        Running::start(command).ended()
    };
    assert_eq!(with_variable().await.error(7)["kind"], "NotConfigured");
    home.configure("grantEnv = [\"FAL_KEY\"]");
    with_variable().await.json();
}
