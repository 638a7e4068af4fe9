//! What a line of the host's is.

use serde_json::Value;

/// What some runtimes write before the first line.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A request.
pub struct Request {
    /// Its id.
    pub id: u64,
    /// Its method.
    pub method: String,
    /// Its parameters; null where there are none.
    pub params: Value,
}

/// A line that was read.
pub enum Message {
    /// The host asks.
    Request(Request),
    /// The host tells: a method and its parameters.
    Notification(String, Value),
    /// The host answers what it was asked.
    Answer(u64, Value),
    /// It is no JSON-RPC object, or none that can be answered.
    Noise,
}

impl Message {
    /// Tells what a line is.
    pub fn of_line(line: &[u8]) -> Self {
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        let Ok(Value::Object(mut object)) = serde_json::from_slice(line) else { return Self::Noise };
        if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Self::Noise;
        }
        let params = object.remove("params").unwrap_or_default();
        let method = object.get("method").and_then(Value::as_str).map(str::to_owned);
        match (method, object.get("id").map(Value::as_u64)) {
            (Some(method), Some(Some(id))) => Self::Request(Request { id, method, params }),
            (Some(method), None) => Self::Notification(method, params),
            (None, Some(Some(id))) => Self::Answer(id, Value::Object(object)),
            _ => Self::Noise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_messages_are_told_apart() {
        let word = |line: &str| match Message::of_line(line.as_bytes()) {
            Message::Request(request) => format!("{} {} {}", request.method, request.id, request.params),
            Message::Notification(method, params) => format!("{method} {params}"),
            Message::Answer(id, answer) => format!("answer {id} {}", answer["error"]["code"]),
            Message::Noise => "noise".to_owned(),
        };
        for (line, expected) in [
            (r#"{"jsonrpc":"2.0","id":9007199254740991,"method":"ping"}"#, "ping 9007199254740991 null"),
            ("\u{feff}{\"jsonrpc\":\"2.0\",\"method\":\"exit\",\"params\":{}}", "exit {}"),
            (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601}}"#, "answer 1 -32601"),
            (r#"{"id":1,"method":"ping"}"#, "noise"),
            (r#"{"jsonrpc":"2.0","id":"1","method":"ping"}"#, "noise"),
            (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, "noise"),
            ("null", "noise"),
            ("\u{0}", "noise"),
        ] {
            assert_eq!(word(line), expected, "{line}");
        }
    }
}
