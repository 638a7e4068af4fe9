//! What a job says before its answer.

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::host::{Host, code_of, job, text_of};
use crate::lab::Lab;

async fn progress_of(what: &str) -> (Vec<Value>, Value) {
    let mut host = Host::new(Lab::new(1).0).await;
    let answer = host.call(1, "transform", job(what)).await;
    host.assert_alive().await;
    let frames: Vec<Value> = host.seen.iter().map(|frame| frame["params"].clone()).collect();
    let mut last = 0;
    for frame in &frames {
        let seq = frame["seq"].as_u64().unwrap();
        assert!(seq > last, "{frames:?}");
        assert_eq!(frame["id"], 1);
        last = seq;
    }
    (frames, answer)
}

fn fractions(frames: &[Value]) -> Vec<Option<f64>> {
    frames.iter().map(|frame| frame["fraction"].as_f64()).collect()
}

#[tokio::test(start_paused = true)]
async fn fractions_are_clamped_and_never_fall() {
    let (frames, _) = progress_of("progress-wild").await;
    assert_eq!(fractions(&frames), [Some(0.5), Some(0.5), None, Some(1.0), Some(1.0)]);
    assert!(frames.iter().all(|frame| frame["stage"] == "wild"));
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_told_ten_times_a_second_and_ends_with_its_last() {
    let begun = Instant::now();
    let (frames, _) = progress_of("progress-burst 1000").await;
    let most = begun.elapsed().as_millis() as usize / 100 + 2;
    assert!((8..=most).contains(&frames.len()), "{} frames, at most {most}", frames.len());
    assert_eq!(frames.last().unwrap()["fraction"], 0.999);
}

#[tokio::test(start_paused = true)]
async fn the_last_before_the_answer_is_always_told() {
    let (frames, answer) = progress_of("progress-at-once").await;
    assert_eq!(fractions(&frames), [Some(0.0), Some(0.999)]);
    assert_eq!(text_of(&answer), "progress-at-once");
}

#[tokio::test(start_paused = true)]
async fn what_was_held_back_leaves_as_soon_as_it_may() {
    let mut host = Host::new(Lab::new(1).0).await;
    let begun = Instant::now();
    host.transform(1, "progress-then-sleep 5000").await;
    assert_eq!(host.frame().await.unwrap()["params"]["stage"], "first");
    let second = host.frame().await.unwrap()["params"].clone();
    let expected = json!({"id": 1, "seq": 2, "fraction": 0.2, "message": "held back", "etaMs": 5000});
    assert_eq!(second, expected);
    assert!((90..200).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!(host.answer().await["id"], 1);
}

#[tokio::test(start_paused = true)]
async fn chunks_come_in_order_before_the_answer() {
    let (frames, answer) = progress_of("chunks 40").await;
    assert_eq!(frames.len(), 40);
    for (number, frame) in frames.iter().enumerate() {
        assert!(frame["text"].as_str().unwrap().starts_with(&format!("{number} c")));
    }
    assert_eq!(text_of(&answer), "chunks 40");
}

#[tokio::test(start_paused = true)]
async fn chunks_over_the_limit_are_cut_into_frames() {
    let mut host = Host::with_limit(Lab::new(1).0, 16 * 1024).await;
    host.call(1, "transform", job("chunks 2")).await;
    let text: String = host.seen.iter().map(|frame| frame["params"]["text"].as_str().unwrap()).collect();
    let body = "c".repeat(64 * 1024);
    assert_eq!(text, format!("0 {body}1 {body}"));
    assert!(host.seen.iter().all(|frame| frame.to_string().len() <= 16 * 1024));
}

#[tokio::test(start_paused = true)]
async fn what_was_accepted_is_repeated_by_the_error() {
    let (frames, answer) = progress_frames_and_answer("accept-and-fail").await;
    assert_eq!(frames, [json!({"id": 1, "remoteId": "remote-7", "charged": "yes"})]);
    assert_eq!(code_of(&answer), 1201);
    let data = &answer["error"]["data"];
    assert_eq!((&data["accepted"], &data["charged"]), (&json!(true), &json!("yes")));
    assert_eq!(data["kind"], "UpstreamError");

    let (_, answer) = progress_frames_and_answer("accept-and-huge 9000000").await;
    assert_eq!(code_of(&answer), 1205);
    let data = &answer["error"]["data"];
    assert_eq!((&data["accepted"], &data["charged"]), (&json!(true), &json!("yes")));
}

async fn progress_frames_and_answer(what: &str) -> (Vec<Value>, Value) {
    let mut host = Host::new(Lab::new(1).0).await;
    let answer = host.call(1, "transform", job(what)).await;
    (host.seen.iter().map(|frame| frame["params"].clone()).collect(), answer)
}
