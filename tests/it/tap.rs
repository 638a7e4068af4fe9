//! A tap hears all that passes, in the order of the wire, and no secret.

use std::sync::{Arc, Mutex, PoisonError};

use prizm_host::{Call, Frame, FrameKind, Heard, Plugin, PluginCommand, Tap};
use prizm_protocol::Capability;
use prizm_protocol::methods::configure::ConfigureParams;
use prizm_tests::{Lab, ask, program, quiet, said, within};
use serde_json::{Value, json};

/// What a tap heard, a line each: who, what, and the body where it matters.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<String>>>);

impl Record {
    fn tap(&self) -> Tap {
        let lines = Arc::clone(&self.0);
        Tap::new(move |pid, heard| {
            assert_ne!(pid, 0);
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line(heard));
        })
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn position(&self, part: &str) -> usize {
        let lines = self.lines();
        lines.iter().position(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part}: {lines:#?}"))
    }
}

fn line(heard: &Heard<'_>) -> String {
    match heard {
        Heard::Started { command } => format!("started {}", command.split(' ').next().unwrap_or_default()),
        Heard::Sent(frame) => format!("→ {}", frame_line(frame)),
        Heard::Received(frame) => format!("← {}", frame_line(frame)),
        Heard::Noise { line, size, reason } => format!("noise {line} ({size}): {reason}"),
        Heard::Stderr { line } => format!("stderr {line}"),
        Heard::Ended { how, failed, hint } => format!("ended {how}, failed: {failed}, hint: {}", hint.is_some()),
        other => format!("{other:?}"),
    }
}

fn frame_line(frame: &Frame<'_>) -> String {
    let kind = match &frame.kind {
        FrameKind::Request => "request".to_owned(),
        FrameKind::Notification => "notification".to_owned(),
        FrameKind::Result => "result".to_owned(),
        FrameKind::Error { code, kind, message } => format!("error {code} {kind:?} {message}"),
    };
    assert!(frame.size >= frame.body.len() || frame.cut, "{frame:?}");
    let timed = if frame.elapsed.is_some() { " timed" } else { "" };
    format!("{} of {} {kind}{timed}", frame.method.unwrap_or("-"), frame.call.unwrap_or("-"))
}

fn tapped(lab: &Lab, mode: &str) -> (prizm_host::Plugin, Record) {
    let record = Record::default();
    let plugin = lab.plugin_with(mode, |spec| spec.tap = Some(record.tap()));
    (plugin, record)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_is_heard_from_the_first_frame_to_the_last() {
    let lab = crate::lab();
    let (plugin, record) = tapped(&lab, "good");
    let options = json!({"progress": 1, "chunks": 1}).as_object().unwrap().clone();
    let call = Call { options, ..ask("hello") };
    assert_eq!(said(&within(20, "good", plugin.transform(call, quiet)).await.unwrap()), "hello");
    lab.close(&plugin).await;
    let expected = [
        &format!("started {}", crate::HOSTILE),
        "→ initialize of initialize request",
        "← initialize of initialize result timed",
        "→ configure of configure request",
        "← configure of configure result timed",
        "→ transform of transform request",
        "← $/progress of transform notification",
        "← $/chunk of transform notification",
        "← transform of transform result timed",
        "→ shutdown of shutdown request",
        "← shutdown of shutdown result timed",
        "→ exit of - notification",
        "ended the plugin was stopped, failed: false, hint: false",
    ];
    assert_eq!(record.lines(), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_are_heard_in_order() {
    let lab = crate::lab();
    let (plugin, record) = tapped(&lab, "good");
    let calls = (0..100).map(|number| {
        let plugin = plugin.clone();
        tokio::spawn(async move { plugin.transform(ask(&number.to_string()), quiet).await.map(|_| ()) })
    });
    for call in futures_util::future::join_all(calls.collect::<Vec<_>>()).await {
        call.unwrap().unwrap();
    }
    lab.close(&plugin).await;
    // Every answer knows its call, so none came before it.
    let count = |part: &str| record.lines().iter().filter(|line| line.starts_with(part)).count();
    assert_eq!(count("→ transform of transform request"), 100);
    assert_eq!(count("← transform of transform result timed"), 100);
    assert_eq!(count("← - "), 0, "{:#?}", record.lines());
}

#[tokio::test]
async fn noise_stderr_refusals_and_the_end_are_heard_where_they_happen() {
    let lab = crate::lab();
    let (plugin, record) = tapped(&lab, "fake-response-unknown-id");
    within(20, "noise", plugin.transform(ask("hello"), quiet)).await.unwrap();
    let noise = record.position("it answers no pending request");
    assert!(record.position("→ transform") < noise && noise < record.position("← transform"));
    assert!(!record.lines().iter().any(|line| line.starts_with("← - ")), "{:#?}", record.lines());
    lab.close(&plugin).await;

    let (plugin, record) = tapped(&lab, "sends-request");
    within(20, "request", plugin.transform(ask("hello"), quiet)).await.unwrap();
    let refused = record.position("→ - of - error -32601");
    assert_eq!(record.lines()[refused - 1], "← host/anything of - request", "{:#?}", record.lines());
    lab.close(&plugin).await;

    let (plugin, record) = tapped(&lab, "accepted-then-crash");
    within(20, "crash", plugin.transform(ask("hello"), quiet)).await.unwrap_err();
    let stderr = record.position("stderr error: lost the connection to the remote system");
    let end = record.position("ended the plugin ended: exit code 5, failed: true, hint: true");
    assert!(stderr < end && end == record.lines().len() - 1, "{:#?}", record.lines());
    lab.close(&plugin).await;
}

#[tokio::test]
async fn one_that_fails_its_handshake_is_heard_to_the_end() {
    let lab = crate::lab();
    let (plugin, record) = tapped(&lab, "unknown-capability");
    within(20, "unknown-capability", plugin.start()).await.unwrap_err();
    prizm_tests::eventually("its end", || {
        let lines = record.lines();
        lines.last().is_some_and(|line| line.starts_with("ended the plugin was given up")).then_some(())
    })
    .await;
    assert_eq!(record.lines()[2], "← initialize of initialize result timed");
    lab.close(&plugin).await;
}

#[tokio::test]
async fn no_secret_is_heard() {
    let lab = crate::lab();
    let heard: Arc<Mutex<String>> = Arc::default();
    let keep = Arc::clone(&heard);
    let tap = Tap::new(move |_, heard| keep.lock().unwrap().push_str(&format!("{heard:?}\n")));
    let plugin = lab.plugin_with("leaks-secret", |spec| spec.tap = Some(tap));
    let Value::Object(config) = json!({"apiKey": "sk-first-0123456789"}) else { unreachable!() };
    plugin.configure(ConfigureParams { config, ..ConfigureParams::default() }).await.unwrap();
    within(20, "leaks-secret", plugin.transform(ask("hello"), quiet)).await.unwrap_err();
    lab.close(&plugin).await;
    let heard = heard.lock().unwrap();
    assert!(heard.contains("\\\"apiKey\\\":\\\"***\\\"") && heard.contains("401 for ***"), "{heard}");
    assert!(!heard.contains("sk-first"), "{heard}");
}

#[tokio::test]
async fn an_estimate_is_asked_for_and_may_not_be_there() {
    let lab = crate::lab();
    let call = || Call::new("echo", Capability::TEXT_TO_TEXT).text("hello");
    let plugin = lab.plugin("good");
    let estimate = within(20, "estimate", plugin.estimate(call())).await.unwrap();
    assert_eq!(estimate.time_ms, Some(0));
    lab.close(&plugin).await;
    let plugin = Plugin::new(lab.spec(PluginCommand::new(program("examples/echo"))));
    let error = within(20, "estimate", plugin.estimate(call())).await.unwrap_err();
    assert_eq!((error.rpc().unwrap().code, error.hint()), (-32601, Some("the plugin does not implement it")));
    lab.close(&plugin).await;
}
