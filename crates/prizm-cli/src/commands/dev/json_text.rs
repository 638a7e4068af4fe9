//! JSON as people read it on a terminal: short, or spread over lines. It need not be whole: what is cut is
//! shown as far as it goes.

/// Longest string, in characters, that is shown whole in a line.
const STRING: usize = 120;
/// How much of a longer one is shown.
const STRING_SHOWN: usize = 60;
/// Most elements of a list that are shown in a line.
const ELEMENTS: usize = 8;

/// A piece of JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// `{` or `[`.
    Open(char),
    /// `}` or `]`.
    Close(char),
    Comma,
    Colon,
    /// A string with its quotes; the last may be missing.
    String(&'a str),
    /// A number, a word, or what is none.
    Atom(&'a str),
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let (token, length) = match first {
            '{' | '[' => (Token::Open(first), 1),
            '}' | ']' => (Token::Close(first), 1),
            ',' => (Token::Comma, 1),
            ':' => (Token::Colon, 1),
            '"' => {
                let end = end_of_string(rest);
                (Token::String(&rest[..end]), end)
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || "{}[],:\"".contains(c);
                let end = rest.find(ends).unwrap_or(rest.len());
                (Token::Atom(&rest[..end]), end)
            }
        };
        rest = &rest[length..];
        Some(token)
    })
}

fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Writes JSON in one line, with long strings and lists cut.
pub(super) fn compact(text: &str) -> String {
    let mut out = String::new();
    // How many elements each open list has so far; nothing for objects.
    let mut open: Vec<Option<usize>> = Vec::new();
    // The depth of the list whose further elements are counted and not shown.
    let mut skipping = None;
    for token in tokens(text) {
        match token {
            Token::Open(c) => {
                open.push((c == '[').then_some(0));
                push(&mut out, skipping, &c.to_string());
            }
            Token::Close(c) => {
                let elements = open.pop().flatten().unwrap_or(0);
                if skipping.is_some_and(|depth| depth > open.len()) {
                    skipping = None;
                    out.push_str(&format!(",…{} more", elements + 1 - ELEMENTS));
                }
                push(&mut out, skipping, &c.to_string());
            }
            Token::Comma => {
                if let Some(Some(elements)) = open.last_mut() {
                    *elements += 1;
                    if *elements == ELEMENTS && skipping.is_none() {
                        skipping = Some(open.len());
                    }
                }
                push(&mut out, skipping, ",");
            }
            Token::Colon => push(&mut out, skipping, ":"),
            Token::String(string) => push(&mut out, skipping, &short(string)),
            Token::Atom(atom) => push(&mut out, skipping, atom),
        }
    }
    out
}

fn push(out: &mut String, skipping: Option<usize>, text: &str) {
    if skipping.is_none() {
        out.push_str(text);
    }
}

/// Cuts a long string, and says how long it is.
fn short(string: &str) -> String {
    if string.chars().count() <= STRING {
        return string.to_owned();
    }
    let end = string.char_indices().nth(STRING_SHOWN).map_or(string.len(), |(at, _)| at);
    let shown = &string[..end];
    // Half an escape says nothing.
    let backslashes = shown.bytes().rev().take_while(|byte| *byte == b'\\').count();
    let shown = &shown[..end - backslashes % 2];
    format!("{shown}…\" ({})", size(string.len().saturating_sub(2) as u64))
}

/// Writes JSON over many lines, with everything that is there.
pub(super) fn pretty(text: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    let mut after_open = false;
    for token in tokens(text) {
        let closes = matches!(token, Token::Close(_));
        if after_open && !closes {
            line(&mut out, depth);
        }
        after_open = false;
        match token {
            Token::Open(c) => {
                out.push(c);
                depth += 1;
                after_open = true;
            }
            Token::Close(c) => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    line(&mut out, depth);
                }
                out.push(c);
            }
            Token::Comma => {
                out.push(',');
                line(&mut out, depth);
            }
            Token::Colon => out.push_str(": "),
            Token::String(text) | Token::Atom(text) => out.push_str(text),
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

/// Writes a number of bytes.
pub(super) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "it is rounded anyway")]
    let number = bytes as f64;
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", number / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", number / 1e6),
        _ => format!("{:.1} GB", number / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short_and_keeps_its_order() {
        let text = r#"{ "model": "echo", "b": [1, 2], "a": {"x": null, "empty": [] , "e" : {} } }"#;
        assert_eq!(compact(text), r#"{"model":"echo","b":[1,2],"a":{"x":null,"empty":[],"e":{}}}"#);
        let long = format!(r#"{{"text":"{}","n":1}}"#, "é".repeat(1000));
        assert_eq!(compact(&long), format!(r#"{{"text":"{}…" (2.0 kB),"n":1}}"#, "é".repeat(59)));
        let escapes = format!("\"{}\"", "\\\\".repeat(200));
        assert!(
            compact(&escapes).starts_with('"') && compact(&escapes).contains("\\\\…\" (400 B)"),
            "{}",
            compact(&escapes)
        );
    }

    #[test]
    fn long_lists_are_counted() {
        let list = |count: usize| format!("[{}]", (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
        assert_eq!(compact(&list(8)), "[0,1,2,3,4,5,6,7]");
        assert_eq!(compact(&list(100)), "[0,1,2,3,4,5,6,7,…92 more]");
        let nested = format!(r#"{{"a":[{0},{0}],"b":{1}}}"#, list(2), list(10));
        assert_eq!(compact(&nested), r#"{"a":[[0,1],[0,1]],"b":[0,1,2,3,4,5,6,7,…2 more]}"#);
        let objects = format!("[{}]", [r#"{"x":[1,2]}"#; 9].join(","));
        assert!(compact(&objects).ends_with(r#"{"x":[1,2]},…1 more]"#), "{}", compact(&objects));
    }

    #[test]
    fn what_is_not_whole_is_shown_as_far_as_it_goes() {
        assert_eq!(compact(r#"{"text":"abc"#), r#"{"text":"abc"#);
        assert_eq!(compact("]]}"), "]]}");
        assert_eq!(pretty("[1,"), "[\n  1,\n  ");
        assert_eq!(compact(""), "");
    }

    #[test]
    fn many_lines_have_everything() {
        let text = r#"{"a":[1,{"b":"c, {d}"}],"e":{},"f":[]}"#;
        let expected =
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"c, {d}\"\n    }\n  ],\n  \"e\": {},\n  \"f\": []\n}";
        assert_eq!(pretty(text), expected);
    }

    #[test]
    fn sizes_are_for_people() {
        assert_eq!([999, 1000, 1_234_567, 5_000_000_000].map(size), ["999 B", "1.0 kB", "1.2 MB", "5.0 GB"]);
    }
}
