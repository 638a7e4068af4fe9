//! The command that starts an instance by hand.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::Instance;

impl Instance {
    /// Returns the command that starts it by hand.
    pub fn start_command(&self) -> String {
        let mut words =
            vec!["prizm".to_owned(), "service".to_owned(), "start".to_owned(), self.spec.identifier.clone()];
        for (key, value) in &self.spec.without_secrets(&self.spec.asked) {
            words.extend(["--set".to_owned(), format!("{key}={}", as_set(value))]);
        }
        shlex::try_join(words.iter().map(String::as_str)).unwrap_or_default()
    }
}

/// Writes a value as `--set` reads it: JSON where it is JSON, else a text.
fn as_set(value: &Value) -> String {
    let plain = value.as_str().filter(|text| serde_json::from_str::<IgnoredAny>(text).is_err());
    plain.map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_reads_back_as_the_same_value() {
        for value in [
            json!("5"),
            json!(5),
            json!("true"),
            json!(" null\n"),
            json!("\"quoted\""),
            json!("[1,"),
            json!("a b"),
            json!(""),
            json!("1e999"),
            json!({"a": ["5", 5]}),
        ] {
            let text = as_set(&value);
            let read = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
            assert_eq!(read, value, "{text}");
        }
        assert_eq!((as_set(&json!("a b")), as_set(&json!("5"))), ("a b".to_owned(), "\"5\"".to_owned()));
    }
}
