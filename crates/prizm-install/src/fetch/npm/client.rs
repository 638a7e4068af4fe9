//! Asks npm about one package, in a directory of ours.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::fetch::no_scratch;
use crate::npm::{self, Failure};
use crate::{Error, ErrorKind, FetchOptions, NpmSource, Reporter};

/// npm, for one source.
pub(super) struct Client {
    directory: TempDir,
    source: NpmSource,
    options: FetchOptions,
}

impl Client {
    pub(super) fn new(source: &NpmSource, options: &FetchOptions, scratch: &Path) -> Result<Self, Error> {
        if options.offline {
            let message = format!("`{source}` is not in the store, and the network is off");
            return Err(
                Error::new(ErrorKind::Offline, message).with_hint("fetch it once without --offline and --frozen")
            );
        }
        let make = || {
            let directory = TempDir::new_in(scratch)?;
            // npm looks upward for a project, and takes its configuration; here is one, and it has none.
            std::fs::write(directory.path().join("package.json"), "{}")?;
            Ok(directory)
        };
        let directory = make().map_err(|error| no_scratch(&error))?;
        Ok(Self { directory, source: source.clone(), options: options.clone() })
    }

    /// Runs npm, and reads the JSON that it prints.
    pub(super) async fn json(&self, words: &[&str], reporter: &dyn Reporter) -> Result<Value, Error> {
        if crate::process::find_program("npm".as_ref(), self.directory.path()).is_none() {
            let message = "packages of npm's registry need `npm`, which was not found";
            return Err(Error::new(ErrorKind::Build, message).with_hint(npm::GET_NPM));
        }
        let mut words: Vec<_> = words.iter().map(ToString::to_string).collect();
        if let Some(registry) = &self.options.sources.npm {
            words.push(format!("--registry={registry}"));
            words.extend(self.source.name().split_once('/').map(|(scope, _)| format!("--{scope}:registry={registry}")));
        }
        let limits = &self.options.limits;
        let invocation = npm::invocation(words, limits, self.directory.path());
        npm::json(&invocation, limits, reporter).await.map_err(|failure| self.refused(failure))
    }

    /// Finds the only archive that `npm pack` left.
    pub(super) fn archive(&self) -> Result<PathBuf, Error> {
        let failed = |reason: &str| Failure { summary: reason.to_owned(), ..Failure::default() };
        let entries = std::fs::read_dir(self.directory.path());
        let entries = entries.map_err(|error| self.refused(failed(&error.to_string())))?.flatten();
        let mut archives =
            entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "tgz"));
        archives.next().ok_or_else(|| self.refused(failed("it left no archive")))
    }

    fn refused(&self, failure: Failure) -> Error {
        let (spec, name) = (self.source.to_string(), self.source.name());
        let source = |message: String, hint: String| Error::new(ErrorKind::Source, message).with_hint(hint);
        match failure.code.as_str() {
            "E404" => source(
                format!("`{spec}` is not in the registry"),
                format!("check the name and the version: npm view {name} versions dist-tags"),
            ),
            "ETARGET" | "ENOVERSIONS" => source(
                format!("`{name}` has no version that fits `{spec}`"),
                format!("see what there is: npm view {name} versions dist-tags"),
            ),
            _ => failure.into_error(&format!("`{spec}`")),
        }
    }
}
