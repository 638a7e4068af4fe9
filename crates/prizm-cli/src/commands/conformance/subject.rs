//! What is to be examined: a command, a directory, or what a URL or an id leads to.

use std::path::Path;

use prizm_conformance::Subject;
use prizm_registry::{Launch, Manifest, Registry};

use crate::args::Conformance;
use crate::failure::Failure;

pub(super) async fn subject(args: &Conformance, registry: &Registry) -> Result<Subject, Failure> {
    let subject = match &args.target {
        Some(target) => of_target(target, registry).await?,
        None if args.command.is_empty() => {
            return Err(Failure::usage("what is to be checked? name a TARGET, or a COMMAND behind `--`")
                .hint("such as `prizm conformance -- python3 provider.py`"));
        }
        None => of_command(args)?,
    };
    args.grant_env.iter().try_fold(subject, |subject, name| match std::env::var_os(name) {
        Some(value) => Ok(subject.env(name, value)),
        None => Err(Failure::usage(format!("`--grant-env {name}`: there is no such environment variable"))),
    })
}

async fn of_target(target: &str, registry: &Registry) -> Result<Subject, Failure> {
    let launch = match Path::new(target) {
        directory if directory.is_dir() => registry.launch_directory(directory).await?,
        _ => registry.launch(target).await?,
    };
    let Launch { command, manifest } = launch;
    let mut subject = Subject::new(command.argv());
    if let Some(root) = command.root_dir() {
        subject = subject.root(root);
    }
    for (name, value) in command.variables() {
        subject = subject.env(name, value);
    }
    Ok(match manifest {
        Some(manifest) => subject.manifest(manifest),
        None => subject,
    })
}

fn of_command(args: &Conformance) -> Result<Subject, Failure> {
    let subject = Subject::new(args.command.iter());
    let Some(path) = &args.manifest else { return Ok(subject) };
    let failed = |why: String| Failure::usage(format!("cannot use the manifest `{}`: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let manifest = Manifest::from_toml(&text).map_err(|error| failed(error.to_string()))?;
    Ok(subject.manifest(manifest))
}
