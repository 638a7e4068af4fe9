//! Is a directory there, and can it be read?

use std::io;
use std::path::{Path, PathBuf};

use crate::error::quoted;
use crate::{Error, ErrorKind};

/// Returns the directory with symbolic links followed.
pub(crate) fn readable(path: &Path) -> Result<PathBuf, Error> {
    let check = || {
        let canonical = path.canonicalize()?;
        canonical.read_dir()?;
        Ok(canonical)
    };
    check().map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &io::Error) -> Error {
    let shown = quoted(path);
    let source = |message: String| Error::new(ErrorKind::Source, message);
    match error.kind() {
        io::ErrorKind::NotFound => source(format!("{shown} does not exist"))
            .with_hint("check the path; it is that of the directory which holds `prizm.toml`"),
        io::ErrorKind::NotADirectory => {
            let hint = "name the directory which holds the provider";
            source(format!("{shown} is not a directory")).with_hint(hint)
        }
        io::ErrorKind::PermissionDenied => {
            let hint = format!("give yourself the right to read it: chmod u+rx {shown}");
            source(format!("{shown} may not be read")).with_hint(hint)
        }
        _ => source(format!("{shown} cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_words() {
        let refused = |kind| refused(Path::new("/x"), &io::Error::from(kind)).to_string();
        assert_eq!(refused(io::ErrorKind::NotFound), "`/x` does not exist");
        assert_eq!(refused(io::ErrorKind::NotADirectory), "`/x` is not a directory");
        assert_eq!(refused(io::ErrorKind::PermissionDenied), "`/x` may not be read");
        assert!(refused(io::ErrorKind::TimedOut).starts_with("`/x` cannot be read: "));
    }

    #[test]
    fn links_are_followed() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().join("real");
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, directory.path().join("link")).unwrap();
        assert_eq!(readable(&directory.path().join("link")).unwrap(), real.canonicalize().unwrap());
        std::fs::write(directory.path().join("file"), "").unwrap();
        assert_eq!(readable(&directory.path().join("file")).unwrap_err().kind(), ErrorKind::Source);
    }
}
