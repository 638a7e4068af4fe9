//! The job's directory: inputs are read beneath it, outputs are made in `out/`.

use std::fs;
use std::path::{Component, Path, PathBuf};

use prizm_protocol::{ErrorKind, Media, MediaKind};

use crate::{Context, Error};

const OUTPUTS: &str = "out";

impl Context {
    /// Returns the job's own directory.
    ///
    /// # Errors
    /// The job has none: every medium of it is text.
    pub fn job_dir(&self) -> Result<&Path, Error> {
        self.0.job_dir.as_deref().ok_or_else(|| {
            let message = "the job has no directory (`jobDir`), so it can neither read nor write \
                           files; the host must give one for anything but text";
            Error::invalid_params(message)
        })
    }

    /// Returns where an input's file is. It is read-only.
    ///
    /// # Errors
    /// The medium is no file, or its file is missing or not beneath the job's directory.
    pub fn input(&self, media: &Media) -> Result<PathBuf, Error> {
        let invalid = |message: String| Error::new(ErrorKind::InvalidMedia, message);
        let Some(path) = &media.path else {
            let what = if media.text.is_some() { "inline text" } else { "not in a file" };
            return Err(invalid(format!("the {} input is {what}; a file is needed", media.kind)));
        };
        let shown = path.escape_debug();
        let dir = self.job_dir()?;
        if !is_plain(path) {
            return Err(invalid(format!("the input's path `{shown}` leaves the job's directory")));
        }
        let file = dir.join(path);
        let missing = |error| invalid(format!("the input `{shown}` cannot be read: {error}"));
        let real = file.canonicalize().map_err(missing)?;
        if !real.starts_with(dir.canonicalize().map_err(missing)?) {
            return Err(invalid(format!("the input `{shown}` links out of the job's directory")));
        }
        Ok(file)
    }

    /// Reads an input whole: its file, or its inline text.
    ///
    /// # Errors
    /// As [`Context::input`], or the file cannot be read.
    pub async fn read_input(&self, media: &Media) -> Result<Vec<u8>, Error> {
        if let Some(text) = &media.text {
            return Ok(text.clone().into_bytes());
        }
        let path = self.input(media)?;
        self.blocking(move |_| {
            fs::read(&path).map_err(|error| {
                let message = format!("the input `{}` cannot be read: {error}", path.display());
                Error::new(ErrorKind::InvalidMedia, message)
            })
        })
        .await
    }

    /// Returns where to write an output of this name, such as `card.png` or `frames/1.png`; the
    /// directories up to it are made. [`Context::output`] turns the path into a medium.
    ///
    /// # Errors
    /// The name is empty or leaves the directory, or a directory cannot be made.
    pub fn create_output(&self, name: &str) -> Result<PathBuf, Error> {
        let outputs = self.job_dir()?.join(OUTPUTS);
        if !is_plain(name) {
            return Err(Error::internal(format!(
                "`{}` is no name for an output: expected a relative path without `..`",
                name.escape_debug()
            )));
        }
        let path = outputs.join(name);
        let parent = path.parent().unwrap_or(&outputs);
        fs::create_dir_all(parent).map_err(|error| failed("make", parent, &error))?;
        Ok(path)
    }

    /// Returns a file of the job's directory as a medium.
    ///
    /// # Errors
    /// The file is not beneath the job's directory.
    pub fn output(&self, kind: MediaKind, mime: impl Into<String>, path: impl AsRef<Path>) -> Result<Media, Error> {
        Ok(Media::file(kind, mime, self.relative(path.as_ref())?))
    }

    /// Writes bytes to an output of this name and returns it as a medium.
    ///
    /// # Errors
    /// As [`Context::create_output`], or the file cannot be written.
    pub async fn output_file(
        &self,
        kind: MediaKind,
        mime: impl Into<String>,
        name: &str,
        bytes: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Media, Error> {
        let path = self.create_output(name)?;
        let media = self.output(kind, mime, &path)?;
        self.blocking(move |_| fs::write(&path, bytes).map_err(|error| failed("write", &path, &error))).await?;
        Ok(media)
    }

    pub(crate) fn relative(&self, path: &Path) -> Result<String, Error> {
        let dir = self.job_dir()?;
        let inside = path.strip_prefix(dir).ok().and_then(Path::to_str).filter(|path| is_plain(path));
        inside.map(str::to_owned).ok_or_else(|| {
            let (path, dir) = (path.display(), dir.display());
            Error::internal(format!("`{path}` is not beneath the job's directory `{dir}`"))
        })
    }
}

/// Whether a path is relative and stays where it starts, on any system.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\\', '\0'])
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn failed(verb: &str, path: &Path, error: &std::io::Error) -> Error {
    let message = format!("cannot {verb} `{}`: {error}", path.display());
    match Error::from(std::io::Error::from(error.kind())).kind() {
        Some(kind) => Error::new(kind, message),
        None => Error::internal(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_stay_where_they_start() {
        for good in ["in/a.png", "a", "out/frames/1.png", "a..b"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in ["", "/etc/passwd", "../a", "in/../../a", "..", "a\\b", "a\0", "./a/.."] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
