//! The provider `openai` as people use it: against the loopback of OpenAI's API, what it makes and that a job is
//! submitted once, whatever happens to it; and against a real server, that of the local LLM.

use std::fs;

use prizm_tests::{Home, Running, Vendor, eventually};
use serde_json::{Value, json};

/// Seconds that what takes long may take.
const LONG: u64 = 300;

/// Makes a home that has the provider, with these settings.
async fn set(settings: &str) -> Home {
    let home = Home::with_installed(&["openai"]).await;
    home.configure(&format!("[providers.openai]\n{settings}"));
    home
}

/// Makes one that knows where the vendor is.
async fn home(vendor: &Vendor) -> Home {
    let url = vendor.url();
    set(&format!("apiKey = \"loopback-key\"\nmodelsLifetime = 0\nbaseUrl = \"{url}/v1\"")).await
}

/// A question, the common line of these tests, and its answer.
const ASK: [&str; 4] = ["run", "openai/chat", "a red fox", "--json"];
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
async fn a_text_is_answered() {
    let vendor = Vendor::start("openai").await;
    let home = home(&vendor).await;
    assert_eq!(home.run(&ASK[..3]).await.ok(), format!("{ANSWER}\n"));
    let document = home.run(&ASK).await.json();
    assert_eq!(document["outputs"][0]["text"], ANSWER);
    let usage = json!({"promptTokens": 3, "completionTokens": 6, "tokens": 9, "cost": "0.0000033", "currency": "USD"});
    assert_eq!(document["usage"], usage, "{document}");
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty(), "{:?}", home.work());
}

#[tokio::test]
async fn an_answer_is_heard_while_it_is_made() {
    let vendor = Vendor::start("openai").await;
    let home = home(&vendor).await;
    vendor.say("hold", &json!({"after": 3}));
    let running = Running::start(home.typed("prizm run openai/chat 'a red fox' > heard.txt"));
    let heard = || fs::read_to_string(home.file("heard.txt")).unwrap_or_default();
    eventually("the first pieces", || (!heard().is_empty()).then_some(())).await;
    assert_eq!(vendor.count("charges"), 0, "the rest is still to come");
    vendor.say("release", &json!({}));
    running.ended().await.ok();
    assert_eq!(heard(), format!("{ANSWER}\n"));
}

#[tokio::test]
async fn a_picture_is_painted_and_seen_and_a_text_is_spoken_and_written_down() {
    let vendor = Vendor::start("openai").await;
    let home = home(&vendor).await;
    let line = ["run", "text-to-image", "a red fox", "--only", "openai", "-o", "fox.png", "--option", "quality=low"];
    assert_eq!(home.run(&line).await.ok(), "fox.png\n");
    let bytes = fs::read(home.file("fox.png")).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    let seen = home.run(&["run", "image-to-text", "fox.png", "--only", "openai"]).await;
    assert_eq!(seen.ok(), format!("I see image/png of {} bytes.\n", bytes.len()));
    let line = ["run", "openai/image", "fox.png", "-o", "snow.png", "--option", "prompt=in snow"];
    assert_eq!(home.run(&line).await.ok(), "snow.png\n");
    let line = ["run", "text-to-audio", "hello", "--only", "openai", "-o", "hello.wav", "--option", "format=wav"];
    assert_eq!(home.run(&line).await.ok(), "hello.wav\n");
    let heard = home.run(&["run", "openai/transcription", "hello.wav"]).await;
    assert_eq!(heard.ok(), "A fox — says 🦊 what?\n");
    let ledger = vendor.ledger();
    let kinds: Vec<_> = ledger["submissions"].as_array().unwrap().iter().map(|job| &job["kind"]).collect();
    assert_eq!(kinds, ["image", "chat", "image", "speech", "transcription"], "{ledger}");
    assert_eq!(ledger["submissions"][0]["fields"]["quality"], "low");
    assert_eq!(ledger["submissions"][4]["files"][0]["bytes"], fs::metadata(home.file("hello.wav")).unwrap().len());
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated() {
    let vendor = Vendor::start("openai").await;
    let home = home(&vendor).await;
    let body = |message: &str| json!({"error": {"message": message, "type": "x", "param": null, "code": null}});
    for (status, headers, message, kind) in [
        (429, json!({"retry-after": "7"}), "slow down, loopback-key", "RateLimited"),
        (503, json!({}), "Loading model", "ResourceExhausted"),
        (401, json!({}), "Incorrect API key provided: loopback-key", "ConfigInvalid"),
    ] {
        let fault = json!({"operation": "chat", "status": status, "headers": headers, "body": body(message)});
        vendor.say("fault", &fault);
        let before = vendor.requests("chat");
        let ended = home.run(&ASK).await;
        assert_eq!(ended.error(7)["kind"], kind, "{ended}");
        assert!(!ended.to_string().contains("loopback-key"), "{ended}");
        assert_eq!(vendor.requests("chat"), before + 1, "{ended}");
    }
    assert_eq!(vendor.count("submissions"), 0);
}

#[tokio::test]
async fn an_interrupt_in_the_middle_ends_the_answer_at_the_server() {
    let vendor = Vendor::start("openai").await;
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
    let vendor = Vendor::start("openai").await;
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
    let vendor = Vendor::start("openai").await;
    let home = home(&vendor).await;
    // Of some the answer is lost once the work is done, and of some within it.
    vendor.say("fault", &json!({"operation": "chat", "how": "reset", "done": true, "after": 2, "times": 2}));
    vendor.say("fault", &json!({"operation": "chat", "how": "cut", "done": true, "after": 5, "times": 2}));
    let jobs: Vec<_> = (0..JOBS).map(|number| home.start(&["run", "openai/chat", &format!("job {number}")])).collect();
    let mut lost = 0;
    for job in jobs {
        lost += usize::from(!job.ended_within(LONG).await.status.success());
    }
    let ledger = vendor.ledger();
    let messages = ledger["submissions"].as_array().unwrap().iter().map(|job| &job["fields"]["messages"][0]);
    let mut asked: Vec<_> = messages.map(|message| message["content"].as_str().unwrap()).collect();
    println!("the ledger after a storm: submitted {asked:?}; answers lost: {lost}");
    asked.sort_unstable();
    asked.dedup();
    assert_eq!((asked.len(), vendor.count("submissions"), vendor.requests("chat")), (JOBS, JOBS, JOBS));
    assert_eq!(lost, 4);
}

#[tokio::test]
async fn without_a_key_it_is_said_what_to_do() {
    let vendor = Vendor::start("openai").await;
    let url = vendor.url();
    for (preset, variable) in [("openai", "OPENAI_API_KEY"), ("groq", "GROQ_API_KEY"), ("xai", "XAI_API_KEY")] {
        let home = set(&format!("preset = \"{preset}\"\nbaseUrl = \"{url}/v1\"")).await;
        let error = home.run(&ASK).await.error(7);
        assert_eq!(error["kind"], "NotConfigured");
        assert!(error["message"].as_str().unwrap().contains(variable), "{error}");
    }
    assert_eq!((vendor.count("submissions"), vendor.requests("chat")), (0, 0));
    let home = set(&format!("baseUrl = \"{url}/v1\"\ngrantEnv = [\"OPENAI_API_KEY\"]")).await;
    let mut command = home.prizm(&ASK);
    command.env("OPENAI_API_KEY", "loopback-key");
    Running::start(command).ended().await.json();
}

#[tokio::test]
async fn it_keeps_every_rule_of_the_protocol() {
    let vendor = Vendor::start("openai").await;
    let home = home(&vendor).await;
    let url = format!("baseUrl={}/v1", vendor.url());
    let line = ["conformance", "openai", "--strict", "--json", "--set", "apiKey=loopback-key", "--set", &url];
    Running::start(home.prizm(&line)).ended_within(LONG).await.ok();
    assert!(vendor.count("submissions") >= 6, "a job of each capability at least");
}

#[tokio::test]
async fn the_local_llm_says_the_same_to_both_of_its_providers() {
    let home = set("preset = \"llama.cpp\"").await;
    let ask = |provider: &'static str| {
        let question = "Name three colours of a rainbow.";
        let same = ["--option", "temperature=0", "--option", "maxTokens=40", "--json"];
        let line = [&["run", "text-to-text", question, "--only", provider][..], &same].concat();
        home.start(&line).ended_within(LONG)
    };
    let direct = ask("llm").await.json();
    let running = home.run(&["service", "status", "--json"]).await.json();
    let address = running[0]["endpoints"]["http"].as_str().unwrap();
    home.configure(&format!("baseUrl = \"{address}\""));
    let compatible = ask("openai").await.json();
    let text = |document: &Value| document["outputs"][0]["text"].as_str().unwrap().to_owned();
    println!("llm: {}\nopenai: {}", text(&direct), text(&compatible));
    assert_eq!((&direct["provider"], &compatible["provider"]), (&json!("llm"), &json!("openai")));
    assert!(!text(&direct).trim().is_empty());
    assert_eq!(text(&direct), text(&compatible));
    assert_eq!(compatible["usage"]["cost"], "0", "{compatible}");
    // By its name it is the same server.
    let config = home.path().join("config.toml");
    let named =
        fs::read_to_string(&config).unwrap().replace(&format!("baseUrl = \"{address}\""), "serviceUrl = \"smollm2\"");
    fs::write(config, named).unwrap();
    assert_eq!(text(&ask("openai").await.json()), text(&direct));
    assert_eq!(home.run(&["service", "status", "--json"]).await.json().as_array().unwrap().len(), 1);
    home.run(&["service", "stop", "--all"]).await.ok();
    home.processes().gone_within(10).await;
}
