//! What a line of stdout is: a frame, a frame that broke, or noise.

use prizm_protocol::frame::{self, Message as Wire, Noise};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::transcript::{Message, Received};

/// The most lines over which one object is followed.
const SPREAD_LINES: usize = 500;
const SPREAD_BYTES: usize = 64 * 1024;

/// Tells what a line is.
pub(crate) fn classify(line: &[u8]) -> Received {
    match frame::classify(line) {
        Ok(message) => read(message),
        Err(Noise::BadId) => Received::BadId(id_as_written(line)),
        Err(Noise::BadShape) => Received::Broken("it is neither a request, a notification nor a response".to_owned()),
        Err(Noise::NotJsonRpc) if is_frame_like(line) => {
            Received::Broken("`jsonrpc` is missing or is not \"2.0\"".to_owned())
        }
        Err(Noise::NotAnObject) if is_batch(line) => Received::Broken("it is a batch".to_owned()),
        Err(Noise::BadJson | Noise::NotAnObject) if holds(line, b"\"jsonrpc\"") => Received::Broken(broken(line)),
        Err(_) => Received::Noise,
    }
}

fn read(message: Wire<'_>) -> Received {
    let value = |raw: &RawValue| serde_json::from_str::<Value>(raw.get());
    let message = match message {
        Wire::Request { method, .. } => Ok(Message::Request { method: method.into_owned() }),
        Wire::Notification { method, params } => params
            .map_or(Ok(Value::Null), value)
            .map(|params| Message::Notification { method: method.into_owned(), params }),
        Wire::Response { id, outcome: Ok(result) } => {
            value(result).map(|result| Message::Answer { id, outcome: Ok(result) })
        }
        Wire::Response { id, outcome: Err(error) } => {
            value(error).map(|error| Message::Answer { id, outcome: Err(error) })
        }
    };
    match message {
        Ok(message) => Received::Frame(message),
        // The envelope is well formed; what it holds is nested too deep to be read.
        Err(error) => Received::Broken(format!("it cannot be read: {error}")),
    }
}

fn broken(line: &[u8]) -> String {
    let line = line.trim_ascii();
    if std::str::from_utf8(line).is_err() {
        return "it is not UTF-8".to_owned();
    }
    if !line.starts_with(b"{") {
        return "other text stands on its line".to_owned();
    }
    match serde_json::from_slice::<Value>(line) {
        Err(error) => format!("it is not JSON: {error}"),
        Ok(_) => "it has a key twice".to_owned(),
    }
}

/// Whether an object would be a frame if it only said so.
fn is_frame_like(line: &[u8]) -> bool {
    let Ok(Value::Object(object)) = serde_json::from_slice(line) else { return false };
    let has = |key: &str| object.contains_key(key);
    has("jsonrpc") || (has("id") && (has("result") || has("error"))) || (has("method") && has("params"))
}

fn is_batch(line: &[u8]) -> bool {
    let Ok(Value::Array(items)) = serde_json::from_slice(line.trim_ascii()) else { return false };
    items.iter().any(|item| item.get("jsonrpc").is_some())
}

fn id_as_written(line: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Id<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    let id = serde_json::from_slice::<Id<'_>>(line.trim_ascii()).map(|found| found.id.get().chars().take(80).collect());
    id.unwrap_or_default()
}

fn holds(line: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(line, needle).is_some()
}

/// Finds an object that is spread over several lines, as a pretty-printer writes it.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    text: Vec<u8>,
    lines: usize,
}

impl Spread {
    /// Takes the next line that is no frame. Returns how many lines back a frame began that ends with it.
    pub(crate) fn noise(&mut self, line: &[u8]) -> Option<usize> {
        let line = line.trim_ascii();
        if self.lines == 0 && !matches!(line, b"{" | b"[") {
            return None;
        }
        if self.lines == SPREAD_LINES || self.text.len() + line.len() > SPREAD_BYTES {
            self.forget();
            return None;
        }
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        self.lines += 1;
        if !line.ends_with(b"}") && !line.ends_with(b"]") {
            return None;
        }
        let value: Value = serde_json::from_slice(&self.text).ok()?;
        let lines = self.lines;
        self.forget();
        value.get("jsonrpc").is_some().then_some(lines)
    }

    /// A frame came: what was collected was no object.
    pub(crate) fn forget(&mut self) {
        self.text.clear();
        self.lines = 0;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn frames_are_read() {
        let answer = Message::Answer { id: 1, outcome: Ok(json!({})) };
        assert_eq!(classify(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#), Received::Frame(answer));
        let note = Message::Notification { method: "$/log".to_owned(), params: json!({"level": "info"}) };
        assert_eq!(classify(br#"{"jsonrpc":"2.0","method":"$/log","params":{"level":"info"}}"#), Received::Frame(note));
    }

    #[test]
    fn what_broke_is_told_from_noise() {
        let why = |line: &str| match classify(line.as_bytes()) {
            Received::Broken(why) => why,
            other => format!("{other:?}"),
        };
        assert!(why(r#"{"id":1,"result":{}}"#).contains("is missing"));
        assert!(why(r#"{"jsonrpc":"2.0","id":1,"result":{}} x"#).contains("not JSON"));
        assert!(why(r#"Loading...{"jsonrpc":"2.0","id":1,"result":{}}"#).contains("other text"));
        assert!(why(r#"[{"jsonrpc":"2.0","id":1,"result":{}}]"#).contains("batch"));
        assert!(why(r#"{"jsonrpc":"2.0","id":1}"#).contains("neither"));
        assert!(why(r#"{"jsonrpc":"2.0","id":1,"id":1,"result":{}}"#).contains("twice"));
        let deep = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{}{}}}"#, "[".repeat(2000), "]".repeat(2000));
        assert!(why(&deep).starts_with("it "), "{}", why(&deep));
        assert_eq!(
            classify(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\"}"),
            Received::Broken("it is not UTF-8".into())
        );
        for noise in ["Loading weights", "{'a': 1}", r#"{"level":"info","msg":"x"}"#, "[1, 2]", "null"] {
            assert_eq!(classify(noise.as_bytes()), Received::Noise, "{noise}");
        }
    }

    #[test]
    fn a_bad_id_is_quoted() {
        for id in ["null", "\"1\"", "1.5", "-1", "9007199254740992"] {
            let line = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
            assert_eq!(classify(line.as_bytes()), Received::BadId(id.to_owned()));
        }
    }

    #[test]
    fn a_frame_over_several_lines_is_found() {
        let pretty = serde_json::to_string_pretty(&json!({"jsonrpc": "2.0", "id": 1, "result": {"a": []}})).unwrap();
        let mut spread = Spread::default();
        let found: Vec<_> = pretty.lines().map(|line| spread.noise(line.as_bytes())).collect();
        assert_eq!(found.last(), Some(&Some(pretty.lines().count())));
        assert!(found[..found.len() - 1].iter().all(Option::is_none));
        assert_eq!(spread.noise(b"plain"), None);
        let other = serde_json::to_string_pretty(&json!({"a": {"b": 1}})).unwrap();
        assert!(other.lines().all(|line| spread.noise(line.as_bytes()).is_none()));
    }
}
