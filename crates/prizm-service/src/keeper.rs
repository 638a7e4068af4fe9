//! Who owns instances: this program, or one that outlives it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{Error, ErrorKind, Phase};
use crate::owner::Owner;
use crate::place::Place;
use crate::{Result, Spec};

/// Who owns the instances that are started through it. Clones share it.
#[derive(Clone, Debug)]
pub struct Keeper(Arc<How>);

#[derive(Debug)]
enum How {
    /// Tasks of this program, by instance.
    Here(Mutex<HashMap<String, Task>>),
    /// A program that is given the directory of an instance as its last argument, and calls [`keep`].
    Program(Vec<OsString>),
}

#[derive(Debug)]
struct Task {
    /// Dropped, it tells the owner to leave.
    leave: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// An owner that was begun.
pub(crate) enum Begun {
    /// It is one of this program's tasks, and owns the instance.
    Here,
    /// It is a program, which owns the instance soon.
    Program(tokio::process::Child),
}

impl Keeper {
    /// Instances are owned by tasks of this program, and stop with it: [`Keeper::shutdown`].
    pub fn here() -> Self {
        Self(Arc::new(How::Here(Mutex::default())))
    }

    /// Each instance is owned by a program of its own, started by this command with the instance's
    /// directory as a further argument: it must call [`keep`]. It outlives whoever started it, and ends
    /// with its instance.
    pub fn program(argv: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self(Arc::new(How::Program(argv.into_iter().map(Into::into).collect())))
    }

    /// Begins an owner. Where there is one already, this does nothing.
    pub(crate) async fn begin(&self, spec: &Spec, place: &Place) -> Result<Begun> {
        match &*self.0 {
            How::Here(tasks) => {
                if let Some(owner) = Owner::become_one(spec.clone(), place.clone()).await? {
                    let (leave, left) = oneshot::channel::<()>();
                    let instance = spec.instance.clone();
                    let task = tokio::spawn(async move {
                        if let Err(error) = owner.run(async move { drop(left.await) }).await {
                            tracing::warn!(instance, "{error}");
                        }
                    });
                    let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
                    tasks.retain(|_, task| !task.task.is_finished());
                    tasks.insert(spec.instance.clone(), Task { leave, task });
                }
                Ok(Begun::Here)
            }
            How::Program(argv) => spawn(argv, place).map(Begun::Program).map_err(|error| {
                let program = argv.first().map(|program| program.to_string_lossy().into_owned()).unwrap_or_default();
                let message = format!("the program that keeps services, `{program}`, cannot be started: {error}");
                Error::new(ErrorKind::State, Phase::Prepare, message).hinted("install Prizm anew")
            }),
        }
    }

    /// Lets all owners of this program leave, and waits for them: services are stopped, unless others
    /// use them. Owners that are programs stay.
    pub async fn shutdown(&self) {
        let How::Here(tasks) = &*self.0 else { return };
        let all: Vec<_> =
            std::mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner)).into_values().collect();
        let leave = |Task { leave, task }| {
            drop(leave);
            task
        };
        let tasks: Vec<_> = all.into_iter().map(leave).collect();
        for task in tasks {
            // A task that panicked has left.
            let _ = task.await;
        }
    }
}

fn spawn(argv: &[OsString], place: &Place) -> io::Result<tokio::process::Child> {
    let log = OpenOptions::new().create(true).write(true).truncate(true).open(place.keeper_log())?;
    let mut words = argv.iter();
    #[expect(clippy::disallowed_methods, reason = "this is the one program that must outlive whoever starts it")]
    let mut command = std::process::Command::new(words.next().ok_or(io::ErrorKind::InvalidInput)?);
    command.args(words).arg(place.directory()).current_dir("/");
    // Not to be interrupted with whoever started it.
    command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    tokio::process::Command::from(command).spawn()
}

/// Owns the instance in a directory until it has stopped: the main function of a keeper's program.
/// Where somebody else owns it already, this returns at once.
///
/// # Errors
/// The instance cannot be read, or could not be stopped.
pub async fn keep(directory: &Path, leave: impl Future<Output = ()>) -> Result<()> {
    let place = Place::at(directory);
    let spec = place.spec()?;
    match Owner::become_one(spec, place).await? {
        Some(owner) => owner.run(leave).await,
        None => Ok(()),
    }
}
