//! What a build of an image may ask for.

use std::path::Path;

use serde_json::{Value, json};

use super::{Judge, is_empty, is_false, shown};
use crate::backend::compose::paths::own;

/// Keys that can do no harm, whatever they say, or that do not reach the engine.
const HARMLESS: &[&str] = &[
    "args",
    "cache_from",
    "dockerfile_inline",
    "extra_hosts",
    "isolation",
    "labels",
    "no_cache",
    "platforms",
    "provenance",
    "pull",
    "sbom",
    "shm_size",
    "tags",
    "target",
];

impl Judge<'_> {
    pub(super) fn build(&mut self, path: &str, value: &Value) {
        let short = value.as_str().map(|context| json!({ "context": context }));
        let build = short.as_ref().unwrap_or(value);
        let context = build.get("context").and_then(Value::as_str).unwrap_or(".");
        for (key, value) in build.as_object().into_iter().flatten() {
            let at = format!("{path}.{key}");
            let text = value.as_str().unwrap_or_default();
            match key.as_str() {
                key if HARMLESS.contains(&key) => {}
                _ if is_empty(value) || is_false(value) => {}
                "context" if own(self.root, text).is_some_and(|path| path.is_dir()) => {}
                "context" => self.never(at, format!("`{}`: it is no directory of the service's own", shown(value))),
                "dockerfile" if own(self.root, &Path::new(context).join(text).to_string_lossy()).is_some() => {}
                "dockerfile" => self.never(at, format!("`{}`: it is no file of the service's own", shown(value))),
                "network" if matches!(text, "default" | "none") => {}
                _ => self.never(at, format!("`{}`: a build is kept to the service's own files", shown(value))),
            }
        }
    }
}
