//! What is done to every schema before it is published.

use serde_json::{Map, Value};

/// Makes running text of descriptions, and takes out what says something to Rust only.
///
/// # Errors
/// A description names something that only readers of the Rust documentation know.
pub fn schema(value: &mut Value) -> Result<(), String> {
    match value {
        Value::Object(object) => {
            if object.get("format").and_then(Value::as_str).is_some_and(is_of_rust) {
                object.shift_remove("format");
            }
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = running(text)?;
            }
            object.values_mut().try_for_each(schema)?;
            describe_first(object);
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(schema),
        _ => Ok(()),
    }
}

/// Puts the words before what they describe.
fn describe_first(object: &mut Map<String, Value>) {
    let heads = ["$schema", "$id", "title", "description"];
    if object.get("description").is_some_and(Value::is_string) {
        let mut old = std::mem::take(object);
        object.extend(heads.iter().filter_map(|head| old.shift_remove_entry(*head)));
        object.extend(old);
    }
}

/// The formats that schemars gives to numbers.
fn is_of_rust(format: &str) -> bool {
    ["uint", "int", "double", "float"].iter().any(|word| format.starts_with(word))
}

/// Joins the lines of each paragraph, and ends before the first example in Rust.
pub fn running(text: &str) -> Result<String, String> {
    let text = text.split("```").next().unwrap_or_default().trim();
    if text.contains("[`") || text.contains("::") {
        return Err(format!("`{text}` links into the Rust documentation; say it in words of the wire"));
    }
    let paragraphs = text.split("\n\n").map(|paragraph| paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" "));
    Ok(paragraphs.collect::<Vec<_>>().join("\n\n"))
}
