//! What a stranger's Compose file may refer to, before Compose reads it: files of its own, and no others.

use std::path::Path;

use serde_json::Value;

/// The largest file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Reads a file of YAML. What it comes to is bounded, however it is written.
pub(super) fn read(path: &Path) -> Result<Value, String> {
    let text = prizm_install::read_text_bounded(path, MAX_BYTES).map_err(|error| error.to_string())?;
    let text = text.ok_or_else(|| "there is no such file".to_owned())?;
    parse(&text)
}

/// Reads YAML.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let value: Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    if value.is_object() { Ok(value) } else { Err("it is no mapping".to_owned()) }
}

/// Returns everything in it that would make Compose read files which are not the service's own.
pub(super) fn faults(file: &Value, root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    if file.get("include").is_some() {
        faults.push("include: a service is described in one file".to_owned());
    }
    for (name, service) in super::table(file.get("services")) {
        let at = |key: &str| format!("services.{name}.{key}");
        if service.get("extends").and_then(|extends| extends.get("file")).is_some() {
            faults.push(format!("{}: a service is described in one file", at("extends.file")));
        }
        if service.get("label_file").is_some() {
            faults.push(format!("{}: labels are written in the file itself", at("label_file")));
        }
        for path in paths(service.get("env_file")) {
            if !is_inside(root, &path) {
                faults.push(format!("{}: `{}` is no file of the service's own", at("env_file"), path.escape_debug()));
            }
        }
    }
    faults
}

/// Returns the paths of a string, a list of strings, or a list of tables with `path`.
fn paths(value: Option<&Value>) -> Vec<String> {
    let path = |value: &Value| value.as_str().or_else(|| value.get("path")?.as_str()).unwrap_or_default().to_owned();
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(all)) => all.iter().map(path).collect(),
        Some(one) => vec![path(one)],
    }
}

/// Whether a path leads to something below the root, with all links followed.
pub(super) fn is_inside(root: &Path, path: &str) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    match (real(root), real(&root.join(path))) {
        (Some(root), Some(path)) => path.starts_with(root),
        _ => false,
    }
}
