//! Whose a path is.

use std::path::{Path, PathBuf};

/// Returns where a path leads, with all links followed, if that is below the root.
pub(super) fn own(root: &Path, path: &str) -> Option<PathBuf> {
    let real = root.join(path).canonicalize().ok()?;
    real.starts_with(root.canonicalize().ok()?).then_some(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_is_not_its_own() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path();
        std::fs::create_dir(path.join("a")).unwrap();
        std::os::unix::fs::symlink("/etc", path.join("out")).unwrap();
        std::os::unix::fs::symlink("a", path.join("in")).unwrap();
        for good in ["a", "./a/../a", "in", ".", path.join("a").to_str().unwrap()] {
            assert!(own(path, good).is_some(), "{good}");
        }
        for bad in ["..", "out", "out/passwd", "/etc/passwd", "missing", "~/a", "a/../../"] {
            assert_eq!(own(path, bad), None, "{bad}");
        }
    }
}
