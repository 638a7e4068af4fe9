//! Errors that break one rule each, wherever there are any.

use serde_json::{Value, json};

use crate::channel::bend;
use crate::mode::Mode;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("errors-with-stack", "Adds a key to every error.").sends(|message| {
        let error = message.get_mut("error").and_then(Value::as_object_mut);
        error.map(|error| error.insert("stack".to_owned(), json!("provider.py:12"))).is_some()
    }),
    Mode::new("errors-without-kind", "Leaves the name out of every error that has one.")
        .sends(|message| forget(message, "kind")),
    Mode::new("errors-without-retryable", "Does not say whether to try again.")
        .sends(|message| forget(message, "retryable")),
    Mode::new("errors-of-its-own", "Refuses media with a code that nobody knows.").sends(|message| {
        let invalid = message["error"]["message"].as_str().is_some_and(|text| text.contains("leads out of"));
        invalid && bend(&mut message["error"], json!({"code": 4200, "message": "that input is not mine"}))
    }),
    Mode::new("errors-without-names", "Does not say what is wrong.").sends(|message| {
        let named = message["error"]["message"].as_str().is_some_and(|text| text.contains('`'));
        named && bend(&mut message["error"]["message"], json!("something is wrong"))
    }),
];

fn forget(message: &mut Value, key: &str) -> bool {
    let data = message.pointer_mut("/error/data").and_then(Value::as_object_mut);
    data.is_some_and(|data| data.remove(key).is_some())
}
