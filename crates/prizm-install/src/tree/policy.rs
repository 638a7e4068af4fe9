//! Which paths a source may hold.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization as _;

use crate::identifier::is_treacherous;

/// The longest path, in bytes: what systems take.
pub(crate) const MAX_PATH: usize = 4096;
/// The longest name of a file, in bytes: what file systems take.
const MAX_NAME: usize = 255;
/// How deep directories may be nested.
const MAX_DEPTH: usize = 40;

/// The names that were admitted.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// What each path is on a file system that ignores case and composition → how it is written.
    folded: BTreeMap<String, String>,
    files: BTreeSet<String>,
}

impl Names {
    /// Admits a path, or says why not.
    pub(super) fn admit(&mut self, path: &str) -> Result<(), String> {
        check(path)?;
        if self.files.contains(path) {
            return Err("it is there twice".to_owned());
        }
        for (at, _) in path.match_indices('/') {
            let above = &path[..at];
            if self.files.contains(above) {
                return Err(format!("`{}` above it is a file", above.escape_debug()));
            }
            self.admit_spelling(above)?;
        }
        if self.is_directory(path) {
            return Err("it is a directory, too".to_owned());
        }
        self.admit_spelling(path)?;
        self.files.insert(path.to_owned());
        Ok(())
    }

    /// Tells whether something is below `path`.
    pub(super) fn is_directory(&self, path: &str) -> bool {
        path.is_empty()
            || (self.folded.get(&fold(path)).is_some_and(|known| known == path) && !self.files.contains(path))
    }

    /// One spelling of a name only: files that are two here would be one elsewhere.
    fn admit_spelling(&mut self, path: &str) -> Result<(), String> {
        let known = self.folded.entry(fold(path)).or_insert_with(|| path.to_owned());
        if known == path {
            return Ok(());
        }
        Err(format!("it is `{}` where case or composition do not count", known.escape_debug()))
    }
}

fn fold(path: &str) -> String {
    path.nfc().collect::<String>().to_lowercase().nfc().collect()
}

fn check(path: &str) -> Result<(), String> {
    // First, because everything else takes time and memory by the length.
    if path.len() > MAX_PATH {
        return Err(format!("its path is longer than {MAX_PATH} bytes"));
    }
    if path.is_empty() || path.starts_with('/') {
        return Err("it is empty or absolute".to_owned());
    }
    if let Some(c) = path.chars().find(|c| is_treacherous(*c)) {
        return Err(format!("it contains U+{:04X}", c as u32));
    }
    if path.contains('\\') {
        return Err("it contains a backslash".to_owned());
    }
    let parts: Vec<_> = path.split('/').collect();
    if parts.len() > MAX_DEPTH {
        return Err(format!("it is more than {MAX_DEPTH} directories deep"));
    }
    for part in parts {
        match part {
            "" | "." | ".." => return Err("it contains `..`, `.` or an empty part".to_owned()),
            _ if part.len() > MAX_NAME => return Err(format!("a name is longer than {MAX_NAME} bytes")),
            _ if is_git_directory(part) => return Err("it would be git's own directory".to_owned()),
            _ => {}
        }
    }
    Ok(())
}

/// Tells whether a name is `.git` on some file system: Windows ignores final dots and blanks and
/// knows `git~1`, the Mac ignores some code points.
fn is_git_directory(name: &str) -> bool {
    let visible = |c: &char| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}');
    let plain: String = name.chars().filter(visible).collect::<String>().to_ascii_lowercase();
    let plain = plain.split(':').next().unwrap_or_default().trim_end_matches(['.', ' ']);
    matches!(plain, ".git" | "git~1")
}
