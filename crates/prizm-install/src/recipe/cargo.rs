//! The recipe of providers in Rust: a locked build, whose one executable is kept.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::build::cargo::executable_in;
use crate::error::quoted;
use crate::manifest::Described;
use crate::plan::{self, Found};
use crate::{Error, ErrorKind, step};

use super::site::lock_hash;
use super::{Recipe, Site};

/// Where the executable is kept, relative to the provider's root.
const BIN: &str = ".prizm/bin";
/// The tables of the user's own cargo configuration that say where crates come from.
const KEPT: &[&str] = &["source", "registry", "registries", "http", "net"];

/// Fetches the crates with cargo, which runs nothing of theirs, then builds without the network.
///
/// Cargo runs outside of the repository, so that neither its `.cargo/config.toml` nor its
/// `rust-toolchain.toml` has a say, and with a home of Prizm's own, where the user's configuration of
/// registries is repeated.
pub(super) async fn build(site: &Site<'_>) -> Result<Recipe, Error> {
    let cargo = site.tool("cargo", "a provider in Rust", "install Rust from https://rustup.rs")?;
    let id = site.manifest.map(Described::id);
    let binary = match plan::find_cargo(site.root, id)? {
        Found::Binary(binary) => binary,
        Found::NoBinary | Found::NoCargoToml => return super::command::build(site).await,
    };
    let configuration = Configuration::of_user();
    let work = Work { site, cargo, home: site.caches.join("cargo"), secrets: configuration.secrets };
    work.prepare(&configuration.file)?;
    let mut recipe = Recipe::new("cargo/1");
    recipe.tools = [
        ("cargo".to_owned(), site.version(&["cargo", "--version"]).await?),
        ("rustc".to_owned(), site.version(&["rustc", "--version"]).await?),
    ]
    .into();
    let workspace = work.workspace().await?;
    recipe.dependency_lock_generated = !workspace.join("Cargo.lock").exists();
    if recipe.dependency_lock_generated {
        site.run("dependencies", &work.network(&["generate-lockfile"])).await?;
    }
    recipe.dependency_lock = Some(lock_hash(&workspace, "Cargo.lock")?);
    site.run("dependencies", &work.network(&["fetch", "--locked"])).await?;
    if !site.run_build_command().await? {
        let built = work.build(&binary).await?;
        keep(&built, &site.root.join(BIN), &binary.binary)?;
    }
    recipe.argv = match site.run_command()? {
        Some(argv) => argv,
        None => vec![Path::new(".").join(BIN).join(&binary.binary).into()],
    };
    Ok(recipe)
}

struct Work<'a> {
    site: &'a Site<'a>,
    cargo: PathBuf,
    home: PathBuf,
    secrets: Vec<(String, String)>,
}

impl Work<'_> {
    /// Makes cargo's home, with what the user's configuration says of registries, for nobody else to read.
    fn prepare(&self, configuration: &str) -> Result<(), Error> {
        let prepare = || -> std::io::Result<()> {
            std::fs::create_dir_all(&self.home)?;
            let path = self.home.join("config.toml");
            let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
            // It may have been there.
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(configuration.as_bytes())
        };
        prepare().map_err(|error| {
            Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", quoted(&self.home)))
                .with_hint("check that PRIZM_HOME can be written and that there is room")
        })
    }

    fn argv(&self, words: &[&str]) -> Vec<OsString> {
        let mut argv = vec![self.cargo.clone().into_os_string()];
        argv.extend(words.iter().map(Into::into));
        argv.push("--manifest-path".into());
        argv.push(self.site.root.join("Cargo.toml").into());
        argv
    }

    fn network(&self, words: &[&str]) -> crate::process::Invocation {
        let step = self.site.network_step(self.argv(words), self.site.scratch).set("CARGO_HOME", &self.home);
        self.secrets.iter().fold(step, |step, (name, value)| step.set(name, value))
    }

    /// Finds the root of the package's workspace, where its lock file is. It must be in the source.
    async fn workspace(&self) -> Result<PathBuf, Error> {
        let words = ["locate-project", "--workspace", "--message-format=plain"];
        let mut manifest = PathBuf::new();
        let invocation = self.network(&words);
        step::read(&invocation, self.site.reporter, |line| {
            if let Some(path) = line.whole() {
                manifest = String::from_utf8_lossy(path).into_owned().into();
            }
        })
        .await?;
        match manifest.parent() {
            Some(workspace) if workspace.starts_with(self.site.tree) => Ok(workspace.to_owned()),
            _ => {
                let message = format!("the workspace of the package is outside of the source: {}", quoted(&manifest));
                Err(Error::new(ErrorKind::Manifest, message)
                    .with_hint("add an empty `[workspace]` to its `Cargo.toml`"))
            }
        }
    }

    /// Builds one binary, and returns where it is.
    async fn build(&self, binary: &plan::CargoBinary) -> Result<PathBuf, Error> {
        let words = ["build", "--release", "--frozen", "--package", &binary.package, "--bin", &binary.binary];
        let mut argv = self.argv(&words);
        argv.extend(["--message-format=json-render-diagnostics", "--color=never", "--target-dir"].map(Into::into));
        argv.push(self.site.scratch.join("target").into());
        let mut executable = None;
        let typed = crate::process::Invocation::new(["cargo"].iter().chain(&words).copied(), self.site.root);
        let invocation = self.site.code_step(argv, self.site.scratch).set("CARGO_HOME", &self.home).typed_as(&typed);
        self.site.reporter.stage("build", &typed.to_string());
        let listen = |line: crate::process::Line<'_>| executable = executable_in(&line, binary).or(executable.take());
        step::read(&invocation, self.site.reporter, listen).await?;
        executable.ok_or_else(|| {
            let message = format!("`{typed}` made no executable `{}`", binary.binary);
            Error::new(ErrorKind::Build, message).with_hint("its author must mend it")
        })
    }
}

/// Copies the executable into the provider's files.
fn keep(built: &Path, directory: &Path, name: &str) -> Result<(), Error> {
    let copy = || -> std::io::Result<()> {
        std::fs::create_dir_all(directory)?;
        std::fs::copy(built, directory.join(name)).map(drop)
    };
    copy().map_err(|error| {
        Error::new(ErrorKind::Store, format!("the executable cannot be copied to {}: {error}", quoted(directory)))
            .with_hint("check that PRIZM_HOME can be written and that there is room")
    })
}

/// What the user's own configuration of cargo says of where crates come from.
struct Configuration {
    /// What the code of a repository may read.
    file: String,
    /// What it may not: variables of the environment for the network phase, as cargo names them.
    secrets: Vec<(String, String)>,
}

impl Configuration {
    fn of_user() -> Self {
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
        Self::of(&home.and_then(|home| std::fs::read_to_string(home.join("config.toml")).ok()).unwrap_or_default())
    }

    fn of(text: &str) -> Self {
        let mut table: toml::Table = text.parse().unwrap_or_default();
        table.retain(|key, _| KEPT.contains(&key));
        let mut secrets = Vec::new();
        take_secrets("CARGO", &mut table, &mut secrets);
        Self { file: toml::to_string(&table).unwrap_or_default(), secrets }
    }
}

/// Takes tokens, keys and the proxy, whose URL may hold a password, out of a table.
fn take_secrets(variable: &str, table: &mut toml::Table, secrets: &mut Vec<(String, String)>) {
    table.retain(|key, value| {
        let variable = format!("{variable}_{}", key.to_ascii_uppercase().replace(['-', '.'], "_"));
        if let toml::Value::Table(table) = value {
            take_secrets(&variable, table, secrets);
        }
        let is_secret = matches!(key, "token" | "secret-key") || variable == "CARGO_HTTP_PROXY";
        if is_secret && let Some(value) = value.as_str() {
            secrets.push((variable, value.to_owned()));
        }
        !is_secret
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_in_the_file() {
        let text = "[registry]\ntoken = \"s1\"\ndefault = \"my-own\"\n[registries.my-own]\nindex = \"sparse+https://h/\"\n\
                    token = \"s2\"\nsecret-key = \"s3\"\n[http]\nproxy = \"http://me:s4@h\"\ntimeout = 5\n[build]\njobs = 1\n";
        let configuration = Configuration::of(text);
        let file = "[http]\ntimeout = 5\n\n[registries.my-own]\nindex = \"sparse+https://h/\"\n\n[registry]\ndefault = \"my-own\"\n";
        assert_eq!(configuration.file, file);
        let mut secrets = configuration.secrets;
        secrets.sort();
        let secrets: Vec<_> = secrets.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("CARGO_HTTP_PROXY", "http://me:s4@h"),
            ("CARGO_REGISTRIES_MY_OWN_SECRET_KEY", "s3"),
            ("CARGO_REGISTRIES_MY_OWN_TOKEN", "s2"),
            ("CARGO_REGISTRY_TOKEN", "s1"),
        ];
        assert_eq!(secrets, expected);
    }
}
