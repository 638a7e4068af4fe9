//! The types of fields.

use serde_json::Value;

use super::quoted;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Type {
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An integer from 0 to 2^53−1.
    Count,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// An object.
    Object,
    /// A list.
    List,
    /// A list of texts.
    Texts,
}

/// Whether a field is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Need {
    /// It must be.
    Must,
    /// It may be.
    May,
    /// It may be, and `null` is as if it were not.
    Null,
}

/// A field: its name, what it holds, and whether it is there.
pub(super) type Field = (&'static str, Type, Need);

/// Returns what is wrong with the fields of a value, which is an object.
pub(super) fn wrong(what: &str, value: &Value, fields: &[Field]) -> Option<String> {
    let Some(object) = value.as_object() else {
        return Some(format!("{what} is {}, not an object", quoted(value)));
    };
    fields.iter().find_map(|(name, holds, need)| match object.get(*name) {
        None => (*need == Need::Must).then(|| format!("{what} has no `{name}`")),
        Some(Value::Null) if *need == Need::Null => None,
        Some(value) => {
            holds.refuses(value).map(|expected| format!("`{name}` of {what} is {}, not {expected}", quoted(value)))
        }
    })
}

impl Type {
    fn refuses(self, value: &Value) -> Option<String> {
        let is_texts = || value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        let (fits, expected) = match self {
            Self::Text => (value.is_string(), "text"),
            Self::Word(words) => {
                let fits = value.as_str().is_some_and(|word| words.contains(&word));
                return (!fits).then(|| format!("one of {}", words.join(", ")));
            }
            Self::Count => (value.as_u64().is_some_and(|count| count < 1 << 53), "an integer from 0 to 2^53−1"),
            Self::Number => (value.is_number(), "a number"),
            Self::Flag => (value.is_boolean(), "true or false"),
            Self::Object => (value.is_object(), "an object"),
            Self::List => (value.is_array(), "a list"),
            Self::Texts => (is_texts(), "a list of texts"),
        };
        (!fits).then(|| expected.to_owned())
    }
}
