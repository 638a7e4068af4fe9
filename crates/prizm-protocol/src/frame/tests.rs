use proptest::prelude::*;

use super::*;

#[derive(Debug, PartialEq)]
enum Owned {
    Whole(Vec<u8>),
    Oversized(u64, Option<u64>),
}

fn decode(limit: usize, chunks: &[&[u8]]) -> Vec<Owned> {
    let mut decoder = LineDecoder::new(limit);
    let mut lines = Vec::new();
    let mut sink = |line: Line<'_>| {
        lines.push(match line {
            Line::Whole(bytes) => Owned::Whole(bytes.to_vec()),
            Line::Oversized { size, id, .. } => Owned::Oversized(size, id),
        });
    };
    for chunk in chunks {
        decoder.feed(chunk, &mut sink);
    }
    decoder.finish(&mut sink);
    lines
}

fn whole(line: &str) -> Owned {
    Owned::Whole(line.as_bytes().to_vec())
}

#[test]
fn lines_end_in_lf_or_crlf_and_blank_ones_are_skipped() {
    assert_eq!(decode(64, &[b"\n\na\r\n \t\n\r\nb\n"]), [whole("a"), whole("b")]);
}

#[test]
fn a_byte_order_mark_is_skipped_at_the_start_only() {
    let bom = "\u{feff}";
    let input = format!("{bom}a\n{bom}b\n");
    assert_eq!(decode(64, &[input.as_bytes()]), [whole("a"), whole("\u{feff}b")]);
}

#[test]
fn a_last_line_without_an_end_is_handed_out() {
    assert_eq!(decode(64, &[b"a\nb"]), [whole("a"), whole("b")]);
}

#[test]
fn an_oversized_line_is_discarded_and_the_next_one_is_read() {
    let long = format!("{}\nnext\n", "x".repeat(100_000));
    let chunks: Vec<&[u8]> = long.as_bytes().chunks(777).collect();
    assert_eq!(decode(5_000, &chunks), [Owned::Oversized(100_000, None), whole("next")]);
    assert_eq!(decode(5_000, &[long.as_bytes()]), [Owned::Oversized(100_000, None), whole("next")]);
}

#[test]
fn an_oversized_response_tells_its_call() {
    let body = "y".repeat(50_000);
    let cases = [
        (format!(r#"{{"jsonrpc":"2.0","id":7,"result":"{body}"}}"#), Some(7)),
        (format!(r#" {{ "id" : 8 , "result":{{"a":["{body}"]}}}}"#), Some(8)),
        (format!(r#"{{"jsonrpc":"2.0","result":"{body}","id":7}}"#), None),
        (format!(r#"{{"jsonrpc":"2.0","id":7,"method":"x","params":"{body}"}}"#), None),
        (format!(r#"{{"jsonrpc":"2.0","id":null,"result":"{body}"}}"#), None),
        (format!(r#"{{"id":"7","result":"{body}"}}"#), None),
    ];
    for (line, id) in cases {
        let size = line.len() as u64;
        assert_eq!(decode(10_000, &[line.as_bytes(), b"\n"]), [Owned::Oversized(size, id)], "{line:.60}");
    }
}

#[test]
fn an_oversized_line_holds_only_its_head() {
    let mut decoder = LineDecoder::new(1 << 20);
    for _ in 0..1000 {
        decoder.feed(&[b'x'; 65536], |_| panic!("no line ends here"));
    }
    assert!(format!("{decoder:?}").len() < 64 * 1024);
}

#[test]
fn messages_are_told_apart() {
    use Noise::*;
    let cases: &[(&str, Result<&str, Noise>)] = &[
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, Ok("request")),
        (r#"{"jsonrpc":"2.0","method":"exit"}"#, Ok("notification")),
        (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, Ok("result")),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""},"extra":1}"#, Ok("error")),
        (r#"  {"jsonrpc":"2.0","id":9007199254740991,"result":{}}  "#, Ok("result")),
        (r#"{"jsonrpc":"2.0","id":9007199254740992,"result":{}}"#, Err(BadId)),
        (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, Err(BadId)),
        (r#"{"jsonrpc":"2.0","id":"1","result":{}}"#, Err(BadId)),
        (r#"{"jsonrpc":"2.0","id":-1,"result":{}}"#, Err(BadId)),
        (r#"{"jsonrpc":"2.0","id":1.0,"result":{}}"#, Err(BadId)),
        (r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#, Err(BadShape)),
        (r#"{"jsonrpc":"2.0","id":1,"method":"m","result":{}}"#, Err(BadShape)),
        (r#"{"jsonrpc":"2.0","id":1}"#, Err(BadShape)),
        (r#"{"jsonrpc":"2.0","result":1}"#, Err(BadShape)),
        (r#"{"jsonrpc":"1.0","id":1,"result":{}}"#, Err(NotJsonRpc)),
        (r#"{"id":1,"result":{}}"#, Err(NotJsonRpc)),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#, Err(BadJson)),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}"#, Err(BadJson)),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}} trailing"#, Err(BadJson)),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"a"}]"#, Err(NotAnObject)),
        ("Loading model weights...", Err(NotAnObject)),
        ("", Err(NotAnObject)),
    ];
    for (line, expected) in cases {
        let told = classify(line.as_bytes()).map(|message| match message {
            Message::Request { .. } => "request",
            Message::Notification { .. } => "notification",
            Message::Response { outcome: Ok(_), .. } => "result",
            Message::Response { outcome: Err(_), .. } => "error",
        });
        assert_eq!(&told, expected, "{line}");
    }
    assert_eq!(classify(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\"}").unwrap_err(), BadJson);
}

#[test]
fn deep_nesting_is_no_stack_overflow() {
    let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let Ok(Message::Response { outcome: Ok(raw), .. }) = classify(deep.as_bytes()) else { return };
    assert!(serde_json::from_str::<serde_json::Value>(raw.get()).is_err());
}

#[test]
fn a_frame_has_a_line_feed_on_both_sides() {
    let frame = encode(&Notification::new("$/log", serde_json::json!({"message": "a\nb"}))).unwrap();
    assert_eq!(frame, b"\n{\"jsonrpc\":\"2.0\",\"method\":\"$/log\",\"params\":{\"message\":\"a\\nb\"}}\n");
    let error = crate::ErrorObject::new(-32601, "no");
    let frame = encode(&Response::<()>::new(4, Err(error))).unwrap();
    assert_eq!(frame, b"\n{\"jsonrpc\":\"2.0\",\"id\":4,\"error\":{\"code\":-32601,\"message\":\"no\"}}\n");
}

proptest! {
    #[test]
    fn any_bytes_in_any_chunks_give_the_same_lines(
        bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'{'), any::<u8>()], 0..400),
        cut in 1_usize..40,
        limit in 1_usize..64,
    ) {
        let chunks: Vec<&[u8]> = bytes.chunks(cut).collect();
        prop_assert_eq!(decode(limit, &chunks), decode(limit, &[&bytes]));
    }

    #[test]
    fn noise_never_hides_the_frame_after_it(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut input = noise;
        input.extend(b"\n{\"jsonrpc\":\"2.0\",\"id\":42,\"result\":{}}\n");
        let lines = decode(128, &[&input]);
        let Some(Owned::Whole(last)) = lines.last() else { panic!("no last line") };
        let is_the_frame = matches!(classify(last), Ok(Message::Response { id: 42, .. }));
        prop_assert!(is_the_frame);
        for line in &lines {
            if let Owned::Whole(line) = line { let _ = classify(line); }
        }
    }
}
