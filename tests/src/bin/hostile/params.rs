//! What the good provider refuses of the parameters of a `transform` or an `estimate`.

use std::path::{Component, Path};

use serde_json::Value;

use crate::job::Refusal;
use crate::provider;

/// The kinds of media.
const KINDS: [&str; 5] = ["text", "image", "audio", "video", "3d"];

/// Checks what a job and an estimate have in common; returns the kind of input that it takes.
pub fn check_request(params: &Value, full: bool) -> Result<&'static str, Refusal> {
    check_types(params)?;
    let word = |key: &str| params.get(key).and_then(Value::as_str);
    let (Some(model), Some(capability)) = (word("model"), word("capability")) else {
        return refuse(-32602, "`model` and `capability` must be strings");
    };
    let Some((own, kind)) = provider::capability_of(model, full) else {
        return refuse(1006, format!("no model `{model}`"));
    };
    if own != capability {
        return refuse(1003, format!("`{model}` has no capability `{capability}`"));
    }
    check_options(params)?;
    Ok(kind)
}

/// Checks that there are inputs, all of this kind, and that their files are there.
pub fn check_inputs(params: &Value, kind: &str) -> Result<(), Refusal> {
    let inputs = params["inputs"].as_array().map(Vec::as_slice).unwrap_or_default();
    if inputs.is_empty() {
        return refuse(1203, format!("an input of the kind `{kind}` is missing"));
    }
    let directory = params["jobDir"].as_str().map(Path::new);
    inputs.iter().try_for_each(|input| check_medium(input, kind, directory))
}

fn refuse<T>(code: i64, message: impl Into<String>) -> Result<T, Refusal> {
    Err((code, message.into()))
}

fn check_types(params: &Value) -> Result<(), Refusal> {
    let Some(fields) = params.as_object() else { return refuse(-32602, "the parameters must be an object") };
    match fields.iter().find(|(key, value)| !is_of_its_type(key, value)) {
        Some((key, value)) => refuse(-32602, format!("`{key}` is of the wrong type: {value}")),
        None => Ok(()),
    }
}

/// Whether a field of a job has the type that the protocol gives it.
pub fn is_of_its_type(key: &str, value: &Value) -> bool {
    match key {
        _ if value.is_null() => true,
        "model" | "capability" | "jobId" | "jobDir" | "idempotencyKey" => value.is_string(),
        "inputs" => value.is_array(),
        "options" => value.is_object(),
        "deadlineMs" => value.is_u64(),
        "resume" => value["remoteId"].is_string(),
        _ => true,
    }
}

/// Checks that the options are those that every model has.
pub fn check_options(params: &Value) -> Result<(), Refusal> {
    for (name, value) in params["options"].as_object().into_iter().flatten() {
        if !["delayMs", "progress", "chunks"].contains(&name.as_str()) {
            return refuse(-32602, format!("there is no option `{name}`"));
        }
        if !value.is_u64() {
            return refuse(-32602, format!("the option `{name}` must be a number from 0, not {value}"));
        }
    }
    Ok(())
}

fn check_medium(input: &Value, wanted: &str, directory: Option<&Path>) -> Result<(), Refusal> {
    let word = |key: &str| input.get(key).and_then(Value::as_str);
    let (Some(kind), Some(_)) = (word("kind"), word("mime")) else {
        return refuse(-32602, "an input has a `kind` and a `mime`");
    };
    if !KINDS.contains(&kind) || kind != wanted {
        return refuse(1203, format!("an input is of the kind `{kind}`, not `{wanted}`"));
    }
    match (word("text"), word("path"), word("url")) {
        (Some(_), None, None) if kind == "text" => Ok(()),
        (None, Some(path), None) => check_file(path, directory),
        (None, None, Some(url)) => refuse(1203, format!("`{url}`: nothing is downloaded here")),
        _ => refuse(1203, "an input has exactly one of `text`, `path` and `url`"),
    }
}

fn check_file(path: &str, directory: Option<&Path>) -> Result<(), Refusal> {
    let Some(directory) = directory else { return refuse(-32602, "`jobDir` is missing") };
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return refuse(1203, format!("the input `{path}` leads out of the job's directory"));
    }
    match directory.join(path).is_file() {
        true => Ok(()),
        false => refuse(1203, format!("the input `{path}` is not there")),
    }
}
