//! Whose a path is.

use std::path::{Path, PathBuf};

/// Returns where a path leads, with all links followed, if that is below the root. What Compose would not
/// take for a path within it is none, whatever files there are: a home, a URL, another machine's directory.
pub(super) fn own(root: &Path, path: &str) -> Option<PathBuf> {
    let is_relative = !path.starts_with('/');
    if path.starts_with('~') || (is_relative && (path.contains([':', '@']) || path.starts_with("github.com/"))) {
        return None;
    }
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
        for deceptive in ["~/a", "https:/h/x.git", "github.com/u/r", "git@h:r"] {
            std::fs::create_dir_all(path.join(deceptive)).unwrap();
        }
        std::os::unix::fs::symlink("a", path.join("in")).unwrap();
        for good in ["a", "./a/../a", "in", ".", path.join("a").to_str().unwrap()] {
            assert!(own(path, good).is_some(), "{good}");
        }
        for bad in [
            "..",
            "out",
            "out/passwd",
            "/etc/passwd",
            "missing",
            "~/a",
            "a/../../",
            "https://h/x.git",
            "github.com/u/r",
            "git@h:r",
        ] {
            assert_eq!(own(path, bad), None, "{bad}");
        }
    }
}
