//! What nobody asked for, around an answer that is good; and secrets that are said aloud.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use prizm_host::{ErrorKind, Event};
use prizm_protocol::methods::configure::ConfigureParams;
use prizm_tests::{ask, quiet, said, within};
use serde_json::{Value, json};

use crate::check::{all, check_tolerated, recovers, started};
use crate::probe::Probe;

const TOLERATED: &[(&str, &str)] = &[
    ("noise-between-frames", "hello"),
    ("noise-between-frames --count 4000", "hello"),
    ("ansi-spinner", "hello"),
    ("json-not-rpc", "hello"),
    ("fake-response-unknown-id", "hello"),
    ("null-id", "hello"),
    ("string-id", "hello"),
    ("duplicate-response", "the first answer"),
    ("result-then-error", "hello"),
    ("unknown-notification", "hello"),
    ("from-the-future", "hello"),
    ("sends-request", "the host answered: -32601"),
    ("floods-requests", "hello"),
    ("close-stderr", "hello"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_breaks_nothing() {
    all(TOLERATED, check_tolerated).await;
}

#[tokio::test]
async fn requests_without_end_take_no_memory() {
    let lab = crate::lab();
    let report = Probe::start(&lab, "memory", &lab.hostile("floods-requests --count 60000")).report().await;
    assert_eq!(report["said"], "hello", "{report}");
    assert!(report["growth"].as_u64().unwrap() < 40 << 20, "{report}");
    assert_eq!(lab.confessions("floods-requests"), 1);
    lab.processes().gone_within(5).await;
}

#[tokio::test]
async fn a_plugin_from_the_future_is_understood_as_far_as_can_be() {
    let (lab, plugin) = started("from-the-future", |_| {}).await;
    let mut fractions = Vec::new();
    let outcome = plugin.transform(ask("hello"), |event| match event {
        Event::Progress(progress) => fractions.push(progress.fraction),
        other => panic!("{other:?}"),
    });
    assert_eq!(said(&within(20, "from-the-future", outcome).await.unwrap()), "hello");
    assert_eq!(fractions, [Some(0.5)]);
    let error = within(20, "from-the-future", plugin.transform(ask("fail"), quiet)).await.unwrap_err();
    let rpc = error.rpc().unwrap();
    assert_eq!((error.kind(), rpc.code, rpc.message.as_str()), (ErrorKind::Provider, 1999, "too hot"), "{error:?}");
    assert_eq!((rpc.details().kind.as_deref(), rpc.details().retryable), (Some("Overheated"), Some(true)));
    recovers(&plugin, "from-the-future").await;
    lab.close(&plugin).await;
}

/// What `tracing` writes.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<u8>>>);

impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_secret_is_hidden_wherever_the_plugin_says_it() {
    let journal = Journal::default();
    let writer = journal.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    // The runtime has this thread alone, so that all that the host logs comes here.
    let _logs = tracing::subscriber::set_default(subscriber.finish());
    let lab = crate::lab();
    let plugin = lab.plugin("leaks-secret");
    let secret = |key: &str| {
        let Value::Object(config) = json!({"apiKey": key}) else { unreachable!() };
        ConfigureParams { config, ..ConfigureParams::default() }
    };
    for key in ["sk-first-0123456789", "sk-second-9876543210"] {
        plugin.configure(secret(key)).await.unwrap();
        let mut events = Vec::new();
        let error =
            within(20, "leaks-secret", plugin.transform(ask("hello"), |event| events.push(event))).await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Provider, "401 for ***"), "{error:?}");
        assert!(error.stderr().iter().any(|line| line.contains("?key=*** failed")), "{error:?}");
        assert!(
            matches!(&events[..], [Event::Progress(p)] if p.message.as_deref() == Some("trying ***")),
            "{events:?}"
        );
        let said = format!("{error:?} {:?} {events:?}", error.rpc());
        assert!(!said.contains(key), "{said}");
    }
    let journal = String::from_utf8(journal.0.lock().unwrap().clone()).unwrap();
    assert!(journal.contains("key *** was refused") && journal.contains("debug: ***"), "{journal}");
    assert!(!journal.contains("sk-first") && !journal.contains("sk-second"), "{journal}");
    assert_eq!(lab.confessions("leaks-secret"), 2);
    recovers(&plugin, "leaks-secret").await;
    lab.close(&plugin).await;
}
