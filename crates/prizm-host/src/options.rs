//! JSON Schemas that plugins declare, compiled once and never trusted.

use std::sync::{Arc, OnceLock};

use jsonschema::{PatternOptions, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value};

/// Faults that are listed.
const MAX_FAULTS: usize = 20;
/// The most memory that one pattern of a schema may take, in bytes.
const PATTERN_BYTES: usize = 256 * 1024;

/// A compiled JSON Schema for options or for a configuration.
///
/// ```
/// use serde_json::json;
///
/// let schema = prizm_host::OptionsSchema::compile(&json!({
///     "type": "object",
///     "properties": {"width": {"type": "integer", "description": "pixels"}},
///     "additionalProperties": false,
/// }))?;
/// let wrong = json!({"width": "wide"});
/// let faults = schema.check(wrong.as_object().unwrap());
/// assert_eq!(faults[0].to_string(), r#"option `width`: "wide" is not of type "integer""#);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone)]
pub struct OptionsSchema {
    raw: Value,
    validator: Arc<OnceLock<Result<Validator, String>>>,
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionFault {
    /// The option's name, with `/` between levels; empty for the whole.
    pub name: String,
    /// What is wrong with it, and what was expected.
    pub message: String,
    /// The schema has no option of that name.
    pub is_unknown: bool,
}

impl std::fmt::Display for OptionFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.is_empty() {
            write!(f, "options: {}", self.message)
        } else {
            write!(f, "option `{}`: {}", self.name, self.message)
        }
    }
}

impl OptionsSchema {
    /// Compiles a schema of draft 2020-12. It can neither fetch another schema nor use a pattern
    /// that takes more than linear time.
    ///
    /// # Errors
    /// Says what is wrong with the schema.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        let compiled = Self::kept(schema)?;
        compiled.validator().map_err(str::to_owned)?;
        Ok(compiled)
    }

    /// Takes a schema that was compiled before, by this program or an earlier one; it is compiled when it is first needed.
    ///
    /// # Errors
    /// It is none.
    pub(crate) fn kept(schema: &Value) -> Result<Self, String> {
        if !schema.is_object() && !schema.is_boolean() {
            return Err("a schema is an object".to_owned());
        }
        Ok(Self { raw: schema.clone(), validator: Arc::default() })
    }

    fn validator(&self) -> Result<&Validator, &str> {
        let build = || {
            jsonschema::options()
                .with_draft(jsonschema::Draft::Draft202012)
                .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES))
                .build(&self.raw)
                .map_err(|error| format!("{error} at `{}`", error.instance_path()))
        };
        self.validator.get_or_init(build).as_ref().map_err(String::as_str)
    }

    /// Returns the schema as it was declared.
    pub fn raw(&self) -> &Value {
        &self.raw
    }

    /// Returns the names of the options it describes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.properties().map(|(name, _)| name.as_str())
    }

    /// Returns the options it describes, each with its own schema.
    pub fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.raw.get("properties").and_then(Value::as_object).into_iter().flatten()
    }

    /// Returns everything that is wrong with the options.
    pub fn check(&self, options: &Map<String, Value>) -> Vec<OptionFault> {
        self.faults(options, |error| error.to_string())
    }

    /// Returns everything that is wrong with settings, without quoting any: they may be secrets.
    pub fn check_secrets(&self, settings: &Map<String, Value>) -> Vec<OptionFault> {
        self.faults(settings, |error| error.masked().to_string())
    }

    fn faults(
        &self,
        values: &Map<String, Value>,
        told: impl Fn(&jsonschema::ValidationError<'_>) -> String,
    ) -> Vec<OptionFault> {
        let validator = match self.validator() {
            Ok(validator) => validator,
            // What was kept has been changed since.
            Err(reason) => {
                let message = format!("the schema that was kept is none: {reason}");
                return vec![OptionFault { name: String::new(), message, is_unknown: false }];
            }
        };
        let values = Value::Object(values.clone());
        validator.iter_errors(&values).flat_map(|error| faults(&error, told(&error))).take(MAX_FAULTS).collect()
    }
}

fn faults(error: &jsonschema::ValidationError<'_>, message: String) -> Vec<OptionFault> {
    let name = error.instance_path().as_str().trim_start_matches('/').to_owned();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } if name.is_empty() => unexpected
            .iter()
            .map(|option| OptionFault {
                name: option.clone(),
                message: "there is no such option".to_owned(),
                is_unknown: true,
            })
            .collect(),
        _ => vec![OptionFault { name, message, is_unknown: false }],
    }
}

impl std::fmt::Debug for OptionsSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OptionsSchema({})", self.raw)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schema: Value, options: Value) -> Vec<String> {
        let schema = OptionsSchema::compile(&schema).unwrap();
        let options = options.as_object().unwrap();
        schema.check(options).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn faults_name_the_option_and_what_was_expected() {
        let schema = json!({"type": "object", "additionalProperties": false, "required": ["seed"],
            "properties": {"width": {"type": "integer", "maximum": 8192}, "seed": {"type": "integer"},
                           "align": {"enum": ["left", "right"]}}});
        assert_eq!(
            check(schema.clone(), json!({"width": 9000, "seed": 1})),
            ["option `width`: 9000 is greater than the maximum of 8192"]
        );
        assert_eq!(
            check(schema.clone(), json!({"seed": 1, "colour": 1})),
            ["option `colour`: there is no such option"]
        );
        assert_eq!(check(schema.clone(), json!({})), ["options: \"seed\" is a required property"]);
        assert_eq!(
            check(schema, json!({"seed": 1, "align": "up"})),
            ["option `align`: \"up\" is not one of \"left\" or \"right\""]
        );
    }

    #[test]
    fn hostile_schemas_are_refused() {
        for bad in [
            json!("x"),
            json!({"type": "intger"}),
            json!({"$ref": "https://example.com/schema.json"}),
            json!({"$ref": "file:///etc/passwd"}),
            json!({"pattern": "(", "type": "string"}),
            json!({"properties": {"a": {"pattern": "(?=x)"}}}),
        ] {
            assert!(OptionsSchema::compile(&bad).is_err(), "{bad}");
        }
    }
}
