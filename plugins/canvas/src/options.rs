//! Options are described once, by their struct: the JSON Schema is derived from it, and every value is checked against
//! that schema, whether it came as JSON or was built in Rust.

use std::borrow::Cow;

use jsonschema::Validator;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::CanvasError;

/// Either a value, or `"auto"`: the renderer chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Auto<T> {
    /// This value.
    Value(T),
    /// The renderer's choice, written `"auto"`.
    Auto(AutoWord),
}

/// The word `"auto"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AutoWord {
    /// The renderer's choice.
    #[serde(rename = "auto")]
    Auto,
}

impl<T> Auto<T> {
    /// The renderer's choice.
    pub const AUTO: Self = Self::Auto(AutoWord::Auto);

    /// The value, unless the choice was left to the renderer.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Auto(_) => None,
        }
    }
}

impl<T: JsonSchema> JsonSchema for Auto<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Auto_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = T::json_schema(generator);
        json_schema!({ "type": [value.get("type"), "string"], "pattern": "^auto$" })
    }
}

/// The description of one set of options.
pub struct Spec {
    schema: Value,
    validator: Validator,
}

impl Spec {
    /// Derives the description from the options' struct.
    pub fn of<T: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
        let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.values_mut().for_each(simplify);
        }
        let validator = jsonschema::validator_for(&schema).expect("a derived schema is valid");
        Self { schema, validator }
    }

    /// The JSON Schema (2020-12).
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Reads options from JSON; the error names the option.
    pub fn parse<T: DeserializeOwned>(&self, mut value: Value) -> Result<T, CanvasError> {
        self.check_value(&value)?;
        if let Some(fields) = value.as_object_mut() {
            fields.values_mut().for_each(integral);
        }
        serde_json::from_value(value).map_err(|error| {
            CanvasError::option_value("options", "options as the schema describes them", error.to_string())
        })
    }

    /// Checks options that were built in Rust.
    pub fn check<T: Serialize>(&self, options: &T) -> Result<(), CanvasError> {
        let value = serde_json::to_value(options).map_err(|error| {
            CanvasError::option_value("options", "options that can be written as JSON", error.to_string())
        })?;
        self.check_value(&value)
    }

    fn check_value(&self, value: &Value) -> Result<(), CanvasError> {
        let Some(fields) = value.as_object() else {
            return Err(CanvasError::option_value("options", "an object", shown(value)));
        };
        let properties = &self.schema["properties"];
        if let Some((name, value)) = fields.iter().find(|(name, _)| properties.get(name).is_none()) {
            let known: Vec<_> = properties.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let expected = format!("one of the options {}", known.join(", "));
            return Err(CanvasError::option_value(name, expected, shown(value)));
        }
        let Err(error) = self.validator.validate(value) else {
            return Ok(());
        };
        let path = error.instance_path().to_string();
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let got = fields.get(name).map(shown).unwrap_or_default();
        Err(CanvasError::option_value(name, expectation(&properties[name]), got))
    }
}

/// Drops what says nothing to a reader (`format: uint32`) and writes an enumeration of constants as `enum`.
fn simplify(property: &mut Value) {
    let Some(property) = property.as_object_mut() else {
        return;
    };
    property.remove("format");
    let Some(Value::Array(variants)) = property.get("oneOf") else {
        return;
    };
    let constants: Option<Vec<Value>> = variants.iter().map(|variant| variant.get("const").cloned()).collect();
    if let Some(constants) = constants {
        property.remove("oneOf");
        property.insert("type".into(), "string".into());
        property.insert("enum".into(), constants.into());
    }
}

/// JSON Schema takes 3.0 for an integer; serde does not.
fn integral(value: &mut Value) {
    if let Some(number) = value.as_f64().filter(|number| value.is_f64() && number.fract() == 0.0 && number.abs() < 1e15)
    {
        *value = (number as i64).into();
    }
}

/// What an option takes, in words.
fn expectation(property: &Value) -> String {
    if let Some(values) = property["enum"].as_array() {
        let values: Vec<_> = values.iter().map(Value::to_string).collect();
        return format!("one of {}", values.join(", "));
    }
    let types = match &property["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(name) => vec![name.as_str()],
        _ => Vec::new(),
    };
    let bounds = match (&property["minimum"], &property["maximum"]) {
        (Value::Null, _) | (_, Value::Null) => String::new(),
        (low, high) => format!(" from {low} to {high}"),
    };
    let words = types.iter().filter(|name| **name != "null").map(|name| match *name {
        "integer" => format!("an integer{bounds}"),
        "number" => format!("a number{bounds}"),
        "boolean" => "true or false".into(),
        "string" if property["pattern"] == "^auto$" => "\"auto\"".into(),
        "string" if property["examples"][0].is_string() => {
            format!("a string such as {}", property["examples"][0])
        }
        "object" => format!("an object such as {}", property["examples"][1]),
        other => format!("a {other}"),
    });
    let words: Vec<_> = words.collect();
    words.join(" or ")
}

/// A value as an error shows it: never more than a line of it.
fn shown(value: &Value) -> String {
    const LONGEST: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What must hold of every set of options: each is described, has its default in the schema, and its bounds bite.
    pub(crate) fn assert_in_step<T>(spec: &Spec)
    where
        T: Default + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        assert_eq!(spec.schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(spec.schema["additionalProperties"], false);
        let defaults = serde_json::to_value(T::default()).unwrap();
        let properties = spec.schema["properties"].as_object().unwrap();
        assert_eq!(properties.len(), defaults.as_object().unwrap().len());
        for (name, property) in properties {
            assert!(property["description"].as_str().is_some_and(|text| text.len() > 20), "{name} is not described");
            assert_eq!(property.get("default"), defaults.get(name), "the default of {name}");
            let numeric =
                property["type"].to_string().contains("integer") || property["type"].to_string().contains("number");
            if !numeric || name == "crop" {
                continue;
            }
            for (bound, outside) in [("minimum", -1.0), ("maximum", 1.0)] {
                let limit = property[bound].as_f64().unwrap_or_else(|| panic!("{name} has no {bound}"));
                let inside: T = spec.parse(serde_json::json!({ name: limit })).unwrap();
                spec.check(&inside).unwrap();
                let error = spec.parse::<T>(serde_json::json!({ name: limit + outside })).unwrap_err();
                assert_eq!(error.option(), Some(name.as_str()), "{error}");
            }
        }
        assert_eq!(spec.parse::<T>(serde_json::json!({})).unwrap(), T::default());
        assert_eq!(spec.parse::<T>(defaults).unwrap(), T::default());
    }

    #[test]
    fn an_unknown_option_is_named_with_the_known_ones() {
        let spec = Spec::of::<crate::CardOptions>();
        let error = spec.parse::<crate::CardOptions>(serde_json::json!({ "widht": 3 })).unwrap_err();
        assert_eq!(error.option(), Some("widht"));
        assert!(error.to_string().contains("width"), "{error}");
    }

    #[test]
    fn errors_say_what_is_expected() {
        let spec = Spec::of::<crate::CardOptions>();
        for (value, expected) in [
            (
                serde_json::json!({ "width": "wide" }),
                r#"option "width": expected an integer from 16 to 8192, got "wide""#,
            ),
            (
                serde_json::json!({ "fontSize": "big" }),
                r#"option "fontSize": expected a number from 1 to 2000 or "auto", got "big""#,
            ),
            (
                serde_json::json!({ "valign": "up" }),
                r#"option "valign": expected one of "top", "middle", "bottom", got "up""#,
            ),
            (serde_json::json!([1]), r#"option "options": expected an object, got [1]"#),
        ] {
            assert_eq!(spec.parse::<crate::CardOptions>(value).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn an_integer_may_be_written_with_a_fraction_of_zero() {
        let options: crate::CardOptions =
            Spec::of::<crate::CardOptions>().parse(serde_json::json!({ "width": 640.0 })).unwrap();
        assert_eq!(options.width, 640);
    }
}
