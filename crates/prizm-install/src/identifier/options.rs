//! What may follow the `?` of a source.

use super::malformed;
use crate::Error;

/// Reads a query that may hold one key.
pub(super) fn only<'a>(text: &str, query: &'a str, key: &str) -> Result<&'a str, Error> {
    let hint = format!("nothing but `?{key}=…` may follow");
    match query.split_once('=') {
        Some((name, value)) if name == key && !value.is_empty() && !value.contains(['&', '?', '#']) => Ok(value),
        Some((name, "")) if name == key => Err(malformed(text, format!("`?{key}=` says nothing")).with_hint(hint)),
        _ => Err(malformed(text, format!("`?{}` is not understood", query.escape_debug())).with_hint(hint)),
    }
}
