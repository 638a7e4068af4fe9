//! What a build tool sees of the environment.

use std::ffi::{OsStr, OsString};

use prizm_protocol::is_inherited;

/// Variables that a build may see beside those that a plugin does: where its tools are.
const TOOLS: &[&str] = &["CARGO_HOME", "RUSTUP_HOME"];

/// Returns the variables that a build may see: those of the list, of which one may leave out the
/// proxies, and the granted ones.
pub(super) fn allowed(granted: &[String], proxies: bool) -> impl Iterator<Item = (OsString, OsString)> {
    let allowed = std::env::vars_os().filter(move |(name, _)| is_allowed(name, granted, proxies));
    allowed.filter_map(|(name, value)| {
        let value = if name == "PATH" { absolute(&value)? } else { value };
        Some((name, value))
    })
}

/// Takes from a PATH what is relative: in a build that would be a directory of the source's.
pub(super) fn absolute(path: &OsStr) -> Option<OsString> {
    let entries = std::env::split_paths(path).filter(|entry| entry.is_absolute());
    // An empty one would be the current directory.
    std::env::join_paths(entries).ok().filter(|path| !path.is_empty())
}

fn is_allowed(name: &OsStr, granted: &[String], proxies: bool) -> bool {
    let is_listed = |name: &str| is_inherited(name) && (proxies || !name.to_ascii_lowercase().ends_with("_proxy"));
    name.to_str()
        .is_some_and(|name| is_listed(name) || TOOLS.contains(&name) || granted.iter().any(|granted| granted == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_relative_stays_on_the_path() {
        let absolute = |path: &str| super::absolute(path.as_ref()).map(|path| path.into_string().unwrap());
        assert_eq!(absolute("./bin:/usr/bin::~/bin:bin:/bin:").as_deref(), Some("/usr/bin:/bin"));
        assert_eq!(absolute("."), None);
    }

    #[test]
    fn nothing_outside_the_list_is_inherited() {
        let granted = ["CUDA_HOME".to_owned()];
        for name in ["PATH", "LC_ALL", "CARGO_HOME", "https_proxy", "CUDA_HOME"] {
            assert!(is_allowed(name.as_ref(), &granted, true), "{name}");
        }
        for name in ["AWS_SECRET_ACCESS_KEY", "LD_PRELOAD", "RUSTC_WRAPPER", "CARGO_TARGET_DIR", "CUDA", "path"] {
            assert!(!is_allowed(name.as_ref(), &granted, true), "{name}");
        }
        for name in ["https_proxy", "HTTP_PROXY", "ALL_PROXY", "no_proxy"] {
            assert!(!is_allowed(name.as_ref(), &granted, false), "{name}");
        }
        assert!(is_allowed("PATH".as_ref(), &granted, false));
    }
}
