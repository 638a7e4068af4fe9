//! What the JSON Schemas say of values that the Rust types leave to a reader: forms, bounds and open words.
//!
//! They are schemas for writers: a value that they refuse breaks a rule of the specification. What a later minor
//! version may add stays open: fields, and words of a list.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::{ByteSize, Capability, Decimal, MAX_REQUEST_ID, ModelId, ProtocolVersion, ProviderId, ServiceId, Span};

macro_rules! schemas {
    ($($(#[doc = $doc:literal])+ $name:ident: $schema:expr;)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema = Schema::try_from($schema).unwrap_or_default();
                schema.insert("description".to_owned(), concat!($($doc),+).trim().into());
                schema
            }
        }
    )*};
}

macro_rules! markers {
    ($($name:ident),*) => {$(
        #[doc = concat!("Stands for the schema of the same name, `", stringify!($name), "`; it has no value.")]
        pub enum $name {}
    )*};
}

markers!(Currency, Features, Fraction, JobPath, Mime, OptionsSchema, Regions, RequestId, SemVer, Sha256);

schemas! {
    /// A number of bytes, or one with a unit: `512 MB`, `8GiB`. `8GB` is 8·10⁹, `8GiB` is 2³³.
    ByteSize: json!({"anyOf": [
        {"type": "integer", "minimum": 1},
        {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *([kKMGT]B|[KMGT]iB)$|^[0-9]+ *B?$"},
    ]});
    /// What a provider can do: one kind of media in, one out, or a vendor's own `x-VENDOR/NAME`.
    Capability: json!({
        "type": "string",
        "anyOf": [
            {"enum": Capability::standard().map(|it| it.as_str().to_owned()).collect::<Vec<_>>()},
            {"pattern": "^x-[a-z0-9-]+/[a-z0-9-]+$", "maxLength": 128},
        ],
    });
    /// An ISO 4217 code, such as `USD`.
    Currency: json!({"type": "string", "pattern": "^[A-Z]{3}$"});
    /// A non-negative decimal number as a string, such as `0.0025`, so that no reader of JSON rounds it.
    Decimal: json!({"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?$", "maxLength": 40});
    /// Names of features: lower-case words joined by `_`, at most 64 of at most 64 characters, none twice.
    Features: json!({
        "type": "array",
        "items": {"type": "string", "pattern": "^[a-z0-9]+(_[a-z0-9]+)*$", "maxLength": 64},
        "maxItems": 64,
        "uniqueItems": true,
    });
    /// How much is done, from 0 to 1.
    Fraction: json!({"type": "number", "minimum": 0, "maximum": 1});
    /// Where a file is, relative to the job's directory: inputs below `in/`, outputs below `out/`, with `/` between
    /// names and never `..`.
    JobPath: json!({
        "type": "string",
        "pattern": "^(in|out)/[^\\\\]+$",
        "not": {"pattern": "(^|/)\\.{0,2}(/|$)"},
    });
    /// A MIME type, such as `image/png`.
    Mime: json!({"type": "string", "pattern": "^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *;.*)?$"});
    /// The id of a model, as free as the names that vendors use: 1 to 256 characters without spaces, control or
    /// invisible characters, not starting with `-`.
    ModelId: {
        let invisible = "\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff";
        let none_of = format!("\\s\\u0000-\\u001f\\u007f-\\u009f{invisible}");
        json!({"type": "string", "pattern": format!("^[^{none_of}-][^{none_of}]*$"), "maxLength": 256})
    };
    /// A JSON Schema 2020-12 of an object.
    OptionsSchema: json!({"type": ["object", "boolean"]});
    /// A version of the protocol, `MAJOR.MINOR`.
    ProtocolVersion: json!({"type": "string", "pattern": "^(0|[1-9][0-9]*)\\.(0|[1-9][0-9]*)$"});
    /// The id of a provider: 1 to 64 of a–z, 0–9 and `-`, starting and ending with a letter or digit.
    ProviderId: json!({"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 64});
    /// Names of regions, such as `eu`: lower-case words joined by `-`, at least one, at most 64 of at most 64 characters,
    /// none twice.
    Regions: json!({
        "type": "array",
        "items": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64},
        "minItems": 1,
        "maxItems": 64,
        "uniqueItems": true,
    });
    /// The id of a request, chosen by the host: at most 2^53−1, what JavaScript can hold.
    RequestId: json!({"type": "integer", "minimum": 0, "maximum": MAX_REQUEST_ID});
    /// A semantic version, such as `2.4.1`.
    SemVer: {
        let number = "(0|[1-9][0-9]*)";
        let before = "(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)";
        let build = "[0-9A-Za-z-]+";
        json!({
            "type": "string",
            "pattern": format!("^{number}\\.{number}\\.{number}(-{before}(\\.{before})*)?(\\+{build}(\\.{build})*)?$"),
        })
    };
    /// The id of a service, as that of a provider.
    ServiceId: json!({"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", "maxLength": 64});
    /// A span of time, such as `500ms`, `10s`, `15min` or `2h`.
    Span: json!({"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *(ms|s|min|h)$"});
    /// A sha256, as 64 hexadecimal digits.
    Sha256: json!({"type": "string", "pattern": "^[0-9A-Fa-f]{64}$"});
}

/// Stands for the schema of an object whose keys are capabilities.
pub struct ByCapability<T>(PhantomData<T>);

impl<T: JsonSchema> JsonSchema for ByCapability<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}ByCapability", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": generator.subschema_for::<Capability>(),
            "additionalProperties": generator.subschema_for::<T>(),
        })
    }
}

/// Lets a list of words take those of later versions: every reader says what it takes them for.
pub(crate) fn open(schema: &mut Schema) {
    if let Some(Value::Array(mut words)) = schema.remove("oneOf") {
        words.push(json!({"type": "string", "description": "A word of a later version."}));
        schema.insert("anyOf".to_owned(), words.into());
    }
}

/// Says that exactly one of the properties, all strings, is there.
fn exactly_one(schema: &mut Schema, names: &[&str]) {
    let one = |name: &&str| json!({"required": [name], "properties": {*name: {"type": "string"}}});
    schema.insert("oneOf".to_owned(), names.iter().map(one).collect());
}

/// Says that a medium has one source, and that only text is inline.
pub(crate) fn media(schema: &mut Schema) {
    exactly_one(schema, &["text", "path", "url"]);
    let text = json!({
        "if": {"required": ["text"], "properties": {"text": {"type": "string"}}},
        "then": {"properties": {"kind": {"const": "text"}}},
    });
    schema.insert("allOf".to_owned(), json!([text]));
}

/// Says that a chunk is either text or a file.
pub(crate) fn chunk(schema: &mut Schema) {
    exactly_one(schema, &["text", "path"]);
}

/// Says that an executable has one source.
pub(crate) fn prebuilt(schema: &mut Schema) {
    exactly_one(schema, &["url", "path"]);
}

/// Says that a command names a program.
pub(crate) fn command(schema: &mut Schema) {
    schema.insert("minItems".to_owned(), 1.into());
    schema.insert("prefixItems".to_owned(), json!([{"type": "string", "minLength": 1}]));
}

/// Says that a list names something, and nothing twice.
pub(crate) fn set(schema: &mut Schema) {
    schema.insert("minItems".to_owned(), 1.into());
    schema.insert("uniqueItems".to_owned(), true.into());
}
