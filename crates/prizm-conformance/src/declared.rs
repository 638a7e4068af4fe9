//! What a declaration says, as far as it can be read: a check of one part must not need the others.

use prizm_protocol::Capability;
use serde_json::{Map, Value};

/// A declaration, or the answer to `models`, as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared(Value);

/// A model of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model<'a>(&'a Value);

impl Declared {
    /// Takes what came.
    pub(crate) fn new(value: Value) -> Self {
        Self(value)
    }

    /// Returns it as it came.
    pub(crate) fn value(&self) -> &Value {
        &self.0
    }

    /// Returns a text by its keys.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.0.pointer(path).and_then(Value::as_str)
    }

    /// Returns the capabilities that can be read.
    pub(crate) fn capabilities(&self) -> Vec<&str> {
        texts(self.0.get("capabilities"))
    }

    /// Returns the models that can be read.
    pub(crate) fn models(&self) -> impl Iterator<Item = Model<'_>> {
        let models = self.0.get("models").and_then(Value::as_array);
        models.into_iter().flatten().filter(|model| model.is_object()).map(Model)
    }

    /// Returns the model of an id.
    pub(crate) fn model(&self, id: &str) -> Option<Model<'_>> {
        self.models().find(|model| model.id() == Some(id))
    }

    /// Returns the most jobs at once, where that is a number that can be.
    pub(crate) fn max_in_flight(&self) -> Option<u64> {
        match self.0.pointer("/limits/maxInFlight") {
            None => Some(1),
            Some(most) => most.as_u64().filter(|most| (1..=1024).contains(most)),
        }
    }

    /// Returns whether it cannot listen while it works.
    pub(crate) fn is_restarted(&self) -> bool {
        self.text("/cancel") == Some("restart")
    }

    /// Returns whether it answers `ping` at any time.
    pub(crate) fn promises_pings(&self) -> bool {
        self.text("/liveness") == Some("ping")
    }

    /// Returns whether its work is done on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.text("/provider/type") == Some("local")
    }

    /// Returns the settings that it describes, by name.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&str, &Value)> {
        properties(self.0.get("configSchema"))
    }

    /// Returns the names of the settings that are secrets in text.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let is_secret = |schema: &Value| schema.get("writeOnly").and_then(Value::as_bool) == Some(true);
        self.settings().filter(move |(_, schema)| is_secret(schema) && allows(schema, "string")).map(|(name, _)| name)
    }
}

impl<'a> Model<'a> {
    /// Returns it as it came.
    pub(crate) fn value(&self) -> &'a Value {
        self.0
    }

    /// Returns its id.
    pub(crate) fn id(&self) -> Option<&'a str> {
        self.0.get("id").and_then(Value::as_str)
    }

    /// Returns what it is called in messages.
    pub(crate) fn name(&self) -> &'a str {
        self.id().unwrap_or("?")
    }

    /// Returns its capabilities.
    pub(crate) fn capabilities(&self) -> Vec<&'a str> {
        texts(self.0.get("capabilities"))
    }

    /// Returns the schemas of its options, by capability.
    pub(crate) fn options(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        map(self.0.get("options"))
    }

    /// Returns the inputs that it takes, by capability.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        map(self.0.get("inputs"))
    }

    /// Returns its prices.
    pub(crate) fn prices(&self) -> impl Iterator<Item = &'a Value> {
        self.0.get("pricing").and_then(Value::as_array).into_iter().flatten()
    }

    /// Returns whether it says that it costs nothing.
    pub(crate) fn is_free(&self) -> bool {
        self.0.get("isFree").and_then(Value::as_bool) == Some(true)
    }

    /// Returns the MIME types that it reads; `None` for any.
    pub(crate) fn input_formats(&self) -> Option<Vec<&'a str>> {
        self.0.get("inputFormats").filter(|formats| formats.is_array()).map(|formats| texts(Some(formats)))
    }
}

/// Returns what an object schema says of its properties.
pub(crate) fn properties(schema: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    map(schema.and_then(|schema| schema.get("properties"))).map(|(name, schema)| (name.as_str(), schema))
}

/// Returns the names that an object schema requires.
pub(crate) fn required(schema: Option<&Value>) -> Vec<&str> {
    texts(schema.and_then(|schema| schema.get("required")))
}

/// Returns whether a schema allows values of a type, as far as its `type` tells.
pub(crate) fn allows(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == name || (one == "number" && name == "integer"),
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => true,
    }
}

/// Returns the capability of a name.
pub(crate) fn capability(name: &str) -> Option<Capability> {
    name.parse().ok()
}

fn map(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn texts(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
