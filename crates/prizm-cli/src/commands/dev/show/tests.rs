use jiff::Timestamp;

use super::*;

fn look() -> Look {
    Look { color: false, width: None, verbose: false, quiet: false, several: false }
}

/// Returns how something looks, without the time.
fn shown(look: &Look, what: What) -> String {
    let event = Event { at: Timestamp::UNIX_EPOCH, what };
    let text = look.show(&event).unwrap_or_else(|| panic!("it is not shown")).text;
    let (clock, text) = text.split_once(' ').unwrap();
    assert_eq!((clock.len(), clock.matches(':').count()), (12, 2), "{clock}");
    text.to_owned()
}

fn frame(received: bool, kind: Kind, body: &str) -> Frame {
    Frame {
        pid: 7,
        received,
        kind,
        id: Some(3),
        method: Some("transform".to_owned()),
        call: Some("transform".to_owned()),
        body: body.to_owned(),
        cut: false,
        size: body.len(),
        elapsed: received.then_some(Duration::from_micros(12_345)),
    }
}

#[test]
fn a_frame_is_a_line() {
    let sent = || What::Frame(frame(false, Kind::Request, r#"{"model": "echo"}"#));
    assert_eq!(shown(&look(), sent()), r#"→ transform #3 {"model":"echo"}"#);
    assert_eq!(shown(&Look { several: true, ..look() }, sent()), r#"→ [7] transform #3 {"model":"echo"}"#);
    let answered = What::Frame(frame(true, Kind::Result, "{}"));
    assert_eq!(shown(&look(), answered), "← transform #3 ok 12.3 ms {}");
    let kind = |name: Option<&str>| Kind::Error { code: 1203, name: name.map(str::to_owned), message: "no".to_owned() };
    let failed = |name| shown(&look(), What::Frame(frame(true, kind(name), "{}")));
    assert_eq!(failed(Some("InvalidMedia")), "← transform #3 error 12.3 ms InvalidMedia (1203): no");
    assert_eq!(failed(None), "← transform #3 error 12.3 ms 1203: no");
    let large = Frame { cut: true, size: 8_000_000, ..frame(true, Kind::Result, r#"{"text":"abc"#) };
    assert_eq!(shown(&look(), What::Frame(large)), r#"← transform #3 ok 12.3 ms (8.0 MB) {"text":"abc"#);
    let verbose = shown(&Look { verbose: true, ..look() }, sent());
    assert_eq!(verbose, "→ transform #3\n    {\n      \"model\": \"echo\"\n    }");
}

#[test]
fn a_line_fits_the_terminal_and_steers_nothing() {
    let narrow = Look { width: Some(60), ..look() };
    for text in ["x".repeat(500), "漢字".repeat(200)] {
        let line = shown(&narrow, What::Frame(frame(false, Kind::Request, &format!("\"{text}\""))));
        assert!(measure_text_width(&line) < 60 - 13 && line.ends_with('…'), "{line}");
        let line = shown(&narrow, What::Stderr { pid: 7, line: text });
        assert!(measure_text_width(&line) < 60 - 13 && line.ends_with('…'), "{line}");
    }
    let bad = "a\x1b[2Jb\u{202e}c\nd";
    let noise = What::Noise { pid: 7, line: bad.to_owned(), size: 100, reason: "not a JSON object".to_owned() };
    assert_eq!(shown(&look(), noise), "! noise, not a JSON object: a\u{fffd}[2Jb\u{fffd}c d… (100 B)");
    let note = Event { at: Timestamp::UNIX_EPOCH, what: What::Note("x".to_owned()) };
    let note = Look { color: true, ..look() }.show(&note).unwrap().text;
    assert!(note.starts_with("\x1b[2m") && note.ends_with("\x1b[0m \x1b[35m· x\x1b[0m"), "{note:?}");
}

#[test]
fn only_the_latest_progress_of_a_call_counts() {
    let of = |look: &Look, frame: Frame| {
        look.show(&Event { at: Timestamp::UNIX_EPOCH, what: What::Frame(frame) }).and_then(|shown| shown.latest_of)
    };
    let progress =
        |id| Frame { id: Some(id), method: Some("$/progress".to_owned()), ..frame(true, Kind::Notification, "{}") };
    assert_eq!(of(&look(), progress(1)), of(&look(), progress(1)));
    assert_ne!(of(&look(), progress(1)), of(&look(), progress(2)));
    assert_eq!(of(&look(), frame(true, Kind::Result, "{}")), None);
    assert_eq!(of(&Look { verbose: true, ..look() }, progress(1)), None, "everything is wanted");
}

#[test]
fn quiet_is_results_and_errors() {
    let quiet = Look { quiet: true, ..look() };
    let is_shown = |what| quiet.show(&Event { at: Timestamp::UNIX_EPOCH, what }).is_some();
    assert!(!is_shown(What::Note("x".to_owned())) && !is_shown(What::Frame(frame(true, Kind::Result, ""))));
    assert!(is_shown(What::Error(Failure::usage("x"))));
}

#[test]
fn an_error_has_its_words_and_its_remedy() {
    let failure = Failure::usage("one\n  - two").hint("do this");
    assert_eq!(shown(&look(), What::Error(failure.clone())), "✖ error: one\n  - two\n  hint: do this");
    let failed = shown(&look(), What::Failed { error: failure, serving: true });
    assert!(failed.ends_with("\n  the one before still serves; mend it, and it is built again"), "{failed}");
    assert_eq!(few(&["a", "b", "c", "d", "e", "f"].map(str::to_owned)), "a, b, c, d and 2 more");
    for (micros, expected) in [(12_345, "12.3 ms"), (80, "0.1 ms"), (1_234_567, "1.2 s"), (125_000_000, "2 min 5 s")] {
        assert_eq!(span(Duration::from_micros(micros)), expected);
    }
}
