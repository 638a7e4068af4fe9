//! `prizm conformance`, as authors and their services for tests use it.

use std::process::Stdio;

use prizm_tests::{Ended, Home, Running, eventually, program, within};
use serde_json::Value;

/// A provider that wants a key, and says it aloud where it is told to.
const LOCKED: &str = include_str!("conformance/locked.py");

const LOCKED_MANIFEST: &str = r#"
[provider]
id = "locked"
version = "1.0.0"
type = "remote"
protocol = "1.0"
capabilities = ["text-to-text"]

[run]
command = ["python3", "-B", "provider.py"]
"#;

fn locked(home: &Home) -> String {
    home.provider("locked", &[("prizm.toml", LOCKED_MANIFEST), ("provider.py", LOCKED)])
}

/// What a document says of a rule.
fn check<'a>(document: &'a Value, id: &str) -> &'a Value {
    let checks = document["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id} is not in {document:#}"))
}

fn document(ended: &Ended, code: i32) -> Value {
    assert_eq!(ended.status.code(), Some(code), "{ended}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {ended}"))
}

/// Runs a whole examination, which takes a while on a machine that is busy with something else.
async fn examine(home: &Home, arguments: &[&str]) -> Ended {
    let running = Running::start(home.prizm(arguments));
    running.ended_within(300).await
}

#[tokio::test]
async fn a_good_provider_conforms_and_every_report_says_so() {
    let home = Home::new();
    let ended = examine(&home, &["conformance", "canvas", "--json", "--junit", "report.xml"]).await;
    let document = document(&ended, 0);
    assert_eq!((&document["protocol"], &document["conforms"]), (&"1.0".into(), &true.into()));
    let counts: u64 = document["counts"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(counts, 110, "{}", document["counts"]);
    assert_eq!(document["counts"]["failed"], 0, "{document:#}");
    assert_eq!(check(&document, "CH-5")["verdict"], "passed");
    assert!(check(&document, "PR-8")["why"].as_str().unwrap().contains("`$/accepted`"));
    let totals = junit(&home).await;
    assert_eq!(totals, format!("110 0 {} 11", document["counts"]["notApplicable"]));
    home.processes().gone_within(5).await;
}

/// Reads the report as a service for tests does: cases, failures, skipped, suites.
async fn junit(home: &Home) -> String {
    let read = "import sys, xml.etree.ElementTree as tree\n\
                root = tree.parse('report.xml').getroot()\n\
                cases = list(root.iter('testcase'))\n\
                print(len(cases), len(list(root.iter('failure'))), len(list(root.iter('skipped'))), len(root))\n\
                assert root.get('tests') == str(len(cases)), root.attrib";
    let mut command = home.command("python3".as_ref());
    command.args(["-c", read]);
    let output = within(60, "reading the report", command.output()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_provider_in_another_language_conforms_where_it_is() {
    let home = Home::new();
    let ffmpeg = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins/ffmpeg");
    let ended = examine(&home, &["conformance", ffmpeg, "--strict"]).await;
    let text = ended.ok();
    assert!(text.ends_with("· conforms to Prizm Plugin Protocol 1.0\n"), "{text}");
    assert!(text.contains("\nThe channel\n  ✓ CH-1 "), "{text}");
    assert!(text.contains("✓ DE-15 "), "its manifest is compared: {text}");
}

#[tokio::test]
async fn a_broken_rule_is_told_with_all_that_was_said() {
    let home = Home::new();
    let hostile = program("hostile").display().to_string();
    let line = ["conformance", "--only", "me-2,ST-1", "--only", "CH-6", "--patience", "0.2"];
    let command = ["--", &hostile, "ping-never", "--lifetime", "60"];
    let ended = home.run(&[&line[..], &command].concat()).await;
    assert_eq!(ended.status.code(), Some(6), "{ended}");
    for expected in [
        "  ✓ ST-1 ",
        "  ✗ ME-2 ",
        "  ? CH-6          not judged, because of ME-2",
        "ME-2 MUST: `ping` is answered with an object within 5 s.\n  It is how a host tells idle from hung.\n",
        "`ping` (id 3) was not answered: nothing came in 1 s",
        "→ {\"id\":3,\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"params\":{}}",
        "1 passed, 1 failed, 1 not judged, 0 not applicable · does not conform to Prizm Plugin Protocol 1.0\n",
    ] {
        assert!(ended.stdout.contains(expected), "{expected}\nis not in\n{ended}");
    }
    let ended = home.run(&[&line[..], &["--json", "--skip", "CH-6"], &command].concat()).await;
    let document = document(&ended, 6);
    assert_eq!(document["checks"].as_array().unwrap().len(), 2, "{document:#}");
    assert_eq!(document["command"], format!("{hostile} ping-never --lifetime 60"));
    let said = check(&document, "ME-2")["transcript"].as_array().unwrap();
    assert!(said.iter().any(|line| line["from"] == "host" && line["text"].as_str().unwrap().contains("ping")));
    assert!(said.iter().all(|line| line["ms"].is_u64()), "{said:?}");
}

#[tokio::test]
async fn what_only_should_be_counts_when_it_is_strict() {
    let home = Home::new();
    let hostile = program("hostile").display().to_string();
    let command = ["--only", "DE-18,DE-2", "--no-jobs", "--", &hostile, "good"];
    let ended = home.run(&[&["conformance"], &command[..]].concat()).await;
    assert!(ended.ok().contains("` has no description"), "{ended}");
    assert!(ended.ok().contains("conforms to Prizm Plugin Protocol 1.0, but not to every SHOULD"), "{ended}");
    let ended = home.run(&[&["conformance", "--strict"], &command[..]].concat()).await;
    assert_eq!(ended.status.code(), Some(6), "{ended}");
}

#[tokio::test]
async fn a_plugin_is_compared_with_its_manifest_without_being_refused_for_it() {
    let home = Home::new();
    let url = home.hostile("id-differs");
    for target in [&url, url.trim_start_matches("file://")] {
        let ended = home.run(&["conformance", target, "--json", "--only", "DE-15,DE-2"]).await;
        let document = document(&ended, 6);
        assert!(check(&document, "DE-15")["why"].as_str().unwrap().contains("`hostile-twin`"), "{document:#}");
        assert_eq!(check(&document, "DE-2")["verdict"], "passed");
    }
    // A command has a manifest only where one is given.
    let hostile = program("hostile").display().to_string();
    let manifest = format!("{}/prizm.toml", url.trim_start_matches("file://"));
    let line = ["conformance", "--json", "--only", "DE-15"];
    let ended = home.run(&[&line[..], &["--", &hostile, "id-differs"]].concat()).await;
    assert_eq!(check(&document(&ended, 0), "DE-15")["verdict"], "notApplicable");
    let ended = home.run(&[&line[..], &["--manifest", &manifest, "--", &hostile, "id-differs"]].concat()).await;
    assert_eq!(check(&document(&ended, 6), "DE-15")["verdict"], "failed");
}

#[tokio::test]
async fn what_lacks_a_key_is_judged_as_far_as_it_goes_and_the_key_is_never_shown() {
    let home = Home::new();
    let url = locked(&home);
    let rules = ["--only", "CF-1,CF-5,CH-6,EN-6,TR-1,TR-9"];
    let ended = home.run(&[&["conformance", &url, "--json"], &rules[..]].concat()).await;
    let lacking = document(&ended, 0);
    let verdicts =
        |document: &Value| ["CF-1", "CH-6", "EN-6", "TR-1", "TR-9"].map(|id| check(document, id)["verdict"].clone());
    assert_eq!(verdicts(&lacking), ["passed", "passed", "passed", "notApplicable", "notApplicable"]);
    assert!(check(&lacking, "TR-9")["why"].as_str().unwrap().contains("`--set apiKey=VALUE`"), "{lacking:#}");

    let key = ["-v", "--set", "apiKey=opensesame"];
    let ended = home.run(&[&["conformance", &url, "--json"], &rules[..], &key].concat()).await;
    assert_eq!(verdicts(&document(&ended, 0)), ["passed"; 5].map(Value::from));
    let aloud = ["--set", "aloud=true"];
    let loud = home.run(&[&["conformance", &url, "--json"], &rules[..], &key, &aloud].concat()).await;
    let found = document(&loud, 6);
    assert_eq!(check(&found, "CF-5")["why"], "the secret `apiKey` is on stderr");
    for ended in [&ended, &loud] {
        assert!(
            ended.stdout.contains("[apiKey]") && !format!("{ended}").replace(&key.join(" "), "").contains("sesame\\")
        );
        assert!(!ended.stdout.contains("opensesame") && !ended.stderr.contains("opensesame"));
    }
}

#[tokio::test]
async fn jobs_can_be_left_out_and_are_not_done() {
    let home = Home::new();
    let url = home.hostile("never-answer");
    let ended = home.run(&["conformance", &url, "--json", "--no-jobs", "--only", "TR-1,TR-3,EN-7,ME-4"]).await;
    let document = document(&ended, 0);
    for id in ["TR-1", "TR-3", "EN-7"] {
        assert!(check(&document, id)["why"].as_str().unwrap().contains("`--no-jobs`"), "{document:#}");
    }
    assert_eq!(check(&document, "ME-4")["verdict"], "passed");
    assert_eq!(home.confessions("never-answer"), 0);
}

#[tokio::test]
async fn the_rules_are_listed() {
    let home = Home::new();
    let ended = home.run(&["conformance", "--list"]).await;
    assert!(ended.ok().contains("\nThe end\n  EN-1   MUST   `shutdown` is answered within 5 s.\n"), "{ended}");
    let document = home.run(&["conformance", "--list", "--json"]).await.json();
    let rules = document["requirements"].as_array().unwrap();
    assert_eq!((rules.len(), &rules[0]["id"], &rules[0]["of"]), (110, &"CH-1".into(), &"plugin".into()));
    let document = home.run(&["conformance", "--list", "--json", "--only", "TR-1"]).await.json();
    assert_eq!(document["requirements"][0]["level"], "MUST");
}

#[tokio::test]
async fn what_cannot_be_meant_is_told() {
    let home = Home::new();
    let hostile = program("hostile").display().to_string();
    for (line, expected) in [
        (vec!["conformance"], "what is to be checked?"),
        (vec!["conformance", "--only", "CH-99", "--", &hostile], "there is no rule `CH-99` for plugins"),
        (vec!["conformance", "--skip", "HO-1", "--", &hostile], "there is no rule `HO-1` for plugins"),
        (vec!["conformance", "--", "no-such-program"], "no executable `no-such-program` was found"),
        (vec!["conformance", "--", "./no-such-program"], "check that `./no-such-program` exists"),
        (vec!["conformance", "--input", "no-such.png", "--", &hostile, "good"], "cannot use the input `no-such.png`"),
        (
            vec!["conformance", "--grant-env", "NO_SUCH", "--", &hostile, "good"],
            "there is no such environment variable",
        ),
        (vec!["conformance", "--manifest", "gone.toml", "--", &hostile, "good"], "cannot use the manifest `gone.toml`"),
        (vec!["conformance", "--junit", "no/such/report.xml", "--", &hostile], "cannot write the output"),
    ] {
        let ended = home.run(&line).await;
        assert!(ended.failed(2).contains(expected), "{ended}");
    }
    assert_eq!(home.run(&["conformance", "nobody", "--json"]).await.error(3)["kind"], "not-found");
    assert_eq!(home.run(&["conformance", "--patience", "0", "canvas"]).await.status.code(), Some(2));
}

#[tokio::test]
async fn an_interrupt_or_a_sudden_death_leaves_no_process() {
    let home = Home::new();
    let url = home.hostile("fork-child-mid-call");
    let begun = || async {
        let before = home.confessions("fork-child-mid-call");
        let mut command = home.prizm(&["conformance", &url]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let running = Running::start(command);
        eventually("a job", || (home.confessions("fork-child-mid-call") > before).then_some(())).await;
        running
    };
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let running = begun().await;
        running.signal(signal);
        assert_eq!(within(30, "the end", running.ended()).await.status.code(), Some(130));
        home.processes().gone_within(5).await;
    }
    begun().await.kill().await;
    home.processes().gone_within(10).await;
}

/// A provider in Perl, for which there is no SDK. Its author had the specification and nothing else.
#[tokio::test]
async fn what_a_stranger_wrote_by_the_specification_conforms() {
    let home = Home::new();
    std::fs::write(home.file("colour.txt"), "#ff8800").unwrap();
    let perl = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("strangers/perl");
    let url = format!("file://{}", perl.display());
    let ended = examine(&home, &["conformance", &url, "--input", "colour.txt", "--strict", "--json", "--yes"]).await;
    let document = document(&ended, 0);
    assert_eq!(document["counts"]["failed"], 0, "{document:#}");
    assert!(document["counts"]["passed"].as_u64() >= Some(95), "{}", document["counts"]);
    home.processes().gone_within(5).await;
}
