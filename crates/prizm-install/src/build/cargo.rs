//! The Cargo recipe: a locked release build, with everything that it makes in the store; for its author a
//! build as by hand.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use cargo_metadata::Message;

use crate::plan::CargoBinary;
use crate::process::{Invocation, Line};
use crate::{Error, ErrorKind, Plan, Reporter, step};

/// Builds the binary, into `target` where there is one, and returns its path.
pub(super) async fn build(
    plan: &Plan,
    binary: &CargoBinary,
    target: Option<&Path>,
    reporter: &dyn Reporter,
) -> Result<PathBuf, Error> {
    let root = plan.root();
    let mut argv: Vec<OsString> = ["cargo", "build"].map(Into::into).into();
    argv.extend(target.map(|_| "--release".into()));
    argv.extend(["--package", &binary.package, "--bin", &binary.binary].map(Into::into));
    let by_hand = Invocation::new(argv.clone(), root);
    argv.extend(["--message-format=json-render-diagnostics", "--color=never"].map(Into::into));
    if let Some(target) = target {
        let locked = workspace(plan, reporter).await?.join("Cargo.lock").is_file();
        argv.extend(locked.then(|| "--locked".into()));
        argv.extend(["--target-dir".into(), target.into()]);
    }
    argv.extend(plan.offline.then(|| "--offline".into()));
    let invocation = Invocation::new(argv, root).grant(&plan.granted).isolated(plan.isolation).typed_as(&by_hand);
    reporter.stage("build", &invocation.to_string());
    let mut executable = None;
    step::read(&invocation, reporter, |line| executable = executable_in(&line, binary).or(executable.take())).await?;
    executable.ok_or_else(|| {
        let message = format!("`{by_hand}` made no executable `{}`", binary.binary);
        Error::new(ErrorKind::Build, message).with_hint(format!("run it by hand: {}", by_hand.by_hand()))
    })
}

/// Finds the root of the package's workspace, where its lock file is.
async fn workspace(plan: &Plan, reporter: &dyn Reporter) -> Result<PathBuf, Error> {
    let argv = ["cargo", "locate-project", "--workspace", "--message-format=plain"];
    let invocation = Invocation::new(argv, plan.root()).grant(&plan.granted).isolated(plan.isolation);
    let mut manifest = PathBuf::new();
    let on_stdout = |line: Line<'_>| {
        if let Some(path) = line.whole() {
            manifest = String::from_utf8_lossy(path).into_owned().into();
        }
    };
    step::read(&invocation, reporter, on_stdout).await?;
    Ok(manifest.parent().unwrap_or(plan.root()).to_owned())
}

/// Reads the executable's path from one of cargo's messages.
pub(crate) fn executable_in(line: &Line<'_>, binary: &CargoBinary) -> Option<PathBuf> {
    let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_slice(line.whole()?) else { return None };
    let is_it = artifact.target.is_bin() && artifact.target.name == binary.binary;
    is_it.then_some(artifact.executable?.into_std_path_buf())
}
