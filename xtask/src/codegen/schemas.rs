//! The JSON Schemas and the OpenRPC document, of the types of the wire.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Files;
use crate::sh::Argv;

const PROGRAM: &str = "cargo run --quiet --package prizm-protocol --features schema --bin schemas";

/// Runs the program that knows the types.
pub fn make(root: &Path) -> Result<Files> {
    let argv = Argv::new(PROGRAM);
    let output = argv.output(root)?;
    if !output.status.success() {
        bail!("`{argv}` failed: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    let printed: Value = serde_json::from_slice(&output.stdout).with_context(|| format!("`{argv}` printed no JSON"))?;
    let files = printed.as_object().with_context(|| format!("`{argv}` printed no object"))?;
    let files = files.iter().map(|(path, text)| {
        let text = text.as_str().with_context(|| format!("`{argv}` printed no text for `{path}`"))?;
        Ok((format!("protocol/{path}"), text.to_owned()))
    });
    files.collect()
}
