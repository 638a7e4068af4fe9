//! What a Compose file may ask for. What is not known to be harmless is refused, unless it is granted.

mod build;
mod service;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::paths::own;
use super::table;

/// Something that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Where it stands.
    pub(super) path: String,
    /// What it is.
    pub(super) what: String,
    /// What would allow it; nothing does where there is none.
    pub(super) grant: Option<String>,
}

/// What is looked at, and what was found.
pub(super) struct Judge<'a> {
    root: &'a Path,
    grants: &'a BTreeSet<String>,
    refusals: Vec<Refusal>,
}

/// Returns everything in a file, as Compose has normalised it, that is refused.
pub(super) fn judge(file: &Value, root: &Path, grants: &BTreeSet<String>) -> Vec<Refusal> {
    let mut judge = Judge { root, grants, refusals: Vec::new() };
    for (key, value) in file.as_object().into_iter().flatten() {
        match key.as_str() {
            "services" => table(Some(value)).for_each(|(name, service)| judge.service(name, service)),
            "networks" => table(Some(value)).for_each(|(name, network)| judge.network(name, network)),
            "volumes" => table(Some(value)).for_each(|(name, volume)| judge.volume(name, volume)),
            "secrets" | "configs" => {
                table(Some(value)).for_each(|(name, file)| judge.file(&format!("{key}.{name}"), file))
            }
            "version" | "name" => {}
            other if other.starts_with("x-") => {}
            other => judge.never(other.to_owned(), format!("`{}`: it is no part of a service", shown(value))),
        }
    }
    judge.refusals
}

impl Judge<'_> {
    /// Refuses something, whatever is granted.
    fn never(&mut self, path: String, what: String) {
        self.refusals.push(Refusal { path, what, grant: None });
    }

    /// Refuses something that is not granted. A grant of a path covers what is below it.
    fn unless(&mut self, grant: String, path: String, what: String) {
        let covers = |known: &String| {
            let above =
                known.split_once(':').filter(|(_, path)| path.starts_with('/')).map(|_| known.trim_end_matches('/'));
            *known == grant
                || above
                    .and_then(|above| grant.strip_prefix(above))
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if !self.grants.iter().any(covers) {
            self.refusals.push(Refusal { path, what, grant: Some(grant) });
        }
    }

    fn network(&mut self, name: &str, network: &Value) {
        for (key, value) in network.as_object().into_iter().flatten() {
            let path = format!("networks.{name}.{key}");
            match key.as_str() {
                "name" | "labels" | "ipam" | "internal" | "attachable" | "enable_ipv6" | "enable_ipv4" => {}
                "driver" if matches!(value.as_str(), None | Some("" | "bridge" | "default")) => {}
                "external" if is_false(value) => {}
                "driver_opts" if is_empty(value) => {}
                _ => self.never(path, format!("`{}`: networks are the service's own", shown(value))),
            }
        }
    }

    fn volume(&mut self, name: &str, volume: &Value) {
        for (key, value) in volume.as_object().into_iter().flatten() {
            let path = format!("volumes.{name}.{key}");
            match key.as_str() {
                "name" | "labels" => {}
                "driver" if matches!(value.as_str(), None | Some("" | "local" | "default")) => {}
                "external" if is_false(value) => {}
                "driver_opts" if is_empty(value) => {}
                _ => self.never(path, format!("`{}`: volumes are the service's own", shown(value))),
            }
        }
    }

    fn file(&mut self, path: &str, file: &Value) {
        for (key, value) in file.as_object().into_iter().flatten() {
            let is_own = value.as_str().is_some_and(|path| own(self.root, path).is_some());
            match key.as_str() {
                "name" | "labels" | "content" => {}
                "external" if is_false(value) => {}
                "file" if is_own => {}
                "file" => {
                    self.never(format!("{path}.file"), format!("`{}` is no file of the service's own", shown(value)))
                }
                _ => self.never(format!("{path}.{key}"), format!("`{}` is not the service's own", shown(value))),
            }
        }
    }
}

fn is_false(value: &Value) -> bool {
    matches!(value, Value::Bool(false) | Value::Null)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// A value in an error: cut, and on one line.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(120).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests;
