//! Closed loops through providers that nobody named: what goes in comes out again, through real engines.

use std::collections::HashSet;

use prizm_tests::{Home, Running};
use serde_json::Value;

/// Words that the recogniser knows.
const SAID: &str = "my brother works in a small office near the river";
/// What is written and read.
const WRITTEN: &str = "Hello from Prizm";

/// Runs a job of a capability, and returns who did it and what came of it.
async fn run(home: &Home, line: &[&str]) -> (String, Value) {
    let line = [&["run"], line, &["--json"]].concat();
    let document = home.start(&line).ended_within(120).await.json();
    let provider = document["provider"].as_str().unwrap().to_owned();
    (provider, document["outputs"][0].clone())
}

/// How many words must be changed, left out or put in, of all that were said.
fn word_error_rate(said: &str, heard: &str) -> f64 {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    let (said, heard) = (words(said), words(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in said.iter().enumerate() {
        let mut before = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in heard.iter().enumerate() {
            let change = before + usize::from(word != other);
            before = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(before + 1);
        }
    }
    row[heard.len()] as f64 / said.len() as f64
}

#[test]
fn words_that_were_not_heard_are_counted() {
    for (said, heard, rate) in
        [("a b c d", "a b c d", 0.0), ("a b c d", "a x d", 0.5), ("a b", "", 1.0), ("a", "b a", 1.0)]
    {
        assert_eq!(word_error_rate(said, heard), rate, "{heard}");
    }
}

#[tokio::test]
async fn what_is_said_is_heard() {
    let home = Home::with_installed(&["speech"]).await;
    let (speaker, sound) = run(&home, &["text-to-audio", SAID, "-o", "said.wav"]).await;
    assert!(sound["mime"].as_str().unwrap().ends_with("wav"), "{sound}");
    let (listener, text) = run(&home, &["audio-to-text", "said.wav"]).await;
    let heard = text["text"].as_str().unwrap();
    let rate = word_error_rate(SAID, heard);
    println!("{speaker} said `{SAID}`, {listener} heard `{heard}`: word error rate {rate}");
    assert_eq!(rate, 0.0, "{heard}");
}

#[tokio::test]
async fn what_is_written_is_read() {
    let home = Home::with_installed(&["ocr"]).await;
    let (painter, _) = run(&home, &["text-to-image", WRITTEN, "-o", "written.png"]).await;
    let (reader, text) = run(&home, &["image-to-text", "written.png"]).await;
    // The card is square, and the words stand on several lines.
    let read = text["text"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    println!("{painter} wrote `{WRITTEN}`, {reader} read `{read}`");
    assert_eq!((&*painter, &*reader, &*read), ("canvas", "ocr", WRITTEN));
}

#[tokio::test]
async fn what_is_said_in_a_film_is_heard() {
    let home = Home::with_installed(&["speech"]).await;
    let (speaker, _) = run(&home, &["text-to-audio", SAID, "-o", "said.wav"]).await;
    let mut ffmpeg = home.command("ffmpeg".as_ref());
    ffmpeg.args(["-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-i", "said.wav"]);
    ffmpeg.args(["-shortest", "-preset", "ultrafast", "film.mp4"]).current_dir(home.file(""));
    Running::start(ffmpeg).ended().await.ok();
    let (taker, sound) = run(&home, &["video-to-audio", "film.mp4", "-o", "heard.wav"]).await;
    assert!(sound["mime"].as_str().unwrap().ends_with("wav"), "{sound}");
    let (listener, text) = run(&home, &["audio-to-text", "heard.wav"]).await;
    let heard = text["text"].as_str().unwrap();
    let rate = word_error_rate(SAID, heard);
    println!("{taker} took the sound of a film, {listener} heard `{heard}`: word error rate {rate}");
    assert_eq!(HashSet::from([&*speaker, &*taker, &*listener]), HashSet::from(["speech", "ffmpeg"]));
    // Films keep sound with losses.
    assert!(rate <= 0.25, "{heard}");
}
