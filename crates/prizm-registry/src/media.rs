//! Media as programs hold them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prizm_host::{Input, InputSource, Output, OutputSource, Sniffed, TakenFile, sniff};
use prizm_protocol::MediaKind;
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt as _;

use crate::{Error, ErrorKind, Result};

/// Text, a picture, sound, a video or a three-dimensional model.
///
/// ```
/// use prizm_registry::{Media, MediaKind};
///
/// let text = Media::from("a red fox");
/// assert_eq!((text.kind(), text.as_text()), (MediaKind::Text, Some("a red fox")));
/// let picture = Media::from_bytes(*b"GIF89a\x01\x00\x01\x00...")?;
/// assert_eq!(picture.mime(), "image/gif");
/// # Ok::<(), prizm_registry::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Media {
    kind: MediaKind,
    mime: String,
    data: Data,
    role: Option<String>,
    name: Option<String>,
    meta: Option<Map<String, Value>>,
}

#[derive(Clone, Debug)]
enum Data {
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    File(PathBuf),
    Taken(TakenFile),
}

impl Media {
    /// Text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::new(MediaKind::Text, "text/plain", Data::Text(text.into()))
    }

    /// A file, whose content tells what it is. It is read when it is used.
    ///
    /// # Errors
    /// There is no such file, it may not be read, it is a directory, or nobody can tell what it is.
    pub async fn from_path(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let refuse = |what: &str, hint: &str| {
            Error::new(ErrorKind::Usage, format!("cannot use the input `{}`: {what}", path.display())).hinted(hint)
        };
        let meta = tokio::fs::metadata(&path).await.map_err(|error| {
            let what = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
                _ => error.to_string(),
            };
            refuse(&what, "check the path")
        })?;
        if meta.is_dir() {
            return Err(refuse("it is a directory", "name a file in it"));
        }
        if !meta.is_file() {
            return Err(refuse("it is no regular file", "save it to a file first"));
        }
        let failed = |error: std::io::Error| refuse(&error.to_string(), "check that the file may be read");
        let mut head = Vec::new();
        tokio::fs::File::open(&path).await.map_err(failed)?.take(8192).read_to_end(&mut head).await.map_err(failed)?;
        let Some(Sniffed { kind, mime }) = sniff(&head) else {
            let what = if head.is_empty() { "it is empty" } else { "its content is no known kind of media" };
            return Err(refuse(what, "inputs are text, pictures, sound, videos or 3D models"));
        };
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut known = Map::from_iter([("bytes".to_owned(), Value::from(meta.len()))]);
        known.extend(size(kind, &head));
        Ok(Self { name, meta: Some(known), ..Self::new(kind, mime, Data::File(path)) })
    }

    /// Bytes, whose content tells what they are.
    ///
    /// # Errors
    /// Nobody can tell what they are.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Result<Self> {
        let bytes = bytes.into();
        let found = sniff(&bytes[..bytes.len().min(8192)]);
        let unknown = || {
            Error::new(
                ErrorKind::Usage,
                format!("cannot use the input of {} bytes: its content is no known kind of media", bytes.len()),
            )
            .hinted("inputs are text, pictures, sound, videos or 3D models")
        };
        let Sniffed { kind, mime } = found.ok_or_else(unknown)?;
        Ok(match std::str::from_utf8(&bytes) {
            Ok(text) if kind == MediaKind::Text => Self::new(kind, mime, Data::Text(text.into())),
            _ if kind == MediaKind::Text => return Err(unknown()),
            _ => {
                let known = Map::from_iter(size(kind, &bytes));
                Self { meta: (!known.is_empty()).then_some(known), ..Self::new(kind, mime, Data::Bytes(bytes)) }
            }
        })
    }

    fn new(kind: MediaKind, mime: &str, data: Data) -> Self {
        Self { kind, mime: mime.to_owned(), data, role: None, name: None, meta: None }
    }

    /// Says which of a model's inputs it is.
    #[must_use]
    pub fn with_role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Returns what it is.
    pub fn kind(&self) -> MediaKind {
        self.kind
    }

    /// Returns its MIME type.
    pub fn mime(&self) -> &str {
        &self.mime
    }

    /// Returns which of a model's inputs or outputs it is; `None` for the primary one.
    pub fn role(&self) -> Option<&str> {
        self.role.as_deref()
    }

    /// Returns a name for people.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns what is known of it, such as `width` or `durationMs`.
    pub fn meta(&self) -> Option<&Map<String, Value>> {
        self.meta.as_ref()
    }

    /// Returns the text, where it is text that is held in memory.
    pub fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the file, where it is one. An output's file is removed with the last clone of it:
    /// [`Media::save`] what you want to keep.
    pub fn path(&self) -> Option<&Path> {
        match &self.data {
            Data::File(path) => Some(path),
            Data::Taken(file) => Some(file.path()),
            Data::Text(_) | Data::Bytes(_) => None,
        }
    }

    /// Returns the BLAKE3 hash of an output's file, in hexadecimal.
    pub fn hash(&self) -> Option<String> {
        match &self.data {
            Data::Taken(file) => Some(file.hash()),
            _ => None,
        }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// Its file cannot be read.
    pub async fn bytes(&self) -> Result<Vec<u8>> {
        match (&self.data, self.path()) {
            (Data::Text(text), _) => Ok(text.as_bytes().to_vec()),
            (Data::Bytes(bytes), _) => Ok(bytes.to_vec()),
            (_, Some(path)) => tokio::fs::read(path)
                .await
                .map_err(|error| Error::new(ErrorKind::Io, format!("cannot read `{}`: {error}", path.display()))),
            (_, None) => Ok(Vec::new()),
        }
    }

    /// Saves it; the file appears whole or not at all. An output is moved there without a copy where
    /// both are on one file system.
    ///
    /// # Errors
    /// The target's directory does not exist or cannot be written.
    pub async fn save(&self, path: impl Into<PathBuf>) -> Result<()> {
        let (target, data) = (path.into(), self.data.clone());
        let shown = target.display().to_string();
        let saved = tokio::task::spawn_blocking(move || match data {
            // The rename would put a file in the place of a device, a pipe or a socket.
            _ if target.exists() && !target.is_file() => Err(std::io::Error::other("it is no regular file")),
            Data::Taken(file) => file.save(&target),
            Data::Text(text) => write(&target, |file| std::io::Write::write_all(file, text.as_bytes())),
            Data::Bytes(bytes) => write(&target, |file| std::io::Write::write_all(file, &bytes)),
            Data::File(source) => {
                write(&target, |file| std::io::copy(&mut std::fs::File::open(&source)?, file).map(drop))
            }
        });
        let saved = saved.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        saved.map_err(|error| {
            Error::new(ErrorKind::Io, format!("cannot write the output `{shown}`: {error}"))
                .hinted("check that its directory exists and may be written")
        })
    }

    /// Returns what is known of it without a look into files; its content is none of it.
    pub(crate) fn facts(&self) -> prizm_route::Input {
        let known = |name: &str| self.meta.as_ref().and_then(|meta| meta.get(name)?.as_u64());
        let (bytes, chars) = match &self.data {
            Data::Text(text) => (Some(text.len() as u64), Some(text.chars().count() as u64)),
            Data::Bytes(bytes) => (Some(bytes.len() as u64), None),
            Data::File(_) | Data::Taken(_) => (known("bytes"), None),
        };
        prizm_route::Input {
            mime: Some(self.mime.clone()),
            bytes,
            chars: chars.or_else(|| known("characters")),
            width: known("width"),
            height: known("height"),
            millis: known("durationMs"),
            ..prizm_route::Input::new(self.kind)
        }
    }

    pub(crate) fn to_input(&self) -> Input {
        let source = match &self.data {
            Data::Text(text) => InputSource::Text(text.to_string()),
            Data::Bytes(bytes) => InputSource::Bytes(Arc::clone(bytes)),
            Data::File(path) => InputSource::File(path.clone()),
            Data::Taken(file) => InputSource::File(file.path().to_owned()),
        };
        Input { kind: self.kind, mime: self.mime.clone(), source, role: self.role.clone(), name: self.name.clone() }
    }

    pub(crate) fn from_output(output: Output) -> Result<Self> {
        let data = match output.source {
            OutputSource::Text(text) => Data::Text(text.into()),
            OutputSource::File(file) => Data::Taken(file),
            OutputSource::Url(url) => {
                let url: String = url.chars().take(200).collect();
                return Err(Error::new(
                    ErrorKind::Policy,
                    format!("the plugin's output is at `{url}`, and downloads are not allowed"),
                )
                .hinted("the plugin must download its outputs into its job directory"));
            }
        };
        let Output { kind, mime, role, name, meta, .. } = output;
        Ok(Self { kind, mime, data, role, name, meta })
    }

    pub(crate) fn from_taken(file: TakenFile, kind: MediaKind) -> Self {
        Self::new(kind, "application/octet-stream", Data::Taken(file))
    }
}

/// Reads the size of a picture off its beginning, where it says it.
fn size(kind: MediaKind, head: &[u8]) -> impl Iterator<Item = (String, Value)> {
    let size = (kind == MediaKind::Image).then(|| imagesize::blob_size(head).ok()).flatten();
    let sides = size.map(|size| [("width".to_owned(), size.width.into()), ("height".to_owned(), size.height.into())]);
    sides.into_iter().flatten()
}

fn write(target: &Path, fill: impl FnOnce(&mut std::fs::File) -> std::io::Result<()>) -> std::io::Result<()> {
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new().prefix(".prizm-").permissions(readable()).tempfile_in(directory)?;
    fill(file.as_file_mut())?;
    file.persist(target).map(drop).map_err(|error| error.error)
}

/// What any new file of the user's has, before the umask.
fn readable() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

impl From<&str> for Media {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Media {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&Media> for Media {
    fn from(media: &Media) -> Self {
        media.clone()
    }
}
