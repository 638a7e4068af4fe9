//! The commands that look around, and what all commands have in common: help, logs and pipes.

use std::process::Stdio;

use prizm_tests::{Home, Running, keys};
use serde_json::{Value, json};

/// The providers that come with the program, in the order in which they are preferred.
const BUNDLED: [&str; 11] = [
    "canvas",
    "relief",
    "elevenlabs",
    "fal-ai",
    "ffmpeg",
    "huggingface",
    "llm",
    "ocr",
    "openai",
    "replicate",
    "speech",
];
const PROVIDER: [&str; 9] = ["capabilities", "id", "lacks", "models", "name", "source", "status", "type", "version"];

fn home(line: &str) -> Home {
    let home = Home::new();
    home.configure_hostile(line);
    home
}

#[tokio::test]
async fn providers_are_listed_and_one_that_is_broken_does_no_harm() {
    let home = home("good");
    home.configure("[providers.wreck]\nsource = \"file:///no/such/directory\"");
    let ended = home.run(&["providers"]).await;
    for part in ["ID", "canvas", "ffmpeg", "hostile", "wreck", "unavailable", "`/no/such/directory` does not exist"] {
        assert!(ended.ok().contains(part), "{part}: {ended}");
    }
    let list = home.run(&["providers", "--json"]).await.json();
    let list = list.as_array().unwrap();
    assert_eq!(
        list[2..].iter().map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>(),
        BUNDLED,
        "the user's own come first"
    );
    assert!(list.iter().all(|one| keys(one) == PROVIDER), "{list:?}");
    assert_eq!((&list[2]["status"], &list[2]["source"]), (&json!("available"), &json!("bundled")), "it is not started");
    assert_eq!(
        (&list[0]["models"], &list[0]["type"], &list[0]["version"]),
        (&json!(2), &json!("local"), &json!("1.0.0"))
    );
    assert_eq!(
        (&list[1]["status"], &list[1]["capabilities"], &list[1]["name"]),
        (&json!("unavailable"), &json!([]), &Value::Null)
    );
    let ended = home.run(&["providers", "--capability", "text-to-text"]).await;
    assert!(ended.ok().contains("hostile") && !ended.stdout.contains("canvas"), "{ended}");
    assert_eq!(home.run(&["providers", "--capability", "video-to-text"]).await.ok(), "no provider\n");
    assert_eq!(home.run(&["providers", "--capability", "video-to-text", "--json"]).await.json(), json!([]));
    home.processes().gone_within(5).await;
}

#[tokio::test]
async fn models_are_listed() {
    let home = home("good");
    let ended = home.run(&["models"]).await;
    for part in ["canvas/card", "ffmpeg/extract-audio", "hostile/echo", "free", "Says what it was told."] {
        assert!(ended.ok().contains(part), "{part}: {ended}");
    }
    let list = home.run(&["models", "hostile", "--json"]).await.json();
    let mut expected = vec!["capabilities", "description", "features", "id", "isFree", "name", "pricing", "provider"];
    expected.extend(["quality", "typicalMs"]);
    assert!(list.as_array().unwrap().iter().all(|one| keys(one) == expected), "{list}");
    assert_eq!(
        (&list[0]["id"], &list[0]["provider"], &list[1]["id"]),
        (&json!("echo"), &json!("hostile"), &json!("file"))
    );
    let url = home.hostile("good");
    let list = home.run(&["models", &url, "--capability", "text-to-image", "--json"]).await.json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["id"]), (1, &json!("file")));
    assert_eq!(home.run(&["models", "hostile", "--capability", "video-to-text"]).await.ok(), "no model\n");
}

#[tokio::test]
async fn a_provider_is_shown_whole() {
    let home = home("good");
    let url = home.hostile("good");
    for target in ["hostile", &url] {
        let document = home.run(&["inspect", target, "--json"]).await.json();
        let more = ["configSchema", "dataPolicy", "maxInFlight", "permissions", "revision", "sandbox"];
        let mut expected = [&PROVIDER[..], &more].concat();
        expected.sort_unstable();
        assert_eq!(keys(&document), expected);
        assert_eq!(document["models"][0]["options"]["text-to-text"]["properties"]["delayMs"]["minimum"], 0);
        assert_eq!(document["models"][1]["outputFormats"], json!(["image/png"]));
        assert_eq!(document["permissions"], json!({"network": [], "env": [], "read": []}));
        assert_eq!((&document["source"], &document["sandbox"]["level"]), (&json!(url), &json!("environment")));
    }
    let ended = home.run(&["inspect", "canvas"]).await;
    for part in [
        "Canvas",
        "id:      canvas",
        "text-to-image: takes text",
        "width",
        "integer 16..8192",
        "auto|left|center|right",
    ] {
        assert!(ended.ok().contains(part), "{part}: {ended}");
    }
}

#[tokio::test]
async fn the_best_is_chosen_and_explained() {
    let home = home("good");
    let ended = home.run(&["best", "text-to-text"]).await;
    let best = ended.ok();
    assert!(best.starts_with("hostile/echo: free + ") && best.contains("came with the program"), "{best}");
    let ended = home.run(&["best", "text-to-image", "--exclude", "canvas", "--explain"]).await;
    assert!(
        ended.ok().starts_with("hostile/file: free + ") && ended.ok().contains("nothing else qualifies"),
        "{ended}"
    );
    for part in ["excluded", "name.excluded: canvas", "capability.unsupported: ", "decision d_"] {
        assert!(ended.stderr.contains(part), "{part}: {ended}");
    }
    let args = ["best", "text-to-image", "--prefer", "free", "--exclude", "hostile/file", "--json"];
    let printed = home.run(&args).await;
    let decision = printed.json();
    let named = ["at", "candidates", "capability", "decision_id", "plan", "replay", "seed", "selected", "snapshot"];
    assert_eq!(keys(&decision), named);
    assert_eq!(keys(&decision["selected"]), ["chosen_by", "model", "provider", "score", "why"]);
    assert_eq!((&decision["plan"], &decision["capability"]), (&json!(["canvas/card"]), &json!("text-to-image")));
    let candidates = decision["candidates"].as_array().unwrap();
    assert_eq!(keys(&candidates[0]), ["estimates", "id", "rank", "score", "verdict"]);
    let hostile = candidates.iter().find(|one| one["id"] == "hostile/file").unwrap();
    assert_eq!(hostile["verdict"], "excluded");
    assert_eq!(hostile["reasons"][0], json!({"code": "name.excluded", "have": "hostile/file"}));
    assert_eq!(hostile["would_be_eligible_if"], json!(["exclude without hostile/file"]));

    std::fs::write(home.file("decision.json"), &printed.stdout).unwrap();
    let again = home.run(&["best", "--replay", "decision.json", "--json"]).await;
    assert_eq!(again.ok(), printed.stdout, "byte for byte");
    std::fs::write(home.file("changed.json"), printed.stdout.replace("hostile/file", "hostile/fill")).unwrap();
    let error = home.run(&["best", "--replay", "changed.json", "--json"]).await.error(4);
    assert!(error["message"].as_str().unwrap().contains("it was changed"), "{error}");
    assert_eq!(home.run(&["best", "video-to-text", "--json"]).await.error(8)["kind"], "none-qualifies");
    assert!(
        home.run(&["best", "video-to-text"]).await.failed(8).contains("no provider has the capability `video-to-text`")
    );
}

#[tokio::test]
async fn figures_and_findings() {
    let home = home("good");
    let stats = home.run(&["stats", "--json"]).await.json();
    assert_eq!(
        keys(&stats),
        ["available", "availableProviders", "budgets", "byCapability", "learned", "models", "totalProviders"]
    );
    assert_eq!(
        (&stats["totalProviders"], &stats["byCapability"]["text-to-image"]),
        (&json!(1 + BUNDLED.len()), &json!(2))
    );
    let ended = home.run(&["stats"]).await;
    assert!(
        ended.ok().contains("12 known, 7 available (hostile, canvas, relief, ffmpeg, llm, ocr, speech)"),
        "{ended}"
    );

    let findings = home.run(&["doctor", "--json"]).await.json();
    let findings = findings.as_array().unwrap();
    assert!(
        findings.iter().all(|one| {
            keys(one) == ["detail", "ok", "remedy", "required", "what"]
                && (one["ok"] == true || one["required"] == false)
        }),
        "{findings:?}"
    );
    for what in ["git", "node", "npm", "cargo", "docker", "sandbox"] {
        assert!(findings.iter().any(|one| one["what"] == what && one["required"] == false), "{what}");
    }
    for what in ["PRIZM_HOME", "python3", "engine ffmpeg", "provider canvas", "provider ffmpeg", "provider hostile"] {
        assert!(findings.iter().any(|one| one["what"] == what), "{what}");
    }
    assert!(home.run(&["doctor"]).await.ok().contains("ok      provider hostile: healthy"));
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty(), "{:?}", home.work());

    let unwell = self::home("exit-3-with-stderr");
    let ended = unwell.run(&["doctor"]).await;
    assert_eq!(ended.status.code(), Some(6), "{ended}");
    assert!(ended.stdout.contains("not ok  provider hostile: the plugin ended during the handshake"), "{ended}");
    assert!(ended.stdout.contains("remedy: its last lines say why"), "{ended}");
    assert!(ended.stdout.contains("ok      provider canvas: healthy"), "the others are examined: {ended}");
}

#[tokio::test]
async fn help_teaches() {
    let home = Home::new();
    let commands = [
        "run",
        "providers",
        "models",
        "inspect",
        "best",
        "stats",
        "doctor",
        "completions",
        "add",
        "remove",
        "update",
        "list",
        "cache",
        "new",
    ];
    let ended = home.run(&["--help"]).await;
    for part in commands.iter().chain(&["Examples:", "Exit codes:", "130", "--json"]) {
        assert!(ended.ok().contains(part), "{part}: {ended}");
    }
    for command in commands {
        let ended = home.run(&[command, "--help"]).await;
        assert!(ended.ok().contains(&format!("Usage: prizm {command}")), "{ended}");
        assert!(ended.stdout.contains(&format!("  prizm {command}")), "no example: {ended}");
        assert!(ended.stdout.contains("Exit codes: 0 "), "no exit codes: {ended}");
    }
    assert!(home.run(&["--version"]).await.ok().starts_with("prizm "));
    assert!(!home.path().join("work").exists(), "nothing was written");
}

#[tokio::test]
async fn completions_are_scripts() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = home.run(&["completions", shell]).await;
        assert!(ended.ok().contains("prizm") && ended.stdout.contains("providers"), "{shell}: {ended}");
        assert!(ended.stdout.contains("-"), "{ended}");
        if shell == "bash" {
            assert!(ended.stdout.contains("rust typescript python bash"), "the languages of `prizm new`: {ended}");
            std::fs::write(home.file("completion"), &ended.stdout).unwrap();
            let mut bash = home.command("bash".as_ref());
            bash.arg("-n").arg(home.file("completion"));
            assert_eq!(Running::start(bash).ended().await.ok(), "");
        }
    }
    assert_eq!(home.run(&["completions", "tcsh", "--json"]).await.error(2)["kind"], "usage");
}

#[tokio::test]
async fn logs_go_to_stderr_as_loud_as_wished() {
    let home = home("noise-between-frames");
    let ended = home.run(&["run", "hostile", "hi"]).await;
    assert_eq!((ended.ok(), ended.stderr.as_str()), ("hi\n", ""), "a plugin's noise is not the user's business");
    let ended = home.run(&["-v", "run", "hostile", "hi"]).await;
    assert!(ended.ok() == "hi\n" && ended.stderr.contains("stdout-noise"), "{ended}");
    assert!(!ended.stderr.contains('\x1b'), "no colours in a file: {ended}");
    let ended = home.run(&["run", "hostile", "hi", "-vv"]).await;
    assert!(ended.ok() == "hi\n" && ended.stderr.contains("DEBUG"), "{ended}");
    let mut command = home.prizm(&["run", "hostile", "hi"]);
    command.env("PRIZM_LOG", "prizm_registry=debug");
    assert!(Running::start(command).ended().await.stderr.contains("prizm_registry"));

    home.configure("[providers.wreck]\nsource = \"file:///no/such/directory\"");
    assert!(home.run(&["stats"]).await.stderr.contains("the provider is not available"));
    let ended = home.run(&["-q", "stats"]).await;
    assert_eq!((ended.ok().is_empty(), ended.stderr.as_str()), (false, ""));
    home.run(&["-q", "-v", "stats"]).await.failed(2);
}

#[tokio::test]
async fn a_reader_that_has_gone_away_is_no_catastrophe() {
    let home = home("good");
    for line in [
        "providers",
        "-vv providers",
        "best text-to-image --explain",
        "run hostile hi",
        "run nobody hi",
        "--nope",
        "--help",
    ] {
        for stderr in [false, true] {
            let mut command = home.prizm(&line.split(' ').collect::<Vec<_>>());
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            if stderr {
                command.stderr(Stdio::from(writer));
            } else {
                command.stdout(Stdio::from(writer));
            }
            let ended = Running::start(command).ended().await;
            let expected = match line {
                "run nobody hi" => 3,
                "--nope" => 2,
                _ => 0,
            };
            assert_eq!(ended.status.code(), Some(expected), "closed stderr {stderr}: {ended}");
            assert!(!ended.stderr.contains("panicked"), "{ended}");
        }
    }
    home.processes().gone_within(5).await;
}
