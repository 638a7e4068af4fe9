//! The provider `huggingface` as people use it, against the loopback of Hugging Face's router and Hub: what it makes,
//! and that a job is submitted once, whatever happens to it.

use std::fs;

use prizm_tests::{Home, Running, Vendor, eventually};
use serde_json::{Value, json};

/// Seconds that what takes long may take.
const LONG: u64 = 300;

/// Makes a home that has the provider, with these settings, and knows where the vendor is.
async fn set(vendor: &Vendor, settings: &str) -> Home {
    let home = Home::with_installed(&["huggingface"]).await;
    let url = vendor.url();
    home.configure(&format!("[providers.huggingface]\nrouterUrl = \"{url}\"\nhubUrl = \"{url}\"\n{settings}"));
    home
}

async fn home(vendor: &Vendor) -> Home {
    set(vendor, "apiKey = \"hf_loopback-key\"\nmodelsLifetime = 0").await
}

/// A question, the common line of these tests, and its answer.
const ASK: [&str; 4] = ["run", "huggingface/chat", "a red fox", "--json"];
const ANSWER: &str = "You said: a red fox ⏳🦊";

/// Starts a job whose stream stays where it is, and waits until its first pieces have come.
async fn begun(home: &Home, vendor: &Vendor) -> Running {
    vendor.say("hold", &json!({"after": 3}));
    let before = vendor.count("submissions");
    let running = home.start(&ASK);
    eventually("the vendor takes the job", || (vendor.count("submissions") > before).then_some(())).await;
    running
}

/// What the ledger has of jobs, for people.
fn shown(vendor: &Vendor) -> String {
    let ledger = vendor.ledger();
    ["submissions", "charges", "closed"].map(|name| format!("  {name}: {}", ledger[name])).join("\n")
}

#[tokio::test]
async fn a_text_is_answered_at_the_price_of_whoever_served_it() {
    let vendor = Vendor::start("huggingface").await;
    let home = home(&vendor).await;
    assert_eq!(home.run(&ASK[..3]).await.ok(), format!("{ANSWER}\n"));
    let document = home.run(&ASK).await.json();
    assert_eq!(document["outputs"][0]["text"], ANSWER);
    let usage = json!({"promptTokens": 3, "completionTokens": 6, "tokens": 9, "cost": "0.00000495", "currency": "USD"});
    assert_eq!(document["usage"], usage, "{document}");
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty(), "{:?}", home.work());
}

#[tokio::test]
async fn an_answer_is_heard_while_it_is_made() {
    let vendor = Vendor::start("huggingface").await;
    let home = home(&vendor).await;
    vendor.say("hold", &json!({"after": 3}));
    let running = Running::start(home.typed("prizm run huggingface/chat 'a red fox' > heard.txt"));
    let heard = || fs::read_to_string(home.file("heard.txt")).unwrap_or_default();
    eventually("the first pieces", || (!heard().is_empty()).then_some(())).await;
    assert_eq!(vendor.count("charges"), 0, "the rest is still to come");
    vendor.say("release", &json!({}));
    running.ended().await.ok();
    assert_eq!(heard(), format!("{ANSWER}\n"));
}

#[tokio::test]
async fn a_picture_is_painted_and_seen_and_a_text_is_spoken_and_written_down() {
    let vendor = Vendor::start("huggingface").await;
    let home = home(&vendor).await;
    let line = ["run", "text-to-image", "a red fox", "--only", "huggingface", "-o", "fox.png", "--option", "steps=4"];
    assert_eq!(home.run(&line).await.ok(), "fox.png\n");
    let bytes = fs::read(home.file("fox.png")).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    let seen = home.run(&["run", "image-to-text", "fox.png", "--only", "huggingface"]).await;
    assert_eq!(seen.ok(), format!("I see image/png of {} bytes.\n", bytes.len()));
    let line = ["run", "text-to-audio", "hello", "--only", "huggingface", "-o", "hello.wav"];
    assert_eq!(home.run(&line).await.ok(), "hello.wav\n");
    let heard = home.run(&["run", "huggingface/transcription", "hello.wav"]).await;
    assert_eq!(heard.ok(), "A fox — says 🦊 what?\n");
    let ledger = vendor.ledger();
    let of = |field: &str| -> Vec<Value> {
        ledger["submissions"].as_array().unwrap().iter().map(|job| job[field].clone()).collect()
    };
    assert_eq!(of("kind"), ["image", "chat", "speech", "transcription"], "{ledger}");
    assert_eq!(of("provider"), ["hf-inference", "scaleway", "together", "hf-inference"], "{ledger}");
    assert_eq!(ledger["submissions"][0]["fields"]["parameters"]["num_inference_steps"], 4);
    assert_eq!(ledger["submissions"][3]["body"]["bytes"], fs::metadata(home.file("hello.wav")).unwrap().len());
}

#[tokio::test]
async fn a_model_of_the_hub_goes_by_its_name_and_its_route() {
    let vendor = Vendor::start("huggingface").await;
    let home = home(&vendor).await;
    home.run(&["models", "huggingface", "--refresh"]).await.ok();
    let line = ["run", "huggingface", "a red fox", "--model", "openai/gpt-oss-120b:cerebras", "--json"];
    let document = home.run(&line).await.json();
    assert_eq!(document["usage"]["cost"], "0.00000489", "{document}");
    assert_eq!(vendor.ledger()["submissions"][0]["provider"], "cerebras");
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated() {
    let vendor = Vendor::start("huggingface").await;
    let home = home(&vendor).await;
    for (status, headers, body, kind) in [
        (429, json!({"retry-after": "7"}), json!({"error": "slow down, hf_loopback-key"}), "RateLimited"),
        (503, json!({}), json!({"error": "x is currently loading", "estimated_time": 20}), "ResourceExhausted"),
        (401, json!({}), json!({"error": "Invalid credentials: hf_loopback-key"}), "ConfigInvalid"),
    ] {
        vendor.say("fault", &json!({"operation": "chat", "status": status, "headers": headers, "body": body}));
        let before = vendor.requests("chat");
        let ended = home.run(&ASK).await;
        assert_eq!(ended.error(7)["kind"], kind, "{ended}");
        assert!(!ended.to_string().contains("hf_loopback-key"), "{ended}");
        assert_eq!(vendor.requests("chat"), before + 1, "{ended}");
    }
    assert_eq!(vendor.count("submissions"), 0);
}

#[tokio::test]
async fn an_interrupt_in_the_middle_ends_the_answer_at_the_server() {
    let vendor = Vendor::start("huggingface").await;
    let home = home(&vendor).await;
    let running = begun(&home, &vendor).await;
    running.signal(libc::SIGINT);
    assert_eq!(running.ended().await.error(130)["kind"], "cancelled");
    eventually("the server hears of it", || (vendor.count("closed") == 1).then_some(())).await;
    println!("the ledger after Ctrl-C:\n{}", shown(&vendor));
    assert_eq!((vendor.count("submissions"), vendor.count("charges")), (1, 0));
    home.processes().gone_within(5).await;
    assert!(home.files().is_empty() && home.work().is_empty());
}

#[tokio::test]
async fn a_provider_that_is_killed_has_submitted_once() {
    let vendor = Vendor::start("huggingface").await;
    let home = home(&vendor).await;
    let running = begun(&home, &vendor).await;
    let plugins = home.processes().running("dist/src/main.js");
    assert_eq!(plugins.len(), 1, "{}", home.processes());
    // SAFETY: `kill` takes numbers; the process is one that this test's command started and still waits for.
    assert_eq!(unsafe { libc::kill(i32::try_from(plugins[0]).unwrap(), libc::SIGKILL) }, 0);
    running.ended().await.error(6);
    println!("the ledger after a kill:\n{}", shown(&vendor));
    assert_eq!((vendor.count("submissions"), vendor.count("charges")), (1, 0));
}

#[tokio::test]
async fn in_a_storm_each_job_is_submitted_once() {
    const JOBS: usize = 12;
    let vendor = Vendor::start("huggingface").await;
    let home = home(&vendor).await;
    // Of some the answer is lost once the work is done, and of some within it.
    vendor.say("fault", &json!({"operation": "task", "how": "reset", "done": true, "after": 2, "times": 2}));
    vendor.say("fault", &json!({"operation": "task", "how": "cut", "done": true, "after": 5, "times": 2}));
    let jobs: Vec<_> = (0..JOBS)
        .map(|number| {
            let (text, file) = (format!("job {number}"), format!("{number}.png"));
            home.start(&["run", "huggingface/image", &text, "-o", &file])
        })
        .collect();
    let mut lost = 0;
    for job in jobs {
        lost += usize::from(!job.ended_within(LONG).await.status.success());
    }
    let ledger = vendor.ledger();
    let inputs = ledger["submissions"].as_array().unwrap().iter().map(|job| job["fields"]["inputs"].as_str().unwrap());
    let mut asked: Vec<_> = inputs.collect();
    println!("the ledger after a storm: submitted {asked:?}; answers lost: {lost}");
    asked.sort_unstable();
    asked.dedup();
    assert_eq!((asked.len(), vendor.count("submissions"), vendor.requests("task")), (JOBS, JOBS, JOBS));
    assert_eq!(lost, 4);
}

#[tokio::test]
async fn without_a_key_it_is_said_what_to_do() {
    let vendor = Vendor::start("huggingface").await;
    let home = set(&vendor, "").await;
    let error = home.run(&ASK).await.error(7);
    assert_eq!(error["kind"], "NotConfigured");
    assert!(error["message"].as_str().unwrap().contains("HF_TOKEN"), "{error}");
    assert_eq!((vendor.count("submissions"), vendor.requests("chat")), (0, 0));
    let home = set(&vendor, "grantEnv = [\"HF_TOKEN\"]").await;
    let mut command = home.prizm(&ASK);
    command.env("HF_TOKEN", "hf_loopback-key");
    Running::start(command).ended().await.json();
}

#[tokio::test]
async fn it_keeps_every_rule_of_the_protocol() {
    let vendor = Vendor::start("huggingface").await;
    let home = home(&vendor).await;
    let [router, hub] = ["routerUrl", "hubUrl"].map(|name| format!("{name}={}", vendor.url()));
    let line = ["conformance", "huggingface", "--strict", "--json", "--set", "apiKey=hf_loopback-key"];
    let line = [&line[..], &["--set", &router, "--set", &hub]].concat();
    Running::start(home.prizm(&line)).ended_within(LONG).await.ok();
    assert!(vendor.count("submissions") >= 5, "a job of each capability at least");
}
