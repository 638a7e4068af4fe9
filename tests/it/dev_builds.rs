//! `prizm dev`: builds, their failures, and when they happen.

use std::fs;

use prizm_tests::{Home, event, eventually};
use serde_json::json;

use crate::dev::{answer, develop, edit, provider, provider_with, with_build};

#[tokio::test]
async fn a_build_that_fails_at_first_is_told_and_mended() {
    let home = Home::new();
    let build = "for i in $(seq 1 70); do echo line $i; done; test -e fixed";
    let directory = provider_with(&home, &with_build(build));
    let mut talk = develop(&home, &directory, &[]);
    let failed = talk.event("failed").await;
    assert_eq!((&failed["serving"], &failed["error"]["stage"]), (&json!(false), &json!("build")), "{failed}");
    assert_eq!(failed["error"]["stderr"].as_array().unwrap().last().unwrap(), "line 70", "{failed}");
    talk.say("hello").await;
    let error = talk.event("error").await["error"].take();
    assert!(error["message"].as_str().unwrap().starts_with("the provider does not run: `sh -c"), "{error}");
    fs::write(directory.join("fixed"), "").unwrap();
    talk.event("ready").await;
    assert_eq!(answer(&mut talk, "hello").await, "one hello");
    assert_eq!(talk.close().await.0.code(), Some(5), "something failed");

    fs::remove_file(directory.join("fixed")).unwrap();
    let path = directory.to_string_lossy().into_owned();
    let ended = home.feed(&["dev", &path, "--no-watch"], b"hello\n").await;
    assert_eq!(ended.status.code(), Some(5), "{ended}");
    for words in ["error (build): `sh -c", "\n    line 70", "hint: run it by hand: cd ", "nothing runs; mend it"] {
        assert!(ended.stdout.contains(words), "{words}: {ended}");
    }
    let ended = home.run(&["dev", &format!("{path}/no-such"), "--json"]).await;
    assert_eq!(ended.status.code(), Some(3), "{ended}");
    assert_eq!(event(ended.stdout.trim_end())["error"]["kind"], "not-found");
    assert!(home.run(&["dev", &format!("{path}/prizm.toml")]).await.failed(2).contains("is no directory"));
}

#[tokio::test]
async fn a_change_during_a_build_is_built_afterwards_and_a_storm_once() {
    let home = Home::new();
    let (begun, go) = (home.file("begun"), home.file("go"));
    let build = format!("echo >> '{}'; until test -e '{}'; do sleep 0.02; done", begun.display(), go.display());
    let directory = provider_with(&home, &with_build(&build));
    let builds = || fs::read_to_string(&begun).map_or(0, |text| text.lines().count());
    fs::write(&go, "").unwrap();
    let mut talk = develop(&home, &directory, &[]);
    talk.event("ready").await;
    fs::remove_file(&go).unwrap();
    edit(&directory, "\"one\"", "\"two\"");
    eventually("the second build", || (builds() == 2).then_some(())).await;
    assert_eq!(answer(&mut talk, "hello").await, "one hello", "the one before serves meanwhile");
    edit(&directory, "\"one\"", "\"three\"");
    fs::write(&go, "").unwrap();
    talk.event("ready").await;
    talk.event("ready").await;
    assert_eq!((answer(&mut talk, "hello").await.as_str(), builds()), ("three hello", 3));

    for number in 0..50 {
        fs::create_dir_all(directory.join("deep/er")).unwrap();
        fs::write(directory.join(format!("deep/er/{number}.py")), "x = 1").unwrap();
    }
    let (mut seen, mut storms) = (0, 0);
    while seen < 50 {
        seen += talk.event("changed").await["files"].as_array().unwrap().len();
        storms += 1;
    }
    // One, unless the machine is so busy that they come in several.
    assert!(seen == 50 && storms < 10, "{storms} builds of {seen} changes");
    fs::write(directory.join("deep/er/49.py"), "x = 2").unwrap();
    assert_eq!(talk.event("changed").await["files"], json!(["deep/er/49.py"]), "a new directory is watched");
    talk.event("ready").await;
    assert_eq!(talk.close().await.0.code(), Some(0));
}

#[tokio::test]
async fn what_a_build_writes_starts_no_other() {
    let home = Home::new();
    // Its usual place, one that `.gitignore` names, and one that nobody expects and that differs each time.
    let build = "mkdir -p dist gen; date +%N > dist/x.js; date +%N > gen/x; date +%N > stamp.txt";
    let directory = provider_with(&home, &with_build(build));
    fs::write(directory.join(".gitignore"), "gen/\n").unwrap();
    let mut talk = develop(&home, &directory, &[]);
    let note = talk.event_where("note", |note| note["text"].as_str().unwrap().contains("each build changes")).await;
    assert!(note["text"].as_str().unwrap().starts_with("each build changes stamp.txt, which"), "{note}");
    assert_eq!(answer(&mut talk, "hello").await, "one hello");
    edit(&directory, "\"one\"", "\"two\"");
    assert_eq!(talk.event("changed").await["files"], json!(["provider.py"]));
    talk.event("ready").await;
    let (_, lines) = talk.close().await;
    let builds = lines.iter().filter(|line| event(line)["event"] == "stage").count();
    assert_eq!(builds, 4, "three until it was seen, and one that the author asked for: {lines:#?}");
}

#[tokio::test]
async fn without_a_watch_only_a_command_builds() {
    let home = Home::new();
    let directory = provider(&home);
    let mut talk = develop(&home, &directory, &["--no-watch"]);
    talk.event("ready").await;
    edit(&directory, "\"one\"", "\"two\"");
    assert_eq!(answer(&mut talk, "hello").await, "one hello");
    talk.say("build").await;
    talk.event("ready").await;
    assert_eq!(answer(&mut talk, "hello").await, "two hello");

    // The process is stopped before another is started: if that fails, nothing is left until it is mended.
    edit(&directory, "import json", "import no_such_module");
    talk.say("restart").await;
    let failed = talk.event("failed").await;
    assert_eq!((&failed["serving"], &failed["error"]["stage"]), (&json!(false), &json!("handshake")), "{failed}");
    edit(&directory, "\"one\"", "\"three\"");
    talk.say("restart").await;
    talk.event("ready").await;
    assert_eq!(answer(&mut talk, "hello").await, "three hello");
    let (_, lines) = talk.close().await;
    assert!(lines.iter().all(|line| event(line)["event"] != "changed"), "{lines:#?}");
}

#[tokio::test]
async fn a_provider_in_typescript_is_installed_compiled_and_compiled_again() {
    let home = Home::new();
    let package = r#"{"name": "typed", "version": "1.0.0", "main": "dist/index.js", "dependencies": {"is-number": "7.0.0"},
        "devDependencies": {"typescript": "5.9.3"}}"#;
    let config = r#"{"compilerOptions": {"target": "es2022", "module": "commonjs", "strict": true, "types": [], "outDir": "dist"},
        "files": ["src/index.ts"]}"#;
    let source = crate::languages::TYPESCRIPT;
    let files = [("package.json", package), ("tsconfig.json", config), ("src/index.ts", source)];
    let url = home.provider("typed", &files);
    let directory = std::path::PathBuf::from(url.strip_prefix("file://").unwrap());
    let mut talk = develop(&home, &directory, &[]);
    for (stage, detail) in [("dependencies", "npm install"), ("build", "npx tsc")] {
        talk.event_where("stage", |event| event["stage"] == stage && event["detail"] == detail).await;
    }
    talk.event("ready").await;
    assert_eq!(answer(&mut talk, "seven").await, "SEVEN false");
    let write = |text: &str| fs::write(directory.join("src/index.ts"), text).unwrap();
    write(&source.replace("toUpperCase()", "toUpperCas()"));
    let failed = talk.event("failed").await;
    let log = failed["error"]["stderr"].to_string();
    assert!(failed["serving"] == true && log.contains("error TS2551"), "{failed}");
    assert_eq!(answer(&mut talk, "seven").await, "SEVEN false");
    write(&source.replace("toUpperCase()", "toLowerCase()"));
    talk.event("ready").await;
    assert_eq!(answer(&mut talk, "SEVEN").await, "seven false");
    let (status, lines) = talk.close().await;
    assert_eq!(status.code(), Some(0));
    let installs = lines.iter().filter(|line| event(line)["detail"] == "npm install").count();
    assert_eq!(installs, 1, "what is there is not installed again");
}
