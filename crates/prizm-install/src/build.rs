//! Runs what a plan says, and finds what it made.

pub(crate) mod cargo;
pub(crate) mod node;
mod python;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::quoted;
use crate::manifest::Described;
use crate::plan::Entry;
use crate::process::Invocation;
use crate::recipe::Language;
use crate::{Error, Plan, Reporter, Store, step};

/// What a build made.
#[derive(Clone, Debug)]
pub struct Built {
    /// The root: the working directory.
    pub root: PathBuf,
    /// The program and its arguments. A program with a `/` is relative to the root; another is on PATH.
    /// Empty where nothing of it is started here.
    pub argv: Vec<OsString>,
    pub(crate) manifest: Option<Described>,
}

/// Builds a provider or a service as its plan says.
///
/// Everything runs in the provider's root, as its author would run it: with the rights of the user, the
/// variables of an allow-list and those that were granted.
///
/// 1. What it depends on is installed where that is missing or out of date: by npm in `node_modules`, by
///    pip in `.venv`.
/// 2. Then runs the `[build] command`; else the `build` script of `package.json`, or the TypeScript
///    compiler that it depends on.
/// 3. Cargo builds into the store, where the next build finds it again; in the source it writes nothing
///    but a missing `Cargo.lock`, as it does by hand. For its author it builds as by hand.
///
/// One build of a directory runs at a time, on this machine; others wait for it.
///
/// Dropping the future kills the build with everything that it started, and so does the end of this
/// process, however it ends.
///
/// # Errors
/// `Build` with the last lines in [`Error::log`]; `EntryPoint` where the build left nothing to start;
/// `Store` where the store cannot be written.
pub async fn build(plan: &Plan, store: &Store, reporter: &dyn Reporter) -> Result<Built, Error> {
    let place = store.build_place(plan.root());
    let waiting = || reporter.stage("wait", &format!("waiting for another build of {}", quoted(plan.root())));
    let _lock = if plan.needs_build() { Some(place.lock(waiting).await?) } else { None };
    match plan.language {
        Language::Node => node::depend(plan, reporter).await?,
        Language::Python => python::depend(plan, reporter).await?,
        Language::Rust | Language::None => {}
    }
    if let Some(command) = plan.build_command() {
        let invocation = Invocation::new(command, plan.root()).grant(&plan.granted).isolated(plan.isolation);
        step::run("build", &invocation, reporter).await?;
    } else if plan.language == Language::Node {
        node::compile(plan, reporter).await?;
    }
    let argv = match &plan.entry {
        Entry::Command(_) | Entry::AfterBuild if plan.language == Language::Python => python::argv(plan)?,
        Entry::Command(command) => plan.argv_of_command(command)?,
        Entry::Cargo(binary) => {
            let target = (!plan.for_author).then(|| place.target());
            vec![cargo::build(plan, binary, target.as_deref(), reporter).await?.into()]
        }
        Entry::File(file) => file.argv(plan.root())?,
        Entry::AfterBuild => plan.argv_after_build()?,
        Entry::Nothing => Vec::new(),
    };
    Ok(Built { root: plan.root().to_owned(), argv, manifest: plan.manifest.clone() })
}
