//! What is checked before an author's code sees a request.

use std::path::Path;

use prizm_protocol::methods::estimate::EstimateParams;
use prizm_protocol::methods::initialize::InitializeParams;
use prizm_protocol::methods::transform::TransformParams;
use prizm_protocol::{Capability, ErrorKind, Media, Model, PROTOCOL_VERSION};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::{Error, EstimateRequest, Request};

/// Reads a method's parameters; absent and `null` are `{}`.
pub(crate) fn params<T: DeserializeOwned>(raw: Option<&RawValue>) -> Result<T, Error> {
    let text = raw.map(RawValue::get).filter(|text| *text != "null").unwrap_or("{}");
    serde_json::from_str(text).map_err(|error| {
        // Read it again for the path to what is wrong: only those who err pay for it.
        let mut again = serde_json::Deserializer::from_str(text);
        let path = serde_path_to_error::deserialize::<_, T>(&mut again).err();
        let path = path.map(|error| error.path().to_string()).filter(|path| path != ".");
        let what = without_position(&error.to_string());
        match path {
            Some(path) => Error::invalid_params(format!("`{path}`: {what}")).detail("param", path),
            None => Error::invalid_params(format!("params: {what}")),
        }
    })
}

/// A line and column within a frame help nobody.
fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(what, _)| what).to_owned()
}

pub(crate) fn version(params: &InitializeParams) -> Result<(), Error> {
    let ours = PROTOCOL_VERSION.to_string();
    if params.protocol_versions.contains(&ours) {
        return Ok(());
    }
    let offered: String = params.protocol_versions.join(", ").chars().take(200).collect();
    let message = format!("this provider speaks protocol {ours}, the host only {offered}. Update the older of the two");
    Err(Error::new(ErrorKind::UnsupportedProtocolVersion, message).detail("supported", vec![ours]))
}

/// Checks a job against the models and makes the author's view of it.
pub(crate) fn request(params: TransformParams, models: &[Model]) -> Result<Request, Error> {
    let capability = capability(&params.model, &params.capability, models)?;
    for (index, media) in params.inputs.iter().enumerate() {
        one_source(index, media)?;
    }
    Ok(Request {
        model: params.model,
        capability,
        inputs: params.inputs,
        options: params.options,
        idempotency_key: params.idempotency_key,
        resume: params.resume,
    })
}

/// Checks a job that is not done yet, likewise.
pub(crate) fn estimate(params: EstimateParams, models: &[Model]) -> Result<EstimateRequest, Error> {
    let capability = capability(&params.model, &params.capability, models)?;
    Ok(EstimateRequest { model: params.model, capability, inputs: params.inputs, options: params.options })
}

fn capability(model: &str, capability: &str, models: &[Model]) -> Result<Capability, Error> {
    let Some(model) = models.iter().find(|known| known.id == model) else {
        return Err(unknown_model(model, models));
    };
    let declared = model.capabilities.iter().any(|known| known == capability);
    capability.parse().ok().filter(|_| declared).ok_or_else(|| {
        let message = format!(
            "the model `{}` has no capability `{}`, only: {}",
            model.id,
            short(capability),
            model.capabilities.join(", ")
        );
        Error::new(ErrorKind::CapabilityNotDeclared, message)
    })
}

/// Checks a `jobDir`, where there is one.
pub(crate) fn job_dir(dir: Option<&str>) -> Result<(), Error> {
    match dir {
        Some(dir) if !Path::new(dir).is_absolute() => {
            let message = format!("`jobDir`: expected an absolute path, got `{}`", short(dir));
            Err(Error::invalid_params(message).detail("param", "jobDir"))
        }
        _ => Ok(()),
    }
}

fn one_source(index: usize, media: &Media) -> Result<(), Error> {
    let sources = [&media.text, &media.path, &media.url];
    let count = sources.iter().filter(|source| source.is_some()).count();
    if count == 1 {
        return Ok(());
    }
    let param = format!("inputs[{index}]");
    let message = format!("`{param}`: expected exactly one of text, path and url, got {count}");
    Err(Error::invalid_params(message).detail("param", param))
}

fn unknown_model(wanted: &str, models: &[Model]) -> Error {
    let wanted = short(wanted);
    let mut near: Vec<(f64, &str)> = models
        .iter()
        .map(|model| (strsim::jaro_winkler(&wanted, &model.id), &*model.id))
        .filter(|(likeness, _)| *likeness > 0.7)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&str> = near.into_iter().take(3).map(|(_, id)| id).collect();
    let hint = match near.as_slice() {
        [] => {
            let some: Vec<&str> = models.iter().take(5).map(|model| &*model.id).collect();
            format!("there are {}, such as: {}", models.len(), some.join(", "))
        }
        near => format!("did you mean {}?", near.join(", ")),
    };
    Error::new(ErrorKind::ModelNotFound, format!("no model `{wanted}`; {hint}")).detail("near", near)
}

fn short(text: &str) -> String {
    text.chars().take(100).collect()
}
