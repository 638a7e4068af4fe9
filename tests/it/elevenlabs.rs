//! The provider `elevenlabs` as people use it, against the loopback of ElevenLabs's API: what it makes, and that a job
//! is submitted once, whatever happens to it.

use std::fs;

use prizm_tests::{Home, Running, Vendor, eventually};
use serde_json::json;

/// Seconds that what takes long may take.
const LONG: u64 = 300;

/// Makes a home that has the provider, with these settings.
async fn set(settings: &str) -> Home {
    let home = Home::with_installed(&["elevenlabs"]).await;
    home.configure(&format!("[providers.elevenlabs]\n{settings}"));
    home
}

/// Makes one that knows where the vendor is.
async fn home(vendor: &Vendor) -> Home {
    set(&format!("apiKey = \"loopback-key\"\nmodelsLifetime = 0\nbaseUrl = \"{}\"", vendor.url())).await
}

/// A text to speak, the common line of these tests.
const SPEAK: [&str; 4] = ["run", "elevenlabs/eleven_multilingual_v2", "a red fox", "--json"];

/// Starts a job whose sound stays where it is, and waits until the vendor has taken it.
async fn begun(home: &Home, vendor: &Vendor) -> Running {
    vendor.say("hold", &json!({"after": 3}));
    let before = vendor.count("submissions");
    let running = home.start(&SPEAK);
    eventually("the vendor takes the job", || (vendor.count("submissions") > before).then_some(())).await;
    running
}

/// What the ledger has of jobs, for people.
fn shown(vendor: &Vendor) -> String {
    let ledger = vendor.ledger();
    ["submissions", "charges", "closed"].map(|name| format!("  {name}: {}", ledger[name])).join("\n")
}

#[tokio::test]
async fn a_text_is_spoken_and_written_down_and_a_sound_is_made() {
    let vendor = Vendor::start("elevenlabs").await;
    let home = home(&vendor).await;
    let line = ["run", "text-to-audio", "a red fox", "--only", "elevenlabs/eleven_flash_v2_5", "-o", "fox.mp3"];
    assert_eq!(home.run(&line).await.ok(), "fox.mp3\n");
    assert!(fs::read(home.file("fox.mp3")).unwrap().starts_with(b"\xff\xfb"));
    let heard = home.run(&["run", "audio-to-text", "fox.mp3", "--only", "elevenlabs"]).await;
    assert_eq!(heard.ok(), "A fox — says 🦊 what? (laughs)\n");
    let line = ["run", "elevenlabs/eleven_text_to_sound_v2", "rain", "-o", "rain.mp3", "--option", "durationSeconds=2"];
    assert_eq!(home.run(&line).await.ok(), "rain.mp3\n");
    let ledger = vendor.ledger();
    let kinds: Vec<_> = ledger["submissions"].as_array().unwrap().iter().map(|job| &job["kind"]).collect();
    assert_eq!(kinds, ["speech", "transcription", "sound"], "{ledger}");
    assert_eq!(ledger["submissions"][1]["files"][0]["bytes"], fs::metadata(home.file("fox.mp3")).unwrap().len());
    assert_eq!(ledger["submissions"][2]["fields"]["duration_seconds"], 2);
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty(), "{:?}", home.work());
}

#[tokio::test]
async fn credits_are_told_and_are_money_once_somebody_says_what_one_costs() {
    let vendor = Vendor::start("elevenlabs").await;
    let home = home(&vendor).await;
    let line = [&SPEAK[..], &["-o", "fox.mp3"]].concat();
    assert_eq!(home.run(&line).await.json()["usage"], json!({"characters": 9, "credits": 9}));
    let priced =
        set(&format!("apiKey = \"loopback-key\"\ncreditPrice = \"0.0002\"\nbaseUrl = \"{}\"", vendor.url())).await;
    let usage = json!({"characters": 9, "credits": 9, "cost": "0.0018", "currency": "USD"});
    assert_eq!(priced.run(&line).await.json()["usage"], usage);
    let list = priced.run(&["models", "elevenlabs", "--refresh", "--json"]).await.json();
    let flash = list.as_array().unwrap().iter().find(|model| model["id"] == "eleven_flash_v2_5").unwrap();
    assert_eq!(flash["pricing"][0]["amount"], "0.0001", "{flash}");
}

#[tokio::test]
async fn a_voice_is_called_by_its_name() {
    let vendor = Vendor::start("elevenlabs").await;
    let home = home(&vendor).await;
    let line = [&SPEAK[..], &["-o", "fox.wav", "--option", "format=wav", "--option", "voice=Sarah"]].concat();
    home.run(&line).await.json();
    assert_eq!(vendor.ledger()["submissions"][0]["voice"], "EXAVITQu4vr4xnSDxMaL");
    let error = home.run(&[&SPEAK[..], &["--option", "voice=Nobody"]].concat()).await.error(7);
    assert!(error["message"].as_str().unwrap().contains("one of George, Sarah"), "{error}");
    assert_eq!(vendor.count("submissions"), 1);
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated() {
    let vendor = Vendor::start("elevenlabs").await;
    let home = home(&vendor).await;
    for (status, word, kind) in [
        (429, "too_many_concurrent_requests", "RateLimited"),
        (429, "system_busy", "ResourceExhausted"),
        (401, "invalid_api_key", "ConfigInvalid"),
        (401, "quota_exceeded", "QuotaExceeded"),
        (400, "max_character_limit_exceeded", "InvalidMedia"),
        (403, "content_against_policy", "ContentRejected"),
    ] {
        let body = json!({"detail": {"status": word, "message": "no, loopback-key"}});
        vendor.say("fault", &json!({"operation": "speech", "status": status, "body": body}));
        let before = vendor.requests("speech");
        let ended = home.run(&SPEAK).await;
        assert_eq!(ended.error(7)["kind"], kind, "{ended}");
        assert!(!ended.to_string().contains("loopback-key"), "{ended}");
        assert_eq!(vendor.requests("speech"), before + 1, "{ended}");
    }
    assert_eq!(vendor.count("submissions"), 0);
}

#[tokio::test]
async fn an_interrupt_in_the_middle_ends_the_sound_at_the_server() {
    let vendor = Vendor::start("elevenlabs").await;
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
    let vendor = Vendor::start("elevenlabs").await;
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
    const JOBS: usize = 8;
    let vendor = Vendor::start("elevenlabs").await;
    let home = home(&vendor).await;
    // Of some the answer is lost once the work is done, and of some within it.
    vendor.say("fault", &json!({"operation": "speech", "how": "reset", "done": true, "after": 2, "times": 2}));
    vendor.say("fault", &json!({"operation": "speech", "how": "cut", "done": true, "after": 2, "times": 2}));
    let line = |number: usize| {
        let (text, file) = (format!("job {number}"), format!("{number}.mp3"));
        home.start(&["run", "elevenlabs/eleven_multilingual_v2", &text, "-o", &file])
    };
    let jobs: Vec<_> = (0..JOBS).map(line).collect();
    let mut lost = 0;
    for job in jobs {
        lost += usize::from(!job.ended_within(LONG).await.status.success());
    }
    let ledger = vendor.ledger();
    let submitted = ledger["submissions"].as_array().unwrap().iter();
    let mut asked: Vec<_> = submitted.map(|job| job["fields"]["text"].as_str().unwrap()).collect();
    println!("the ledger after a storm: submitted {asked:?}; answers lost: {lost}");
    asked.sort_unstable();
    asked.dedup();
    assert_eq!((asked.len(), vendor.count("submissions"), vendor.requests("speech")), (JOBS, JOBS, JOBS));
    assert_eq!(lost, 4);
}

#[tokio::test]
async fn without_a_key_it_is_said_what_to_do() {
    let vendor = Vendor::start("elevenlabs").await;
    let home = set(&format!("baseUrl = \"{}\"\ngrantEnv = [\"ELEVENLABS_API_KEY\"]", vendor.url())).await;
    let error = home.run(&SPEAK).await.error(7);
    assert_eq!(error["kind"], "NotConfigured");
    assert!(error["message"].as_str().unwrap().contains("ELEVENLABS_API_KEY"), "{error}");
    assert_eq!((vendor.count("submissions"), vendor.requests("speech")), (0, 0));
    let mut command = home.prizm(&SPEAK);
    command.env("ELEVENLABS_API_KEY", "loopback-key");
    Running::start(command).ended().await.json();
}

#[tokio::test]
async fn it_keeps_every_rule_of_the_protocol() {
    let vendor = Vendor::start("elevenlabs").await;
    let home = home(&vendor).await;
    let url = format!("baseUrl={}", vendor.url());
    let line = ["conformance", "elevenlabs", "--strict", "--json", "--set", "apiKey=loopback-key"];
    let line = [&line[..], &["--set", &url]].concat();
    Running::start(home.prizm(&line)).ended_within(LONG).await.ok();
    assert!(vendor.count("submissions") >= 2, "a job of each capability at least");
}
