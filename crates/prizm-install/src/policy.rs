//! Which sources may be loaded.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use toml_edit::DocumentMut;

use crate::error::quoted;
use crate::{Error, ErrorKind, Identifier, Pin};

/// What the user, and the project, allow.
#[derive(Clone, Debug)]
pub struct Policy {
    config: PathBuf,
    allow: GlobSet,
    deny: GlobSet,
    require_pin: Pin,
    /// What was approved since the configuration was read.
    approved: Arc<Mutex<BTreeSet<String>>>,
}

/// What the policy says of a source.
#[derive(Debug)]
pub enum Verdict {
    /// It may be loaded.
    Allowed,
    /// It may not.
    Denied(Error),
    /// Nobody has said anything: the user is asked.
    Unknown,
}

/// A question of trust.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// May a source be loaded, now and later?
    NewSource {
        /// The source, without a version.
        source: String,
    },
    /// May a provider have more than was approved?
    Drift {
        /// The provider's id.
        id: String,
        /// What is more, a line each.
        drift: String,
    },
    /// May a source be given what the user's configuration says of a provider of its id?
    Settings {
        /// The provider's id.
        id: String,
        /// The source, without a version.
        source: String,
        /// The names of the settings and of the granted variables.
        names: Vec<String>,
    },
}

/// Answers questions of trust. `()` approves nothing.
pub trait Approver: Send + Sync {
    /// Whether the user approves. It may wait for their answer.
    fn approves(&self, question: &Question) -> bool;
}

impl Approver for () {
    fn approves(&self, _question: &Question) -> bool {
        false
    }
}

impl Policy {
    /// Makes a policy that allows nothing by itself; its file is `config.toml` in `home`.
    pub fn new(home: &Path) -> Self {
        let (allow, deny) = (GlobSet::empty(), GlobSet::empty());
        Self { config: home.join("config.toml"), allow, deny, require_pin: Pin::None, approved: Arc::default() }
    }

    /// Allows sources by globs, such as `github:acme/*`.
    ///
    /// # Errors
    /// `Policy`: a glob is malformed.
    pub fn allowing(self, globs: &[String]) -> Result<Self, Error> {
        Ok(Self { allow: set(globs, "allow")?, ..self })
    }

    /// Denies sources by globs. What is denied is denied, whatever allows it.
    ///
    /// # Errors
    /// `Policy`: a glob is malformed.
    pub fn denying(self, globs: &[String]) -> Result<Self, Error> {
        Ok(Self { deny: set(globs, "deny")?, ..self })
    }

    /// Requires that identifiers say exactly what they mean.
    #[must_use]
    pub fn requiring(self, pin: Pin) -> Self {
        Self { require_pin: pin, ..self }
    }

    /// Returns how exactly identifiers must say what they mean.
    pub fn required_pin(&self) -> Pin {
        self.require_pin
    }

    /// Says whether an identifier's source may be loaded.
    pub fn judge(&self, identifier: &Identifier) -> Verdict {
        let source = identifier.source();
        if self.deny.is_match(&source) {
            let message = format!("`{source}` is denied by the policy");
            let hint =
                format!("see `deny` under [policy] in {} and in the project's configuration", quoted(&self.config));
            return Verdict::Denied(Error::new(ErrorKind::Policy, message).with_hint(hint));
        }
        let approved = self.approved.lock().unwrap_or_else(PoisonError::into_inner).contains(&source);
        if approved || self.allow.is_match(&source) { Verdict::Allowed } else { Verdict::Unknown }
    }

    /// The error of a source that nobody has approved.
    pub(crate) fn unknown(&self, identifier: &Identifier) -> Error {
        let source = identifier.source();
        let message = format!("`{source}` is a new source, and nobody has said that it may be loaded");
        Error::new(ErrorKind::Policy, message).with_hint(format!(
            "if you trust it, answer with --yes, or add `allow = [\"{source}\"]` under `[policy]` in {}",
            quoted(&self.config)
        ))
    }

    /// Writes an approval of a source into the user's configuration.
    pub(crate) fn remember(&self, source: &str) -> Result<(), Error> {
        let remedy = format!("add `allow = [\"{source}\"]` under `[policy]` yourself");
        self.edit(source, &remedy, |document| allow(document, source))?;
        self.approved.lock().unwrap_or_else(PoisonError::into_inner).insert(source.to_owned());
        Ok(())
    }

    /// Writes into the user's configuration that what stands under `[providers.ID]` is given to a source.
    pub(crate) fn remember_settings(&self, id: &str, source: &str) -> Result<(), Error> {
        let remedy = format!("add `givenTo = \"{source}\"` under `[providers.{id}]` yourself");
        self.edit(source, &remedy, |document| {
            let providers = table(document, "providers")?;
            let provider = providers.entry(id).or_insert(toml_edit::table());
            let provider = provider.as_table_like_mut().ok_or("what it holds of the provider is no table")?;
            provider.insert("givenTo", toml_edit::value(source));
            Ok(())
        })
    }

    /// Changes the user's configuration, which keeps its comments.
    fn edit(
        &self,
        source: &str,
        remedy: &str,
        change: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
    ) -> Result<(), Error> {
        let failed = |reason: &dyn std::fmt::Display| {
            let message = format!("the approval of `{source}` cannot be written to {}: {reason}", quoted(&self.config));
            Error::new(ErrorKind::Store, message).with_hint(remedy)
        };
        let directory = self.config.parent().unwrap_or(Path::new("."));
        let prepare = || -> io::Result<(crate::lock::Lock, String)> {
            fs::create_dir_all(directory)?;
            let lock = crate::lock::Lock::take_directory_within(directory, std::time::Duration::from_secs(30))?;
            match fs::read_to_string(&self.config) {
                Ok(text) => Ok((lock, text)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((lock, String::new())),
                Err(error) => Err(error),
            }
        };
        let (_lock, text) = prepare().map_err(|error| failed(&error))?;
        let mut document: DocumentMut = text.parse().map_err(|error| failed(&format!("it is no TOML: {error}")))?;
        change(&mut document).map_err(|reason| failed(&reason))?;
        let write = || -> io::Result<()> {
            // Users keep it elsewhere, and have a link here.
            let path = self.config.canonicalize().unwrap_or_else(|_| self.config.clone());
            let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(directory))?;
            io::Write::write_all(&mut file, document.to_string().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| failed(&error))
    }
}

/// Returns a table of a document, which is made where it is missing.
fn table<'a>(document: &'a mut DocumentMut, name: &str) -> Result<&'a mut dyn toml_edit::TableLike, String> {
    let item = document.entry(name).or_insert_with(|| {
        let mut table = toml_edit::Table::new();
        // Only what is in it is shown, such as `[providers.echo]`.
        table.set_implicit(true);
        toml_edit::Item::Table(table)
    });
    item.as_table_like_mut().ok_or_else(|| format!("`{name}` is no table"))
}

/// Adds a source to `[policy] allow`.
fn allow(document: &mut DocumentMut, source: &str) -> Result<(), String> {
    let policy = table(document, "policy")?;
    let allow = policy.entry("allow").or_insert(toml_edit::value(toml_edit::Array::new()));
    let allow = allow.as_array_mut().ok_or("`policy.allow` is no list")?;
    // What is approved is this source, and nothing that it would stand for as a glob.
    let source = globset::escape(source);
    if !allow.iter().any(|known| known.as_str() == Some(&source)) {
        allow.push(source);
    }
    Ok(())
}

fn set(globs: &[String], key: &str) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        // A `*` stands for a part of a name, not for several.
        let built = GlobBuilder::new(glob).literal_separator(true).build();
        set.add(built.map_err(|error| {
            Error::new(
                ErrorKind::Policy,
                format!("`{}` in [policy] {key} is no glob: {}", glob.escape_debug(), error.kind()),
            )
            .with_hint("write a source such as `github:acme/echo`, or `github:acme/*`")
        })?);
    }
    set.build().map_err(|error| Error::new(ErrorKind::Policy, format!("[policy] {key}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(allow: &[&str], deny: &[&str]) -> Policy {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        Policy::new(Path::new("/h")).allowing(&words(allow)).unwrap().denying(&words(deny)).unwrap()
    }

    fn verdict(policy: &Policy, identifier: &str) -> &'static str {
        match policy.judge(&identifier.parse().unwrap()) {
            Verdict::Allowed => "allowed",
            Verdict::Denied(_) => "denied",
            Verdict::Unknown => "unknown",
        }
    }

    #[test]
    fn globs_stand_for_sources_and_denial_wins() {
        let policy = policy(&["github:acme/*", "npm:@prizm/*", "npm:echo"], &["github:acme/evil"]);
        for (identifier, expected) in [
            ("github:acme/echo", "allowed"),
            ("https://github.com/ACME/echo.git@v1", "allowed"),
            ("github:acme/evil@v1", "denied"),
            ("github:acme2/echo", "unknown"),
            ("@prizm/echo@^1", "allowed"),
            ("npm:@other/echo", "unknown"),
            ("npm:echo", "allowed"),
            ("npm:echo2", "unknown"),
            ("file:///srv/x", "unknown"),
        ] {
            assert_eq!(verdict(&policy, identifier), expected, "{identifier}");
        }
    }

    #[test]
    fn an_unknown_source_is_told_with_the_line_to_add() {
        let error = policy(&[], &[]).unknown(&"github:acme/echo@v1".parse().unwrap());
        assert_eq!(error.kind(), ErrorKind::Policy);
        let hint = error.hint().unwrap();
        assert!(hint.contains("allow = [\"github:acme/echo\"]") && hint.contains("/h/config.toml"), "{hint}");
    }

    #[test]
    fn an_approval_is_written_and_comments_stay() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config.toml");
        fs::write(&config, "# mine\n[providers.a] # keep\nkey = 1\n").unwrap();
        let policy = Policy::new(home.path());
        policy.remember("github:a/b").unwrap();
        policy.remember("npm:c").unwrap();
        policy.remember("npm:c").unwrap();
        policy.remember("file:///srv/[a]*").unwrap();
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.starts_with("# mine\n[providers.a] # keep\nkey = 1\n"), "{text}");
        assert!(text.contains("allow = [\"github:a/b\", \"npm:c\", \"file:///srv/[[]a[]][*]\"]"), "{text}");
        policy.remember_settings("a", "npm:c").unwrap();
        policy.remember_settings("b", "npm:c").unwrap();
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.contains("[providers.a] # keep\nkey = 1\ngivenTo = \"npm:c\"\n"), "{text}");
        assert!(text.contains("[providers.b]\ngivenTo = \"npm:c\"\n"), "{text}");
        let elsewhere = tempfile::tempdir().unwrap();
        let real = elsewhere.path().join("config.toml");
        fs::rename(&config, &real).unwrap();
        std::os::unix::fs::symlink(&real, &config).unwrap();
        policy.remember("npm:d").unwrap();
        assert!(fs::read_to_string(&real).unwrap().contains("\"npm:d\"]"), "it is written where a link leads");
        assert!(config.is_symlink());
        fs::write(&config, "policy = 3").unwrap();
        assert!(policy.remember("npm:c").unwrap_err().to_string().contains("no table"));
        assert_eq!(fs::read_to_string(&config).unwrap(), "policy = 3");
    }

    #[test]
    fn a_wrong_glob_is_named() {
        let error = Policy::new(Path::new("/h")).allowing(&["github:[".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("`github:[`"), "{error}");
    }
}
