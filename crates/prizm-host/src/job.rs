//! The directory of one job: inputs as read-only copies under `in/`, outputs under `out/`, taken
//! by rename after every check.

mod take;

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use prizm_protocol::{Media, MediaKind};
use rustix::fs::{Mode, OFlags};
use tempfile::TempDir;

pub use take::TakenFile;
pub(crate) use take::{take, take_chunk};

use crate::call::{Input, InputSource};
use crate::{Error, ErrorKind, Stage};

/// A job's directory, removed with its last user.
#[derive(Clone, Debug)]
pub(crate) struct JobDir(Arc<TempDir>);

impl JobDir {
    /// Makes the directory: `job/in` and `job/out` for the plugin, `taken` for the host.
    fn create(work_dir: &Path) -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("job-").tempdir_in(work_dir)?;
        fs::create_dir_all(dir.path().join("job/in"))?;
        fs::create_dir(dir.path().join("job/out"))?;
        fs::create_dir(dir.path().join("taken"))?;
        Ok(Self(Arc::new(dir)))
    }

    /// Returns what the plugin is told.
    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.0.path().join("job")
    }

    /// Returns the name of the job for logs.
    pub(crate) fn id(&self) -> String {
        self.0.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Makes the directory and puts the inputs in. Blocks.
pub(crate) fn prepare(work_dir: &Path, inputs: Vec<Input>) -> Result<(JobDir, Vec<Media>), Error> {
    let job = JobDir::create(work_dir).map_err(|error| {
        Error::io(Stage::Input, format!("cannot make a job directory in `{}`", work_dir.display()), &error)
    })?;
    let media = inputs.into_iter().enumerate().map(|(index, input)| place(&job, index, input));
    let media = media.collect::<Result<_, _>>()?;
    Ok((job, media))
}

fn place(job: &JobDir, index: usize, input: Input) -> Result<Media, Error> {
    let mut media = match input.source {
        InputSource::Text(text) => Media { mime: input.mime, ..Media::text(text) },
        InputSource::Bytes(bytes) => {
            let name = format!("in/{index}");
            let target = job.path().join(&name);
            let written =
                fs::write(&target, &bytes).and_then(|()| fs::set_permissions(&target, Permissions::from_mode(0o444)));
            written.map_err(|error| Error::io(Stage::Input, "cannot write an input", &error))?;
            Media::file(input.kind, input.mime, name)
        }
        InputSource::File(source) => {
            let failed = |error: &io::Error| {
                let hint = match error.kind() {
                    io::ErrorKind::NotFound => "there is no such file",
                    io::ErrorKind::PermissionDenied => "it may not be read",
                    io::ErrorKind::StorageFull => "free some space: the plugin works on a copy",
                    _ => "an input must be a regular file that may be read",
                };
                Error::new(
                    ErrorKind::Input,
                    Stage::Input,
                    format!("cannot use the input `{}`: {error}", source.display()),
                )
                .with_hint(hint)
            };
            let name = format!("in/{index}{}", extension(&source));
            copy(&source, &job.path().join(&name)).map_err(|error| failed(&error))?;
            Media::file(input.kind, input.mime, name)
        }
    };
    media.kind = input.kind;
    media.role = input.role;
    media.name = input.name;
    Ok(media)
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    // NONBLOCK, so that a FIFO cannot make the host wait for somebody to write.
    let opened = rustix::fs::open(source, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())?;
    let meta = File::from(opened).metadata()?;
    if meta.is_dir() {
        return Err(io::Error::other("it is a directory"));
    }
    if !meta.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    // Never a hard link: what the plugin does to it must not reach the user's file.
    reflink_copy::reflink_or_copy(source, target)?;
    fs::set_permissions(target, Permissions::from_mode(0o444))
}

/// Keeps a harmless extension, which some tools go by.
fn extension(path: &Path) -> String {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some(ext) if ext.len() <= 8 && ext.bytes().all(|b| b.is_ascii_alphanumeric()) => format!(".{ext}"),
        _ => String::new(),
    }
}

/// Returns whether a job needs no directory: every medium that goes in or can come out is text.
pub(crate) fn is_text_only(inputs: &[Input], output: Option<MediaKind>) -> bool {
    output == Some(MediaKind::Text) && inputs.iter().all(|input| matches!(input.source, InputSource::Text(_)))
}
