//! A package for Node where it is: its dependencies and its build script, as its author runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::quoted;
use crate::manifest::{PACKAGE_FILE, Package};
use crate::process::Invocation;
use crate::{Error, ErrorKind, Plan, Reporter, npm, plan, step};

/// What a package may depend on.
const NEEDS: &[&str] = &["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
/// The file that npm writes whenever it has installed.
const INSTALLED: &str = "node_modules/.package-lock.json";
/// Lock files of other tools, and how their dependencies are installed.
const FOREIGN: &[(&str, &str)] = &[
    ("yarn.lock", "yarn install"),
    ("pnpm-lock.yaml", "pnpm install"),
    ("bun.lock", "bun install"),
    ("bun.lockb", "bun install"),
];
const LOCK: &str = "package-lock.json";
const COMPILER: &str = "node_modules/typescript/lib/tsc.js";
const CONFIGURATION: &str = "tsconfig.json";

/// Tells whether a package has something to compile, without running anything.
pub(crate) fn compiles(root: &Path) -> Result<bool, Error> {
    Ok(root.join(CONFIGURATION).is_file() || script(root)?)
}

fn script(root: &Path) -> Result<bool, Error> {
    let Some(package) = Package::read(root)? else { return Ok(false) };
    Ok(package.object("scripts")?.is_some_and(|scripts| scripts.contains_key("build")))
}

/// Installs what the package depends on, unless that is there and as new as what names it.
pub(super) async fn depend(plan: &Plan, reporter: &dyn Reporter) -> Result<(), Error> {
    let root = plan.root();
    let Some(package) = Package::read(root)? else { return Ok(()) };
    let mut needs_any = false;
    for key in NEEDS {
        needs_any |= package.object(key)?.is_some_and(|names| !names.is_empty());
    }
    if !needs_any || is_installed(root) {
        return Ok(());
    }
    if let Some((lock, by_hand)) = FOREIGN.iter().find(|(lock, _)| root.join(lock).exists())
        && !root.join(LOCK).exists()
    {
        let message = format!("{} has `{lock}`, and its dependencies are not installed", quoted(root));
        return Err(Error::new(ErrorKind::Build, message).with_hint(format!("install them by hand: {by_hand}")));
    }
    let quiet = ["--no-audit", "--no-fund", "--no-update-notifier"];
    let argv = ["npm", "install"].into_iter().chain(quiet).chain(plan.offline.then_some("--offline"));
    let typed = Invocation::new(["npm", "install"], root);
    let invocation = Invocation::new(argv, root).grant(&npm::variables()).isolated(plan.isolation).typed_as(&typed);
    step::run("dependencies", &invocation, reporter).await
}

/// Tells whether npm installed after the package was changed, or somebody else did. A package of a
/// workspace has its dependencies at the workspace's root.
fn is_installed(root: &Path) -> bool {
    let of_workspace = |above: &&Path| {
        *above == root
            || Package::read(above).is_ok_and(|package| package.is_some_and(|p| p.get("workspaces").is_some()))
    };
    let Some(place) = root.ancestors().filter(of_workspace).find(|at| at.join("node_modules").is_dir()) else {
        return false;
    };
    // What another tool installed is its to keep up to date.
    let Some(installed) = changed(&place.join(INSTALLED)) else { return true };
    let named_by = [root.join(PACKAGE_FILE), root.join(LOCK), place.join(LOCK)];
    named_by.iter().filter_map(|path| changed(path)).all(|changed| changed <= installed)
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// Runs the package's build script, else the TypeScript compiler that it depends on.
pub(super) async fn compile(plan: &Plan, reporter: &dyn Reporter) -> Result<(), Error> {
    match compiler(plan.root())? {
        Some(compiler) => step::run("build", &compiler.isolated(plan.isolation), reporter).await,
        None => Ok(()),
    }
}

fn compiler(root: &Path) -> Result<Option<Invocation>, Error> {
    if script(root)? {
        return Ok(Some(Invocation::new(["npm", "run", "build"], root).grant(&npm::variables())));
    }
    if !root.join(CONFIGURATION).is_file() {
        return Ok(None);
    }
    let Some(compiler) = local_compiler(root) else {
        if plan::node_entry(root)?.is_ok() {
            return Ok(None);
        }
        let message =
            format!("{} has a `{CONFIGURATION}`, and depends on no `typescript` that could compile it", quoted(root));
        return Err(Error::new(ErrorKind::Build, message).with_hint("add it: npm install --save-dev typescript"));
    };
    let argv = ["node".into(), compiler.into_os_string()];
    let options = ["--project", CONFIGURATION, "--pretty", "false"].map(Into::into);
    let out_dir = if says_where(root)? { vec![] } else { vec!["--outDir".into(), plan::OUT_DIR.into()] };
    let typed = Invocation::new(["npx", "tsc"], root);
    Ok(Some(Invocation::new(argv.into_iter().chain(options).chain(out_dir), root).typed_as(&typed)))
}

/// Finds the compiler as Node finds modules.
fn local_compiler(root: &Path) -> Option<PathBuf> {
    root.ancestors().map(|above| above.join(COMPILER)).find(|path| path.is_file())
}

/// Tells whether the author says where what is compiled goes.
fn says_where(root: &Path) -> Result<bool, Error> {
    let text = crate::manifest::read_text(&root.join(CONFIGURATION))?.unwrap_or_default();
    Ok(["\"outDir\"", "\"extends\"", "\"outFile\""].iter().any(|key| text.contains(key)))
}
