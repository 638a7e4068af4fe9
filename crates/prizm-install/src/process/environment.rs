//! What a build tool sees of the environment.

use std::ffi::{OsStr, OsString};

use prizm_protocol::is_inherited;

/// Variables that a build may see beside those that a plugin does: where its tools are.
const TOOLS: &[&str] = &["CARGO_HOME", "RUSTUP_HOME"];

/// Returns the variables that a build may see: those of the list, and the granted ones.
pub(super) fn allowed(granted: &[String]) -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| is_allowed(name, granted))
}

fn is_allowed(name: &OsStr, granted: &[String]) -> bool {
    name.to_str().is_some_and(|name| {
        is_inherited(name) || TOOLS.contains(&name) || granted.iter().any(|granted| granted == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_list_is_inherited() {
        let granted = ["CUDA_HOME".to_owned()];
        for name in ["PATH", "LC_ALL", "CARGO_HOME", "https_proxy", "CUDA_HOME"] {
            assert!(is_allowed(name.as_ref(), &granted), "{name}");
        }
        for name in ["AWS_SECRET_ACCESS_KEY", "LD_PRELOAD", "RUSTC_WRAPPER", "CARGO_TARGET_DIR", "CUDA", "path"] {
            assert!(!is_allowed(name.as_ref(), &granted), "{name}");
        }
    }
}
