//! Frames that are too long, and a host that does not read.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::host::{Host, code_of, job, text_of};
use crate::lab::Lab;

const LIMIT: usize = 64 * 1024;

#[tokio::test(start_paused = true)]
async fn an_oversized_request_is_refused_by_its_id_and_the_next_one_is_read() {
    let mut host = Host::with_limit(Lab::new(1).0, LIMIT).await;
    let frame = json!({"jsonrpc": "2.0", "id": 5, "method": "transform", "params": job(&"x".repeat(300_000))});
    // `id` comes first on the wire, as hosts write it.
    let frame = frame.to_string().replacen("\"id\":5,", "", 1).replacen('{', "{\"id\":5,", 1);
    host.raw(format!("{frame}\n").as_bytes()).await;
    let answer = host.answer().await;
    assert_eq!((&answer["id"], code_of(&answer)), (&json!(5), 1205));
    let data = &answer["error"]["data"];
    assert_eq!((data["size"].as_u64(), data["limit"].as_u64()), (Some(frame.len() as u64), Some(LIMIT as u64)));
    host.raw(&[b'z'; 500_000]).await;
    host.raw(b"\n").await;
    host.assert_alive().await;
}

#[tokio::test(start_paused = true)]
async fn an_oversized_answer_becomes_an_error_with_size_and_limit() {
    let mut host = Host::with_limit(Lab::new(1).0, LIMIT).await;
    let answer = host.call(1, "transform", job("huge 100000")).await;
    assert_eq!(code_of(&answer), 1205);
    let data = &answer["error"]["data"];
    assert_eq!((data["kind"].as_str(), data["limit"].as_u64()), (Some("FrameTooLarge"), Some(LIMIT as u64)));
    assert!((100_000..101_000).contains(&data["size"].as_u64().unwrap()), "{data}");
    assert_eq!(text_of(&host.call(2, "transform", job("huge 1000")).await).len(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_read_makes_the_work_wait() {
    let (lab, seen) = Lab::new(1);
    let mut host = Host::new(lab).await;
    host.transform(1, "chunks 500").await;
    // Time jumps only when nobody can do anything, so by then the work has come as far as it can.
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let sent = seen.chunks.load(Ordering::SeqCst);
    assert!((16..=20).contains(&sent), "{sent} chunks of 64 KiB were taken");
    let answer = host.answer().await;
    assert_eq!(answer["id"], 1);
    assert_eq!(host.seen.len(), 500, "nothing was lost");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_asks_and_never_reads_is_not_heard_for_ever() {
    let mut host = Host::new(Lab::new(64).0).await;
    let answer = "a".repeat(1024 * 1024);
    let mut asked = 0u64;
    // The provider stops reading once enough is unanswered; then the host's own writes wait.
    while asked < 200 {
        asked += 1;
        let sending = host.transform(asked, &answer);
        if tokio::time::timeout(std::time::Duration::from_secs(60), sending).await.is_err() {
            break;
        }
    }
    assert!((16..120).contains(&asked), "{asked} requests of 1 MiB were taken");
}

#[tokio::test(start_paused = true)]
async fn progress_that_nobody_reads_is_dropped_but_for_the_last() {
    let mut host = Host::new(Lab::new(2).0).await;
    host.transform(1, "chunks 100").await;
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    host.transform(2, "progress-burst 10000").await;
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    for _ in 0..2 {
        host.answer().await;
    }
    let progress: Vec<&Value> = host.seen.iter().filter(|frame| frame["method"] == "$/progress").collect();
    assert_eq!(progress.len(), 1, "{progress:?}");
    assert_eq!(progress[0]["params"]["fraction"], 0.9999);
}
