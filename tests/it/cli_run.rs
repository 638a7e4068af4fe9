//! `prizm run`: what goes in, what comes out, and where.

use std::fs;

use prizm_tests::{Home, Running, keys};
use serde_json::{Value, json};

use crate::files::python;

/// A home that knows a hostile provider.
fn home(line: &str) -> Home {
    let home = Home::new();
    home.configure_hostile(line);
    home
}

#[tokio::test]
async fn a_target_is_a_capability_a_provider_a_model_or_a_url() {
    let home = home("good");
    let url = home.hostile("good");
    for target in ["text-to-text", "hostile", "hostile/echo", &url] {
        let ended = home.run(&["run", target, "déjà vu"]).await;
        assert_eq!((ended.ok(), ended.stderr.as_str()), ("déjà vu\n", ""), "{ended}");
    }
    for more in [["--model", "echo"], ["--capability", "text-to-text"]] {
        let ended = home.run(&["run", "hostile", "a fox", more[0], more[1]]).await;
        assert_eq!(ended.ok(), "a fox\n");
    }
    assert_eq!(home.run(&["run", "text-to-text", "a fox", "--model", "echo"]).await.ok(), "a fox\n");
    home.processes().gone_within(5).await;
    assert_eq!((home.work(), home.files()), (vec![], vec![]), "nothing is left");
}

#[tokio::test]
async fn the_input_is_text_a_path_or_stdin() {
    let home = home("good");
    fs::write(home.file("poem.txt"), "from a file").unwrap();
    assert_eq!(home.run(&["run", "hostile", "poem.txt"]).await.ok(), "from a file\n", "a provider takes the file");
    assert_eq!(home.run(&["run", "text-to-text", "poem.txt"]).await.ok(), "poem.txt\n", "text is text");
    assert_eq!(home.run(&["run", "hostile", "--", "-v"]).await.ok(), "-v\n");
    for target in ["text-to-text", "hostile", "hostile/echo"] {
        let ended = home.feed(&["run", target, "-"], "from stdin: é\n".as_bytes()).await;
        assert_eq!(ended.ok(), "from stdin: é\n\n", "{ended}");
    }
    let long = "x".repeat(1_000_000);
    assert_eq!(home.feed(&["run", "text-to-text", "-"], long.as_bytes()).await.ok().trim_end(), long);
}

#[tokio::test]
async fn partial_results_are_printed_once() {
    let home = home("good");
    let ended = home.run(&["run", "hostile", "a red fox", "--option", "chunks=4", "--option", "progress=3"]).await;
    assert_eq!((ended.ok(), ended.stderr.as_str()), ("a red fox\n", ""), "no bar without a terminal");
    let ended = home.run(&["run", "hostile", "a red fox", "--option", "chunks=4", "--json"]).await;
    assert_eq!(ended.json()["outputs"][0]["text"], "a red fox");
}

#[tokio::test]
async fn json_is_one_document_as_the_contract_has_it() {
    const KEYS: [&str; 7] = ["capability", "elapsedMs", "model", "outputs", "provider", "routing", "usage"];
    let home = home("good");
    let document = home.run(&["run", "hostile", "hi", "--json"]).await.json();
    assert_eq!(keys(&document), KEYS);
    assert_eq!(document["outputs"], json!([{"kind": "text", "mime": "text/plain", "text": "hi"}]));
    let named = (&document["provider"], &document["model"], &document["capability"]);
    assert_eq!(named, (&json!("hostile"), &json!("echo"), &json!("text-to-text")));
    assert!(document["elapsedMs"].is_u64() && document["usage"].is_null(), "{document}");

    let document = home.run(&["--json", "run", "hostile/file", "hi"]).await.json();
    assert_eq!(keys(&document), KEYS);
    assert_eq!(document["outputs"], json!([{"kind": "image", "mime": "image/png", "path": "hostile-file.png"}]));
    let document = home.run(&["run", "hostile", "hi", "-o", "x.txt", "--json"]).await.json();
    assert_eq!(document["outputs"], json!([{"kind": "text", "mime": "text/plain", "path": "x.txt"}]));
    assert_eq!(fs::read_to_string(home.file("x.txt")).unwrap(), "hi");

    let url = python(&home);
    let ended = home.run(&["run", &url, "hi", "--json"]).await;
    assert_eq!(ended.json()["usage"], json!({"cost": "0.02", "currency": "USD"}));
    assert!(ended.stderr.contains("warning: all alike"), "{ended}");
    let chosen = home.run(&["run", "text-to-text", "hi", "--json", "--explain"]).await;
    assert_eq!(chosen.json()["provider"], "hostile");
    assert!(chosen.stderr.contains("hostile/echo"), "{chosen}");
}

#[tokio::test]
async fn media_go_to_files_whose_names_are_printed() {
    let home = home("good");
    for expected in ["hostile-file.png", "hostile-file-2.png"] {
        assert_eq!(home.run(&["run", "hostile/file", "x"]).await.ok(), format!("{expected}\n"), "a name is made up");
        assert!(fs::read(home.file(expected)).unwrap().starts_with(b"\x89PNG"));
    }
    fs::create_dir(home.file("deep")).unwrap();
    fs::write(home.file("deep/fox.png"), "replaced").unwrap();
    assert_eq!(home.run(&["run", "hostile", "x", "-o", "deep/fox.png"]).await.ok(), "deep/fox.png\n");
    assert!(fs::read(home.file("deep/fox.png")).unwrap().starts_with(b"\x89PNG"), "the name asks for a picture");
    assert_eq!(home.run(&["run", "hostile", "x", "-o", "fox.txt", "-q"]).await.ok(), "", "quiet");
    assert_eq!(fs::read_to_string(home.file("fox.txt")).unwrap(), "x");
    let ended = home.run(&["run", "hostile/file", "x", "-o", "fox"]).await;
    assert_eq!((ended.ok(), ended.stderr.as_str()), ("fox\n", ""), "a name that promises nothing");
    let ended = home.run(&["run", "hostile/file", "x", "--capability", "text-to-image", "-o", "fox.mp3"]).await;
    assert_eq!(ended.ok(), "fox.mp3\n");
    assert_eq!(ended.stderr, "warning: `fox.mp3` holds image (image/png)\n");
    let all = ["deep", "fox", "fox.mp3", "fox.txt", "hostile-file-2.png", "hostile-file.png"];
    assert_eq!(home.files(), all, "no temporary file is left");
}

#[tokio::test]
async fn several_outputs_are_numbered() {
    let home = Home::new();
    let url = python(&home);
    let ended = home.run(&["run", &url, "x", "-o", "out.png", "--option", "count=3"]).await;
    assert_eq!(ended.ok(), "out.png\nout-2.png\nout-3.png\n");
    assert!(ended.stderr.contains("\nvalidate ") && ended.stderr.ends_with("\nwarning: all alike\n"), "{ended}");
    assert_eq!(home.run(&["run", &url, "x", "-q"]).await.ok(), "");
    assert_eq!(home.files(), ["out-2.png", "out-3.png", "out.png", "snake-many-2.png", "snake-many.png"]);
    // A text that the provider gives as a file is a text all the same.
    assert_eq!(home.run(&["run", &url, "out.png"]).await.ok(), "déjà lu\n");
    let document = home.run(&["run", &url, "out.png", "--json"]).await.json();
    assert_eq!(document["outputs"], json!([{"kind": "text", "mime": "text/plain", "text": "déjà lu"}]));
    let picture = fs::read(home.file("out.png")).unwrap();
    assert_eq!(home.feed(&["run", &url, "-"], &picture).await.ok(), "déjà lu\n");
    assert_eq!(home.run(&["run", &url, "out.png", "-o", "words.txt"]).await.ok(), "words.txt\n");
    assert_eq!(fs::read_to_string(home.file("words.txt")).unwrap(), "déjà lu");
}

#[tokio::test]
async fn settings_come_from_the_command_line_and_the_configuration() {
    let home = home("records-configure");
    home.configure("greeting = \"from the file\"");
    let given = async |more: &[&str]| {
        let ended = home.run(&[&["run", "hostile", "which?"], more].concat()).await;
        serde_json::from_str::<Value>(ended.ok()).unwrap()["config"].clone()
    };
    assert_eq!(given(&[]).await, json!({"greeting": "from the file"}));
    let both = json!({"greeting": "from the file", "apiKey": "k-1234567"});
    assert_eq!(given(&["--set", "apiKey=k-1234567"]).await, both);
    assert_eq!(given(&["--set", "greeting=said"]).await, json!({"greeting": "said"}), "what is said is nearer");
}

#[tokio::test]
async fn one_is_chosen_among_many() {
    let home = home("good");
    let picture = ["run", "text-to-image", "x", "-o", "x.png", "--json"];
    let run = async |more: &[&str]| home.run(&[&picture, more].concat()).await;
    assert_eq!(run(&[]).await.json()["provider"], "hostile", "the user's own comes first");
    let ended = run(&["--exclude", "hostile", "--explain"]).await;
    assert_eq!(ended.json()["provider"], "canvas");
    for part in ["hostile/file", "excluded", "name.excluded", "canvas/card", "selected"] {
        assert!(ended.stderr.contains(part), "{part}: {ended}");
    }
    assert_eq!(run(&["--prefer", "free", "--prefer", "local"]).await.json()["provider"], "hostile");
    assert_eq!(run(&["--model", "file"]).await.json()["provider"], "hostile");
    let error = run(&["--exclude", "canvas", "--exclude", "hostile/file"]).await.error(8);
    assert_eq!(error["kind"], "none-qualifies");
    assert!(error["message"].as_str().unwrap().contains("name.excluded"), "{error}");
    assert_eq!(error["decision"]["relaxations"][0]["change"], json!(["exclude without canvas"]), "{error}");
}

#[tokio::test]
async fn commands_that_share_a_fresh_home_do_not_disturb_each_other() {
    let home = home("good");
    let names: Vec<_> = (0..8).map(|number| format!("{number}.png")).collect();
    let small = ["--option", "width=32", "--option", "height=32", "--timeout", "1e12"];
    let runs = names.iter().map(|name| {
        let words = [&["run", "canvas", "x", "-o", name.as_str()][..], &small].concat();
        let home = &home;
        async move { assert_eq!(home.run(&words).await.ok(), format!("{name}\n")) }
    });
    futures_util::future::join_all(runs).await;
    assert_eq!(home.files(), names);
    home.processes().gone_within(5).await;
    assert!(home.work().is_empty(), "{:?}", home.work());
}

#[tokio::test]
async fn a_terminal_sees_how_far_it_is() {
    let home = home("good");
    let prizm = prizm_tests::program("prizm");
    let line = format!("'{}' run hostile 'a red fox' --option progress=4 --option delayMs=700", prizm.display());
    let mut command = home.command("script".as_ref());
    command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm");
    let ended = Running::start(command).ended().await;
    assert!(ended.ok().contains("100%") && ended.stdout.contains("echoing"), "{ended}");
    assert!(ended.stdout.trim_end().ends_with("a red fox"), "{ended}");
}
