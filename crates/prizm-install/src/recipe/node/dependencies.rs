//! What a provider depends on, fetched by npm in a directory of ours: of the source it sees what is
//! left of `package.json` and of the lock file once they are checked, and nothing else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::{Map, Value};

use crate::error::quoted;
use crate::manifest::{PACKAGE_FILE, Package};
use crate::npm::{self, Failure};
use crate::{Error, ErrorKind};

use super::super::site::lock_hash;
use super::super::{Recipe, Site};
use super::configuration::Configuration;
use super::lock::{self, Lock, Unchecked};
use super::specs::{self, Alias, Elsewhere, shown};
use super::{explain, workspaces};

/// What npm needs to know of a package.
const KEPT: &[&str] = &[
    "name",
    "version",
    "dependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bundleDependencies",
    "bundledDependencies",
    "overrides",
    "workspaces",
];
/// What a package needs others for; development, where it is not published, comes in addition.
const NEEDS: &[&str] = &["dependencies", "optionalDependencies", "peerDependencies"];
const DEVELOPMENT: &str = "devDependencies";
/// The lock file that npm writes.
const LOCK: &str = "package-lock.json";
/// Lock files of other tools.
const FOREIGN: &[&str] = &["yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"];

/// What the packages of a provider depend on.
pub(super) struct Dependencies<'a> {
    site: &'a Site<'a>,
    /// Where npm works.
    stage: PathBuf,
    /// The directories with a package, relative: the provider's own and its workspaces.
    members: Vec<PathBuf>,
    aliases: BTreeSet<Alias>,
    /// Names that the source has for itself.
    unpublished: BTreeSet<String>,
    /// Whether something is there for development only.
    development: bool,
    configuration: Configuration,
}

impl<'a> Dependencies<'a> {
    /// Reads what the provider depends on, and refuses what comes from elsewhere than a registry. None
    /// where it depends on nothing, and has no lock file.
    pub(super) async fn of(site: &'a Site<'a>, package: &Package) -> Result<Option<Self>, Error> {
        let mut made = Self {
            site,
            stage: site.scratch.join("npm"),
            members: vec![PathBuf::new()],
            aliases: BTreeSet::new(),
            unpublished: workspaces::unpublished(site.root, site.tree),
            development: false,
            configuration: Configuration::default(),
        };
        let mut needs_any = made.stage(Path::new(""), package)?;
        for member in workspaces::of(package, site.root)? {
            if let Some(package) = Package::read(&site.root.join(&member))? {
                needs_any |= made.stage(&member, &package)?;
                made.members.push(member);
            }
        }
        if !needs_any && lock::name_in(site.root).is_none() {
            return Ok(None);
        }
        site.tool("npm", "a provider with dependencies", npm::GET_NPM)?;
        let asked = Configuration::ask(site.fetch, &made.stage, site.reporter).await;
        made.configuration = asked.map_err(|failure| made.refused(failure, LOCK))?;
        Ok(Some(made))
    }

    /// Returns npm's version.
    pub(super) fn npm_version(&self) -> &str {
        &self.configuration.version
    }

    /// Checks one package, writes what npm may know of it, and tells whether it needs any other.
    fn stage(&mut self, member: &Path, package: &Package) -> Result<bool, Error> {
        let mut needs = NEEDS.to_vec();
        needs.extend((!self.site.published).then_some(DEVELOPMENT));
        let mut needs_any = false;
        for key in &needs {
            let Some(dependencies) = package.object(key)? else { continue };
            specs::check(dependencies, &mut self.aliases).map_err(|elsewhere| refused(package, &elsewhere))?;
            if let Some(name) = dependencies.keys().find(|name| self.unpublished.contains(*name)) {
                return Err(confused(package, name));
            }
            needs_any |= !dependencies.is_empty();
            self.development |= *key == DEVELOPMENT && !dependencies.is_empty();
        }
        if let Some(overrides) = package.object("overrides")? {
            specs::check_overrides(overrides, &mut self.aliases).map_err(|elsewhere| refused(package, &elsewhere))?;
        }
        let kept = KEPT.iter().chain(&needs).filter_map(|key| Some(((*key).to_owned(), package.get(key)?.clone())));
        let text = Value::Object(kept.collect::<Map<_, _>>()).to_string();
        let directory = self.stage.join(member);
        let write = || {
            fs::create_dir_all(&directory)?;
            fs::write(directory.join(PACKAGE_FILE), &text)
        };
        write().map_err(|error| unwritable(&directory, &error))?;
        Ok(needs_any)
    }

    /// Takes the lock file of the source, or has npm make one, and checks it.
    pub(super) async fn lock(&mut self, recipe: &mut Recipe) -> Result<Lock, Error> {
        let site = self.site;
        let name = match lock::name_in(site.root) {
            Some(name) => name,
            None => {
                self.make_lock().await?;
                recipe.dependency_lock_generated = true;
                LOCK
            }
        };
        recipe.dependency_lock = Some(lock_hash(site.root, name)?);
        let members = self.members.iter().filter_map(|member| lock::workspace_path(member));
        let members: Vec<_> = members.filter(|member| !member.is_empty()).collect();
        let aliases = std::mem::take(&mut self.aliases);
        Unchecked::read(site.root, name)?.check(&self.configuration, &members, aliases)
    }

    async fn make_lock(&self) -> Result<(), Error> {
        for foreign in FOREIGN.iter().filter(|name| self.site.root.join(name).exists()) {
            self.site.reporter.output(&format!("`{foreign}` is ignored: only npm's `{LOCK}` is read"));
        }
        self.npm(&["install", "--package-lock-only", "--package-lock", "--lockfile-version=3"], LOCK).await?;
        let (from, to) = (self.stage.join(LOCK), self.site.root.join(LOCK));
        fs::copy(&from, &to).map(drop).map_err(|error| unwritable(&to, &error))
    }

    /// Fetches everything that is locked, and puts it beside the provider's files.
    pub(super) async fn install(&self, lock: &Lock) -> Result<(), Error> {
        let path = self.stage.join(LOCK);
        fs::write(&path, lock.text()).map_err(|error| unwritable(&path, &error))?;
        let development = if self.site.published { "--omit=dev" } else { "--include=dev" };
        self.npm(&["ci", development, "--include=optional"], lock.name()).await?;
        self.put(&self.stage, self.site.root)
    }

    /// Removes what was needed for development only. It needs no network, and has none.
    pub(super) async fn prune(&self) -> Result<(), Error> {
        if !self.development {
            return Ok(());
        }
        self.put(self.site.root, &self.stage)?;
        let cache = self.site.scratch.join("npm-cache");
        let words = self.words(&["prune", "--omit=dev", "--offline"], &cache);
        let limits = &self.site.fetch.limits;
        let invocation = self.site.code_step(npm::argv(words, limits), &self.stage);
        self.site.reporter.stage("build", "npm prune --omit=dev");
        npm::json(&invocation, limits, self.site.reporter).await.map_err(|failure| {
            let message =
                format!("what is needed for development only cannot be removed: npm failed{}", failure.said());
            Error::new(ErrorKind::Build, message).with_hint("its author must mend it").with_log(failure.log)
        })?;
        self.put(&self.stage, self.site.root)
    }

    /// Runs npm with the network, unless that may not be used. It runs nothing of the source, and sees
    /// the user's home, where its configuration is.
    async fn npm(&self, words: &[&str], lock: &str) -> Result<(), Error> {
        let mut all = self.words(words, &self.site.caches.join("npm"));
        all.extend(self.configuration.flags().iter().cloned());
        all.extend(self.site.fetch.offline.then(|| "--offline".to_owned()));
        let limits = &self.site.fetch.limits;
        let mut invocation = npm::invocation(all, limits, &self.stage).set("TMPDIR", self.site.scratch.join("tmp"));
        if self.site.fetch.offline {
            invocation = invocation.isolated(self.site.isolation);
        }
        self.site.reporter.stage("dependencies", &format!("npm {}", words.first().unwrap_or(&"")));
        npm::json(&invocation, limits, self.site.reporter).await.map_err(|failure| self.refused(failure, lock))?;
        Ok(())
    }

    /// Adds what holds whatever the user's configuration says. The flags about git, files and addresses
    /// are unknown to npm before its version 11.10, which ignores them: it is the check of the lock that
    /// counts.
    fn words(&self, words: &[&str], cache: &Path) -> Vec<String> {
        let own = ["--no-install-links", "--install-strategy=hoisted", "--logs-max=0"];
        let refused = ["--allow-git=none", "--allow-remote=none", "--allow-file=none", "--allow-directory=root"];
        let mut all: Vec<_> = [words, &own, &refused].concat().into_iter().map(str::to_owned).collect();
        all.push(format!("--git={}", self.site.scratch.join("no-git").display()));
        all.push(format!("--prefix={}", self.stage.display()));
        all.push(format!("--cache={}", cache.display()));
        all
    }

    /// Moves what npm made from one place to another, where it takes the place of what is there.
    fn put(&self, from: &Path, to: &Path) -> Result<(), Error> {
        for member in &self.members {
            let (from, to) = (from.join(member).join("node_modules"), to.join(member).join("node_modules"));
            remove(&to).map_err(|error| unwritable(&to, &error))?;
            if from.symlink_metadata().is_ok() {
                fs::rename(&from, &to).map_err(|error| unwritable(&to, &error))?;
            }
        }
        Ok(())
    }

    fn refused(&self, failure: Failure, lock: &str) -> Error {
        explain::failure(failure, lock, self.site.fetch.offline)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

fn refused(package: &Package, elsewhere: &Elsewhere) -> Error {
    Error::new(ErrorKind::Policy, format!("{} {}", quoted(package.path()), elsewhere.told())).with_hint(
        "its author must publish it in npm's registry, and depend on a version of it; nothing else is fetched",
    )
}

fn confused(package: &Package, name: &str) -> Error {
    let message = format!(
        "{} depends on {}, a package of the same source that is never published: what a registry has under that \
         name is somebody else's",
        quoted(package.path()),
        shown(name),
    );
    Error::new(ErrorKind::Policy, message).with_hint("its author must publish it, or put it into the provider itself")
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", quoted(path)))
        .with_hint("check that PRIZM_HOME can be written and that there is room")
}
