//! `name=value` on the command line, read by the schema that it is meant for.

use prizm_registry::{Capability, OptionsSchema, Registry};
use serde_json::{Map, Value};

use crate::failure::Failure;

/// Reads `--option`s by a model's schema: what is declared a string is one, whatever it looks like.
pub(crate) fn options(given: &[String], schema: Option<&OptionsSchema>) -> Result<Map<String, Value>, Failure> {
    let declared = |name: &str| {
        let property = schema.and_then(|schema| schema.properties().find(|(known, _)| *known == name));
        property.map(|(_, schema)| schema.clone())
    };
    read(given, "--option", declared)
}

/// Reads `--option`s where nobody has been chosen yet, by the schema of the first model that has such an option.
pub(crate) fn of_any(
    given: &[String],
    registry: &Registry,
    capability: &Capability,
) -> Result<Map<String, Value>, Failure> {
    let providers = registry.providers();
    let models: Vec<_> = providers.iter().flat_map(prizm_registry::Provider::models).collect();
    let schemas = || models.iter().filter_map(|model| model.info().options.get(capability));
    let declared = |name: &str| {
        let property = schemas().flat_map(OptionsSchema::properties).find(|(known, _)| *known == name);
        property.map(|(_, schema)| schema.clone())
    };
    read(given, "--option", declared)
}

/// Reads what has no schema yet, as it follows `--set` or the like: JSON where it is JSON, else a string.
pub(crate) fn untyped(given: &[String], flag: &str) -> Result<Map<String, Value>, Failure> {
    read(given, flag, |_| None)
}

fn read(given: &[String], flag: &str, declared: impl Fn(&str) -> Option<Value>) -> Result<Map<String, Value>, Failure> {
    let mut values = Map::new();
    for pair in given {
        let (name, value) = split(pair, flag)?;
        values.insert(name.to_owned(), value_of(value, declared(name).as_ref()));
    }
    Ok(values)
}

/// Splits `name=value`.
pub(crate) fn split<'a>(pair: &'a str, flag: &str) -> Result<(&'a str, &'a str), Failure> {
    match pair.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name, value)),
        _ => Err(Failure::usage(format!("`{flag} {pair}`: expected a name, `=` and a value"))
            .hint(format!("such as `{flag} width=640`"))),
    }
}

fn value_of(text: &str, schema: Option<&Value>) -> Value {
    let json = || serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let Some(schema) = schema else { return json() };
    let is = |name: &str| match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    };
    let words = schema.get("enum").and_then(Value::as_array);
    let is_word = words.is_some_and(|words| words.iter().any(|word| word == text));
    let value = json();
    let fits = match &value {
        Value::Number(_) => is("number") || is("integer"),
        Value::Bool(_) => is("boolean"),
        Value::Array(_) => is("array"),
        Value::Object(_) => is("object"),
        Value::Null => is("null"),
        Value::String(_) => false,
    };
    if is_word || (is("string") && !fits) { Value::String(text.to_owned()) } else { value }
}

/// Lets the output's name choose the `format`, where the model has such an option and nobody set it.
pub(crate) fn format_by_name(
    values: &mut Map<String, Value>,
    schema: Option<&OptionsSchema>,
    output: Option<&std::path::Path>,
) {
    let format = schema.and_then(|schema| schema.properties().find(|(name, _)| *name == "format"));
    let Some(words) = format.and_then(|(_, schema)| schema.get("enum")?.as_array()) else { return };
    let word = formats_of(output).into_iter().find(|name| words.contains(name));
    if let Some(word) = word.filter(|_| !values.contains_key("format")) {
        values.insert("format".to_owned(), word);
    }
}

/// Returns what the format may be called that the output's name asks for.
pub(crate) fn formats_of(output: Option<&std::path::Path>) -> Vec<Value> {
    let extension = output.and_then(|path| path.extension()?.to_str()).map(str::to_ascii_lowercase);
    let same = match extension.as_deref() {
        Some("jpg") => Some("jpeg"),
        Some("tif") => Some("tiff"),
        _ => None,
    };
    extension.iter().map(String::as_str).chain(same).map(Value::from).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_by_their_schema() {
        let cases = [
            ("640", json!({"type": "integer"}), json!(640)),
            ("640", json!({"type": "string"}), json!("640")),
            ("auto", json!({"type": ["number", "string"]}), json!("auto")),
            ("12.5", json!({"type": ["number", "string"]}), json!(12.5)),
            ("true", json!({"type": "boolean"}), json!(true)),
            ("wide", json!({"type": "integer"}), json!("wide")),
            ("3", json!({"enum": ["1", "3"]}), json!("3")),
            ("[1,2]", json!({"type": "array"}), json!([1, 2])),
        ];
        for (text, schema, expected) in cases {
            assert_eq!(value_of(text, Some(&schema)), expected, "{text} by {schema}");
        }
        assert_eq!(value_of("{\"a\":1}", None), json!({"a": 1}));
        assert!(split("novalue", "--option").is_err());
        assert_eq!(split("a=b=c", "--option").ok(), Some(("a", "b=c")));
    }

    #[test]
    fn the_outputs_name_chooses_the_format() {
        let schema = OptionsSchema::compile(&json!({"properties": {"format": {"enum": ["png", "jpeg"]}}})).unwrap();
        let mut values = Map::new();
        format_by_name(&mut values, Some(&schema), Some("a.JPG".as_ref()));
        assert_eq!(values["format"], "jpeg");
        format_by_name(&mut values, Some(&schema), Some("a.png".as_ref()));
        assert_eq!(values["format"], "jpeg", "what is set stays");
        let mut none = Map::new();
        format_by_name(&mut none, Some(&schema), Some("a.xyz".as_ref()));
        assert!(none.is_empty());
    }
}
