//! Which names of embedded files are safe to unpack.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use super::bundle::MARKER;

/// Checks the names of files, relative and separated by `/`.
pub(super) fn check(files: &[(&str, &[u8])]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for (name, _) in files {
        let bad = |reason: &str| Err(format!("the name `{}` {reason}", name.escape_debug()));
        if name.is_empty() || name.chars().any(char::is_control) || name.contains('\\') {
            return bad("is empty, or has control characters or backslashes");
        }
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return bad("is absolute, or contains `..`, `.` or an empty part");
        }
        if Path::new(name).components().any(|part| !matches!(part, Component::Normal(_))) {
            return bad("is not relative");
        }
        if *name == MARKER {
            return bad("is the store's own");
        }
        if !seen.insert(*name) {
            return bad("is there twice");
        }
    }
    for name in &seen {
        let above = Path::new(name).ancestors().skip(1).filter_map(Path::to_str);
        if let Some(file) = above.into_iter().find(|above| seen.contains(above)) {
            return Err(format!("`{name}` is below `{file}`, which is a file"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_directory_is_refused() {
        for name in ["", "/etc/passwd", "..", "../x", "a/../../x", "a//b", "./a", "a/", "a\\b", "a\nb", ".prizm-ok"] {
            let reason = check(&[(name, b"")]).unwrap_err();
            assert!(reason.contains(&name.escape_debug().to_string()), "{name:?}: {reason}");
        }
        assert!(check(&[("a", b""), ("a", b"")]).unwrap_err().contains("twice"));
        assert!(check(&[("a", b""), ("a/b", b"")]).unwrap_err().contains("`a`, which is a file"));
        assert_eq!(check(&[("a/b", b""), ("a/..b", b""), ("prizm.toml", b"")]), Ok(()));
    }
}
