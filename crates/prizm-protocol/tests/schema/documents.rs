//! The committed files, read.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;

pub fn protocol() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol")
}

pub fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names in a directory below `protocol`, sorted, without `.json`.
pub fn names_in(directory: &str) -> Vec<String> {
    let path = protocol().join(directory);
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap()).trim_end_matches(".json").to_owned()).collect();
    names.sort();
    names
}

/// Every schema by its name.
pub fn schemas() -> BTreeMap<String, Value> {
    let read = |name: String| (name.clone(), schema(&name));
    names_in("schema/1.0").into_iter().map(read).collect()
}

pub fn schema(name: &str) -> Value {
    read(&protocol().join(format!("schema/1.0/{name}.json")))
}

pub fn compile(schema: &Value) -> Validator {
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).offline();
    options.build(schema).unwrap_or_else(|error| panic!("{}: {error}", schema["$id"]))
}

/// Every example of a type, by its file's name without `.json`.
pub fn examples(directory: &str) -> BTreeMap<String, Value> {
    let directory = format!("examples/{directory}");
    let read = |name: String| (name.clone(), read(&protocol().join(&directory).join(format!("{name}.json"))));
    names_in(&directory).into_iter().map(read).collect()
}

/// The examples that a writer may write.
pub fn valid_examples(directory: &str) -> BTreeMap<String, Value> {
    examples(directory).into_iter().filter(|(name, _)| !name.starts_with("unchecked")).collect()
}

/// The directory of a schema's examples: `error-data` has `ErrorData`.
pub fn directory_of(schema: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    schema.split('-').map(capital).collect()
}
