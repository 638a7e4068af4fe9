//! Which request a line was that is too long to be read.

use std::borrow::Cow;
use std::fmt;

use prizm_protocol::MAX_REQUEST_ID;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// Returns the id of a request that was cut off after `head`, where it can be told. Hosts put it
/// before the bulk of a frame.
pub(crate) fn id_of_truncated_request(head: &[u8]) -> Option<u64> {
    let mut found = Found::default();
    let mut json = serde_json::Deserializer::from_slice(head.trim_ascii_start());
    // The head ends in the middle of a value, so this fails; what was read before counts.
    let _ = (&mut found).deserialize(&mut json);
    found.id.filter(|id| *id <= MAX_REQUEST_ID && !found.answers)
}

#[derive(Default)]
struct Found {
    id: Option<u64>,
    answers: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Found {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Found {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'_, str>>()? {
            match &*key {
                "id" => self.id = Some(map.next_value()?),
                key => {
                    self.answers |= matches!(key, "result" | "error");
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_counts_where_it_was_read_and_the_line_is_no_answer() {
        let id = |head: &str| id_of_truncated_request(head.as_bytes());
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":7,"method":"transform","params":{"mod"#), Some(7));
        assert_eq!(id(r#"{"method":"transform","id":8,"params":{"text":"\"id\":9"#), Some(8));
        assert_eq!(id(r#"{"method":"transform","params":{"id":9"#), None);
        assert_eq!(id(r#"{"id":7,"result":{"a"#), None);
        assert_eq!(id(r#"{"id":"7","method":"transform"#), None);
        assert_eq!(id("xxxxxxxxxxxx"), None);
    }
}
