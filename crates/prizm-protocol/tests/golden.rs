//! The golden messages under `protocol/examples`: what is read is printed as it was.
//!
//! A directory is named after the type of its files. `NAME.json` is read and printed again; what is
//! printed equals `NAME.printed.json` where there is one (defaults are filled in, fields from the
//! future are dropped), else the file itself. What is called `future-…` holds fields of a later version; what is
//! called `unchecked…` is read all the same, but no writer may write it: its schema refuses it.

#![expect(clippy::unwrap_used, reason = "the helpers are test code too")]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use prizm_protocol::methods::configure::{ConfigureParams, ConfigureResult};
use prizm_protocol::methods::estimate::{EstimateParams, EstimateResult, MediaFacts};
use prizm_protocol::methods::health::Health;
use prizm_protocol::methods::initialize::{Declaration, InitializeParams};
use prizm_protocol::methods::models::ModelsResult;
use prizm_protocol::methods::notifications::{self, Accepted, CancelParams, Chunk, Log, Progress, Startup};
use prizm_protocol::methods::transform::{TransformParams, TransformResult, Usage};
use prizm_protocol::methods::{
    Configure, DoTransform, Empty, Estimate, GetHealth, Initialize, ListModels, Method, Ping, Shutdown,
};
use prizm_protocol::service::{Liveness, Readiness};
use prizm_protocol::{
    ErrorData, ErrorObject, InputSlot, Manifest, Media, Message, Model, Price, ServiceManifest, frame,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Reads a JSON text and prints it again.
type Reprint = fn(&str) -> Result<Value, String>;

const TYPES: &[(&str, Reprint)] = &[
    ("Accepted", reprint::<Accepted>),
    ("CancelParams", reprint::<CancelParams>),
    ("Chunk", reprint::<Chunk>),
    ("ConfigureParams", reprint::<ConfigureParams>),
    ("ConfigureResult", reprint::<ConfigureResult>),
    ("Declaration", reprint::<Declaration>),
    ("Empty", reprint::<Empty>),
    ("ErrorData", reprint::<ErrorData>),
    ("ErrorObject", reprint::<ErrorObject>),
    ("EstimateParams", reprint::<EstimateParams>),
    ("EstimateResult", reprint::<EstimateResult>),
    ("Health", reprint::<Health>),
    ("InitializeParams", reprint::<InitializeParams>),
    ("InputSlot", reprint::<InputSlot>),
    ("Log", reprint::<Log>),
    ("Manifest", reprint::<Manifest>),
    ("ServiceManifest", reprint::<ServiceManifest>),
    ("Media", reprint::<Media>),
    ("MediaFacts", reprint::<MediaFacts>),
    ("Model", reprint::<Model>),
    ("ModelsResult", reprint::<ModelsResult>),
    ("Notification", reprint_frame),
    ("Price", reprint::<Price>),
    ("Progress", reprint::<Progress>),
    ("Request", reprint_frame),
    ("Response", reprint_frame),
    ("Startup", reprint::<Startup>),
    ("TransformParams", reprint::<TransformParams>),
    ("TransformResult", reprint::<TransformResult>),
    ("Usage", reprint::<Usage>),
];

fn reprint<T: Serialize + DeserializeOwned>(text: &str) -> Result<Value, String> {
    let value: T = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let printed = serde_json::to_string(&value).map_err(|error| error.to_string())?;
    serde_json::from_str(&printed).map_err(|error| format!("printed `{printed}`: {error}"))
}

/// Goes by the way of the wire: one compact line, told apart, its parts read, and encoded anew.
fn reprint_frame(text: &str) -> Result<Value, String> {
    let whole: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let line = whole.to_string();
    let message = frame::classify(line.as_bytes()).map_err(|noise| noise.to_string())?;
    let bytes = match message {
        Message::Request { id, method, params } => {
            read_params(&method, params)?;
            let mut request = json!({"jsonrpc": "2.0", "id": id, "method": method});
            if let Some(params) = params {
                request["params"] = reprint::<Value>(params.get())?;
            }
            return Ok(request);
        }
        Message::Notification { method, params: Some(params) } => {
            read_params(&method, Some(params))?;
            frame::encode(&frame::Notification::new(&method, params))
        }
        Message::Notification { method, params: None } => {
            return Ok(json!({"jsonrpc": "2.0", "method": method}));
        }
        Message::Response { id, outcome: Ok(result) } => frame::encode(&frame::Response::new(id, Ok(result))),
        Message::Response { id, outcome: Err(error) } => {
            let error = serde_json::from_str::<ErrorObject>(error.get()).map_err(|error| error.to_string())?;
            frame::encode(&frame::Response::<()>::new(id, Err(error)))
        }
    };
    let bytes = bytes.map_err(|error| error.to_string())?;
    serde_json::from_slice(bytes.trim_ascii()).map_err(|error| error.to_string())
}

/// Reads the parameters of every method and notification that the protocol names.
fn read_params(method: &str, params: Option<&RawValue>) -> Result<(), String> {
    let Some(params) = params.map(RawValue::get) else { return Ok(()) };
    let read = match method {
        Initialize::NAME => reprint::<InitializeParams>,
        Configure::NAME => reprint::<ConfigureParams>,
        ListModels::NAME | GetHealth::NAME | Ping::NAME | Shutdown::NAME => reprint::<Empty>,
        DoTransform::NAME => reprint::<TransformParams>,
        Estimate::NAME => reprint::<EstimateParams>,
        notifications::CANCEL_REQUEST => reprint::<CancelParams>,
        notifications::PROGRESS => reprint::<Progress>,
        notifications::CHUNK => reprint::<Chunk>,
        notifications::ACCEPTED => reprint::<Accepted>,
        notifications::STARTUP => reprint::<Startup>,
        notifications::LOG => reprint::<Log>,
        _ => reprint::<Value>,
    };
    read(params).map(|_| ())
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol/examples")
}

fn names_in(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn read(directory: &str, name: &str) -> String {
    let path = examples().join(directory).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn assert_equal<T: PartialEq + Debug>(left: &T, right: &T, what: &str) {
    assert!(left == right, "{what}\n   is: {left:?}\nwants: {right:?}");
}

#[test]
fn every_type_has_examples_and_every_directory_a_type() {
    let types: BTreeSet<String> = TYPES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_equal(&names_in(&examples()), &types, "the directories of protocol/examples, and the table of types");
    for name in types {
        let files = names_in(&examples().join(&name));
        let messages = files.iter().filter(|file| !file.ends_with(".printed.json"));
        assert!(messages.count() >= 2, "protocol/examples/{name} holds fewer than two examples");
        let stray: Vec<_> = files.iter().filter(|file| !file.ends_with(".json")).collect();
        assert!(stray.is_empty(), "protocol/examples/{name}: {stray:?} are no examples");
    }
}

#[test]
fn every_example_is_printed_as_it_was_read() {
    for (directory, reprint) in TYPES {
        let files = names_in(&examples().join(directory));
        for file in &files {
            let name = format!("protocol/examples/{directory}/{file}");
            let stem = file.trim_end_matches(".json");
            let sibling = format!("{stem}.printed.json");
            let wanted = if files.contains(&sibling) { &sibling } else { file };
            let printed = reprint(&read(directory, file)).unwrap_or_else(|error| panic!("{name}: {error}"));
            let wanted: Value = serde_json::from_str(&read(directory, wanted)).unwrap();
            assert_equal(&printed, &wanted, &name);
        }
    }
}

#[test]
fn what_is_printed_otherwise_really_differs() {
    for (directory, _) in TYPES {
        for file in names_in(&examples().join(directory)) {
            let Some(stem) = file.strip_suffix(".printed.json") else { continue };
            let value = |name: &str| serde_json::from_str::<Value>(&read(directory, name)).unwrap();
            let original = value(&format!("{stem}.json"));
            assert!(original != value(&file), "protocol/examples/{directory}/{file} is not needed");
        }
    }
}

#[test]
fn fields_from_the_future_are_dropped() {
    let tolerant = |name: &str| !matches!(name, "Manifest" | "ServiceManifest" | "Usage" | "ErrorData");
    for (directory, _) in TYPES.iter().filter(|(name, _)| tolerant(name)) {
        let files = names_in(&examples().join(directory));
        let future = |file: &&String| file.starts_with("future-") && file.ends_with(".printed.json");
        assert!(files.iter().any(|file| future(&file)), "protocol/examples/{directory} has no future-….printed.json");
    }
}

#[test]
fn a_manifest_refuses_what_it_does_not_know() {
    let mut manifest: Value = serde_json::from_str(&read("Manifest", "minimal.json")).unwrap();
    manifest["provider"]["homepage"] = json!("https://example.org");
    let error = serde_json::from_value::<Manifest>(manifest).unwrap_err().to_string();
    assert!(error.contains("unknown field `homepage`"), "{error}");
}

#[test]
fn frames_are_told_apart_by_their_directory() {
    for directory in ["Request", "Notification", "Response"] {
        for file in names_in(&examples().join(directory)) {
            let frame: Value = serde_json::from_str(&read(directory, &file)).unwrap();
            let line = frame.to_string();
            let told = match frame::classify(line.as_bytes()).unwrap() {
                Message::Request { id, method, .. } => {
                    assert_equal(&(json!(id), json!(method)), &(frame["id"].clone(), frame["method"].clone()), &file);
                    "Request"
                }
                Message::Notification { method, .. } => {
                    assert_equal(&json!(method), &frame["method"], &file);
                    "Notification"
                }
                Message::Response { id, outcome } => {
                    assert_equal(&json!(id), &frame["id"], &file);
                    assert_equal(&outcome.is_err(), &frame.get("error").is_some(), &file);
                    "Response"
                }
            };
            assert_equal(&told, &directory, &file);
        }
    }
}

#[test]
fn every_method_and_notification_has_an_example() {
    let methods_in = |directory: &str| -> BTreeSet<String> {
        let frames = names_in(&examples().join(directory)).into_iter();
        let frames = frames.map(|file| serde_json::from_str::<Value>(&read(directory, &file)).unwrap());
        frames.map(|frame| frame["method"].as_str().unwrap().to_owned()).collect()
    };
    let requests = [
        Initialize::NAME,
        Configure::NAME,
        ListModels::NAME,
        DoTransform::NAME,
        Estimate::NAME,
        GetHealth::NAME,
        Ping::NAME,
        Shutdown::NAME,
    ];
    let messages = [
        notifications::EXIT,
        notifications::CANCEL_REQUEST,
        notifications::PROGRESS,
        notifications::CHUNK,
        notifications::ACCEPTED,
        notifications::STARTUP,
        notifications::LOG,
    ];
    for (directory, names) in [("Request", requests.as_slice()), ("Notification", messages.as_slice())] {
        let there = methods_in(directory);
        let missing: Vec<_> = names.iter().filter(|name| !there.contains(**name)).collect();
        assert!(missing.is_empty(), "protocol/examples/{directory} lacks {missing:?}");
    }
}

#[test]
fn the_manifests_of_the_guide_are_what_it_says() {
    let guide = |name: &str| std::fs::read_to_string(examples().join("../guide").join(name)).unwrap();
    let needs = Manifest::from_toml(&guide("needs.toml")).unwrap();
    assert_eq!(needs.services["backend"].config["model"], "small");
    let service = ServiceManifest::from_toml(&guide("service.toml")).unwrap().service;
    let (written, default) = (&service.readiness, Readiness::default());
    let times = |readiness: &Readiness| (readiness.interval(), readiness.timeout(), readiness.start_timeout());
    assert_eq!(times(written), times(&default), "the guide writes the defaults down");
    let liveness = service.liveness.unwrap();
    let times = |liveness: &Liveness| (liveness.interval(), liveness.timeout(), liveness.failures());
    assert_eq!(times(&liveness), times(&Liveness::default()));
    assert_eq!(service.map.len(), 3);
    let process = ServiceManifest::from_toml(&guide("process.toml")).unwrap();
    assert_eq!(process.run.unwrap().command[3], "${PORT}");
}
