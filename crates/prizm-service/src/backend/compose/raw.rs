//! A stranger's Compose file before Compose reads it.
//!
//! Compose is not given the file itself, but what was understood of it, as JSON: no two readers of YAML
//! understand everything alike, and what is checked must be what is read.

use std::path::Path;

use serde_json::{Value, json};

use super::paths::own;
use super::variables::Variables;
use super::{table, yaml};

/// The largest file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Keys of a service that change nothing of what runs here, and that an older Compose may not know.
const IDLE: &[&str] = &["annotations", "attach", "container_name", "develop", "labels", "pull_policy"];

/// Reads a file.
pub(super) fn read(root: &Path, file: &str) -> Result<Value, String> {
    let path = own(root, file).ok_or_else(|| "there is no such file among the service's own".to_owned())?;
    let text = prizm_install::read_text_bounded(&path, MAX_BYTES).map_err(|error| error.to_string())?;
    yaml::read(&text.ok_or_else(|| "there is no such file".to_owned())?)
}

/// The parts of a file that are looked at; `include` is told by itself.
fn is_part(key: &str) -> bool {
    let known = ["configs", "include", "name", "networks", "secrets", "services", "version", "volumes"];
    known.contains(&key) || key.starts_with("x-")
}

/// Returns everything in it that would make Compose read files which are not the service's own.
pub(super) fn faults(file: &Value, root: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    if file.get("include").is_some() {
        faults.push("`include`: a service is described in one file".to_owned());
    }
    // Else Compose might take it for one of its first format, and its top level for services.
    if !file.get("services").is_some_and(Value::is_object) {
        faults.push("`services`: there is no table of services".to_owned());
    }
    for key in table(Some(file)).map(|(key, _)| key).filter(|key| !is_part(key)) {
        faults.push(format!("`{}`: it is no part of a service", key.escape_debug()));
    }
    for (name, service) in table(file.get("services")) {
        let at = |key: &str| format!("`services.{}.{key}`", name.escape_debug());
        // It stands in commands.
        if name.starts_with('-') {
            faults.push(format!("{}: it begins with `-`", at("")));
        }
        if service.get("extends").and_then(|extends| extends.get("file")).is_some() {
            faults.push(format!("{}: a service is described in one file", at("extends.file")));
        }
        if service.get("label_file").is_some() {
            faults.push(format!("{}: labels are written in the file itself", at("label_file")));
        }
        for path in env_files(service.get("env_file")).iter().filter(|path| path.is_needed || path.is_there(root)) {
            // What stands there in the end is not known if it is made of variables.
            if path.path.contains('$') || own(root, &path.path).is_none() {
                let shown = path.path.escape_debug();
                faults.push(format!("{}: `{shown}` is no file of the service's own", at("env_file")));
            }
        }
    }
    faults
}

/// Returns what Compose is given to read.
pub(super) fn cleaned(mut file: Value, root: &Path, variables: &Variables) -> Value {
    Variables::rename(&mut file);
    let Some(parts) = file.as_object_mut() else { return file };
    parts.retain(|key, _| !matches!(key.as_str(), "name" | "version") && !key.starts_with("x-"));
    let services = parts.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flatten().filter_map(|(_, service)| service.as_object_mut()) {
        service.retain(|key, _| !IDLE.contains(&key.as_str()) && !key.starts_with("x-"));
        if let Some(environment) = service.get_mut("environment") {
            variables.fill(environment);
        }
        if let Some(args) = service.get_mut("build").and_then(|build| build.get_mut("args")) {
            variables.fill(args);
        }
        if let Some(files) = service.remove("env_file") {
            let files = env_files(Some(&files)).into_iter().filter(|file| file.is_there(root)).map(|file| file.path);
            service.insert("env_file".to_owned(), files.collect());
        }
        // The short form is newer than the long one, and says the same.
        if service.remove("gpus").is_some_and(|gpus| !gpus.is_null()) {
            service.entry("deploy").or_insert_with(|| json!({"resources": {"reservations": {"devices": [gpu()]}}}));
        }
    }
    file
}

/// All GPUs, as a reservation of a service.
pub(super) fn gpu() -> Value {
    json!({"driver": "nvidia", "count": "all", "capabilities": ["gpu"]})
}

struct EnvFile {
    path: String,
    is_needed: bool,
}

impl EnvFile {
    fn is_there(&self, root: &Path) -> bool {
        root.join(&self.path).symlink_metadata().is_ok()
    }
}

/// Reads a path, a list of paths, or a list of tables with `path` and `required`.
fn env_files(value: Option<&Value>) -> Vec<EnvFile> {
    let one = |value: &Value| EnvFile {
        path: value.as_str().or_else(|| value.get("path")?.as_str()).unwrap_or_default().to_owned(),
        is_needed: value.get("required").and_then(Value::as_bool) != Some(false),
    };
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(all)) => all.iter().map(one).collect(),
        Some(value) => vec![one(value)],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_would_read_other_files_is_refused() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("own.env"), "").unwrap();
        // A name that would become another.
        std::fs::write(root.path().join("${X}"), "").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("link")).unwrap();
        for (service, expected) in [
            (json!({"env_file": "own.env"}), 0),
            (json!({"env_file": ["./own.env", {"path": "gone.env", "required": false}]}), 0),
            (json!({"extends": {"service": "b"}}), 0),
            (json!({"env_file": "/etc/passwd"}), 1),
            (json!({"env_file": ["own.env", "../x", {"path": "link"}]}), 2),
            (json!({"env_file": {"path": "link", "required": false}}), 1),
            (json!({"env_file": "${X}"}), 1),
            (json!({"env_file": "missing"}), 1),
            (json!({"extends": {"service": "b", "file": "other.yml"}}), 1),
            (json!({"label_file": "own.env"}), 1),
        ] {
            let file = json!({"services": {"a": service}});
            assert_eq!(faults(&file, root.path()).len(), expected, "{file}");
        }
        assert_eq!(faults(&json!({"include": ["own.env"], "services": {}}), root.path()).len(), 1);
        // The first format has no table of services; and what is no part of a service is none.
        assert_eq!(faults(&json!({"api": {"image": "x", "env_file": "/etc/passwd"}}), root.path()).len(), 2);
        assert_eq!(faults(&json!({"services": {"--help": {}}, "x-more": 1}), root.path()).len(), 1);
    }

    #[test]
    fn the_file_itself_is_the_services_own() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("c.yml"), "services: {}").unwrap();
        std::os::unix::fs::symlink("/etc/os-release", root.path().join("link.yml")).unwrap();
        assert_eq!(read(root.path(), "c.yml"), Ok(json!({"services": {}})));
        assert!(read(root.path(), "link.yml").unwrap_err().contains("own"));
        assert!(read(root.path(), "../c.yml").unwrap_err().contains("own"));
    }

    #[test]
    fn what_compose_reads_is_plain_and_knows_nothing_of_us() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("own.env"), "").unwrap();
        let file = json!({
            "version": "3", "name": "x", "x-a": 1,
            "services": {"a": {
                "image": "i:${TAG}", "container_name": "fixed", "labels": {"traefik.enable": "true"}, "x-b": 2,
                "environment": ["HOME", "A", "B=$HOME"], "build": {"args": {"A": null, "PATH": null}},
                "env_file": ["own.env", {"path": "gone", "required": false}], "gpus": "all", "develop": {},
            }},
        });
        let settings = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        let variables = Variables::of(root.path(), &settings).unwrap();
        let expected = json!({"services": {"a": {
            "image": "i:${PRIZM_VALUE_TAG}", "environment": ["A=1", "B=$PRIZM_VALUE_HOME"], "build": {"args": {"A": "1"}},
            "env_file": ["own.env"],
            "deploy": {"resources": {"reservations": {"devices":
                [{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]}}},
        }}});
        assert_eq!(cleaned(file, root.path(), &variables), expected);
    }
}
