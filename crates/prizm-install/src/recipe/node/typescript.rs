//! Compiles TypeScript, with the compiler that the repository locked.

use std::ffi::OsString;
use std::path::Path;

use crate::manifest::Described;
use crate::process::Invocation;
use crate::{Error, ErrorKind, plan};

use super::super::Site;
use super::lock::Lock;

const COMPILER: &str = "node_modules/typescript/lib/tsc.js";
/// Options that keep within the output directory what `tsconfig.json` may send elsewhere, in all
/// versions since 4.1: `null` takes back what is written there. Nothing is written where anything is
/// wrong: a file outside of `rootDir`, which is an error, would be compiled to a place beside it.
const CONFINED: &[&str] = &[
    "--declarationDir",
    "null",
    "--outFile",
    "null",
    "--generateTrace",
    "null",
    "--generateCpuProfile",
    "null",
    "--noEmit",
    "false",
    "--emitDeclarationOnly",
    "false",
    "--noEmitOnError",
    "true",
    "--incremental",
    "true",
    "--pretty",
    "false",
];

/// Returns the version of the compiler that is needed, none where there is nothing to compile: the
/// author did it already, has a `[build] command`, or wrote no TypeScript.
pub(super) fn wanted<'a>(site: &Site<'_>, lock: Option<&'a Lock>) -> Result<Option<&'a str>, Error> {
    let builds_itself = site.manifest.is_some_and(|manifest| manifest.build_command().is_some());
    if site.published || builds_itself || !site.root.join("tsconfig.json").is_file() {
        return Ok(None);
    }
    if let Some(version) = lock.map(Lock::typescript).transpose()?.flatten() {
        return Ok(Some(version));
    }
    if starts_as_it_is(site)? {
        return Ok(None);
    }
    let message = "the provider has a `tsconfig.json`, and depends on no `typescript` that could compile it";
    Err(Error::new(ErrorKind::Build, message)
        .with_hint("its author must add it: npm install --save-dev typescript; or commit the compiled files"))
}

/// Tells whether what starts the provider is there without being compiled.
fn starts_as_it_is(site: &Site<'_>) -> Result<bool, Error> {
    match site.manifest.and_then(Described::run) {
        Some(run) => Ok(run.command.iter().any(|word| site.root.join(word).is_file())),
        None => Ok(plan::node_entry(site.root)?.is_ok()),
    }
}

/// Compiles the project into one directory.
pub(super) async fn compile(site: &Site<'_>, node: &Path) -> Result<(), Error> {
    let out = plan::out_dir(site.root)?;
    let typed = ["node", COMPILER, "--outDir", &out];
    let mut argv: Vec<OsString> = vec![node.into()];
    argv.extend(typed[1..].iter().chain(&["--project", "tsconfig.json"]).chain(CONFINED).map(Into::into));
    argv.extend(["--tsBuildInfoFile".into(), site.scratch.join("tsbuildinfo").into()]);
    let invocation = site.code_step(argv, site.root).typed_as(&Invocation::new(typed, site.root));
    site.run("build", &invocation).await.map_err(|error| error.with_hint("its author must correct what it says"))
}
