//! The JSON Schemas, a file for each type of the wire.

use std::error::Error;

use prizm_protocol::methods::Empty;
use prizm_protocol::methods::configure::{ConfigureParams, ConfigureResult};
use prizm_protocol::methods::estimate::{EstimateParams, EstimateResult, MediaFacts};
use prizm_protocol::methods::health::Health;
use prizm_protocol::methods::initialize::{Declaration, InitializeParams};
use prizm_protocol::methods::models::ModelsResult;
use prizm_protocol::methods::notifications::{Accepted, CancelParams, Chunk, Log, Progress, Startup};
use prizm_protocol::methods::transform::{TransformParams, TransformResult, Usage};
use prizm_protocol::{
    ErrorData, ErrorObject, InputSlot, Manifest, Media, Model, PROTOCOL_VERSION, Price, ServiceManifest,
};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::{frames, polish};

/// A document, and the name of its file.
pub type Named = (&'static str, Value);

/// Every document, in the order in which a reader meets its type.
pub fn all() -> Result<Vec<Named>, Box<dyn Error>> {
    let mut documents = vec![
        of::<InitializeParams>("initialize-params", "Parameters of initialize")?,
        of::<Declaration>("declaration", "Result of initialize: the declaration")?,
        of::<Model>("model", "Model")?,
        of::<InputSlot>("input-slot", "Input of a model")?,
        of::<Price>("price", "Price")?,
        of::<ConfigureParams>("configure-params", "Parameters of configure")?,
        of::<ConfigureResult>("configure-result", "Result of configure")?,
        of::<ModelsResult>("models-result", "Result of models")?,
        of::<TransformParams>("transform-params", "Parameters of transform")?,
        of::<TransformResult>("transform-result", "Result of transform")?,
        of::<Media>("media", "Medium")?,
        of::<Usage>("usage", "Usage")?,
        of::<EstimateParams>("estimate-params", "Parameters of estimate")?,
        of::<MediaFacts>("media-facts", "What is known of a medium")?,
        of::<EstimateResult>("estimate-result", "Result of estimate")?,
        of::<Health>("health", "Result of health")?,
        of::<Empty>("empty", "Parameters and results that say nothing")?,
        of::<CancelParams>("cancel-params", "Parameters of $/cancelRequest")?,
        of::<Progress>("progress", "Parameters of $/progress")?,
        of::<Chunk>("chunk", "Parameters of $/chunk")?,
        of::<Accepted>("accepted", "Parameters of $/accepted")?,
        of::<Startup>("startup", "Parameters of $/startup")?,
        of::<Log>("log", "Parameters of $/log")?,
        of::<ErrorObject>("error-object", "Error")?,
        of::<ErrorData>("error-data", "Details of an error")?,
        of::<Manifest>("manifest", "Manifest: prizm.toml, or `prizm` in package.json")?,
        of::<ServiceManifest>("service-manifest", "Manifest of a service: prizm.toml, or `prizm` in package.json")?,
    ];
    documents.extend(frames::all()?);
    Ok(documents)
}

/// What the types of a document are made with; those that it uses go to `definitions`.
pub fn generator(definitions: &'static str) -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = definitions.into()).into_generator()
}

fn of<T: JsonSchema>(name: &'static str, title: &str) -> Result<Named, Box<dyn Error>> {
    let mut generator = generator("/$defs");
    let schema = generator.root_schema_for::<T>().to_value();
    document(name, title, schema.as_object().cloned().unwrap_or_default(), Map::new())
}

/// Puts the head before a schema and the definitions after it.
pub fn document(
    name: &'static str,
    title: &str,
    mut schema: Map<String, Value>,
    mut definitions: Map<String, Value>,
) -> Result<Named, Box<dyn Error>> {
    if let Some(Value::Object(own)) = schema.shift_remove("$defs") {
        definitions.extend(own);
    }
    definitions.sort_keys();
    let mut document = Map::new();
    document.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    document.insert("$id".to_owned(), json!(format!("urn:prizm:protocol:{PROTOCOL_VERSION}:{name}")));
    document.insert("title".to_owned(), json!(title));
    document.extend(schema.into_iter().filter(|(key, _)| key != "$schema" && key != "title"));
    if !definitions.is_empty() {
        document.insert("$defs".to_owned(), definitions.into());
    }
    let mut document = Value::Object(document);
    polish::schema(&mut document)?;
    Ok((name, document))
}
