//! `package.json`, the manifest of packages for Node.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{read_text, wrong};
use crate::Error;

/// The name of the file.
pub(crate) const PACKAGE_FILE: &str = "package.json";

/// A `package.json`, of which nothing is known but that it is an object.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    path: PathBuf,
    fields: Map<String, Value>,
}

impl Package {
    /// Reads the `package.json` of a directory; none is no error.
    pub(crate) fn read(directory: &Path) -> Result<Option<Self>, Error> {
        let path = directory.join(PACKAGE_FILE);
        let Some(text) = read_text(&path)? else { return Ok(None) };
        match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
            Ok(Value::Object(fields)) => Ok(Some(Self { path, fields })),
            Ok(_) => Err(wrong(&path, "it is no object")),
            Err(error) => Err(wrong(&path, error)),
        }
    }

    /// Returns a field, unless it is null.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    /// Returns a field that must be text.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&str>, Error> {
        match self.get(key) {
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(format!("`{key}` is no text"))),
            None => Ok(None),
        }
    }

    /// Returns a field that must be an object.
    pub(crate) fn object(&self, key: &str) -> Result<Option<&Map<String, Value>>, Error> {
        match self.get(key) {
            Some(Value::Object(fields)) => Ok(Some(fields)),
            Some(_) => Err(self.wrong(format!("`{key}` is no object"))),
            None => Ok(None),
        }
    }

    /// Returns where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes an error about the file.
    pub(crate) fn wrong(&self, reason: impl std::fmt::Display) -> Error {
        wrong(&self.path, reason)
    }
}
