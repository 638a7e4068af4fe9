//! npm's own client: how it is run, and what it says when it fails.
//!
//! The user's configuration of npm says which registry, with which credentials and through which
//! proxy. npm runs only where no repository has a say, and never a script.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fetch::redact;
use crate::process::{Invocation, Line, NotFound, Tail};
use crate::{Error, ErrorKind, Limits, Reporter};

/// How to get npm.
pub(crate) const GET_NPM: &str =
    "install Node.js, which brings npm: https://nodejs.org (Debian: apt install nodejs npm)";
/// The longest answer of npm's that is read.
const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Runs the rest of its arguments, none of whose files may grow beyond the first, in blocks of 512 bytes.
const BOUNDED: &str = r#"ulimit -f "$1"; shift; exec "$@""#;
/// What npm is always told, whatever the user's configuration says.
const ALWAYS: &[&str] = &[
    "--json",
    "--ignore-scripts",
    "--no-update-notifier",
    "--no-audit",
    "--no-fund",
    "--no-global",
    "--no-dry-run",
    // Its own patience is a minute and a half with a registry that is not there.
    "--fetch-retries=2",
    "--fetch-retry-mintimeout=500",
    "--fetch-retry-factor=3",
    "--fetch-retry-maxtimeout=4000",
    "--loglevel=error",
];
/// The line after which npm explains its whole command.
const USAGE: &str = "npm error Clean install a project";

/// Returns npm's command line, for files of a bounded size.
pub(crate) fn argv(words: impl IntoIterator<Item = impl Into<String>>, limits: &Limits) -> Vec<String> {
    let blocks = (limits.bytes / 512).to_string();
    let mut argv = ["sh", "-c", BOUNDED, "sh", &blocks, "npm"].map(str::to_owned).to_vec();
    argv.extend(words.into_iter().map(Into::into));
    argv.extend(ALWAYS.iter().map(ToString::to_string));
    argv.push(format!("--fetch-timeout={}", limits.stall.as_millis()));
    argv
}

/// Prepares npm with the user's own configuration, in a directory where nobody else has a say.
pub(crate) fn invocation(
    words: impl IntoIterator<Item = impl Into<String>>,
    limits: &Limits,
    directory: &Path,
) -> Invocation {
    Invocation::new(argv(words, limits), directory).grant(&variables())
}

/// Runs npm, and reads the JSON that it prints.
pub(crate) async fn json(invocation: &Invocation, limits: &Limits, reporter: &dyn Reporter) -> Result<Value, Failure> {
    let (mut answer, tail, mut explains) = (Vec::new(), Tail::default(), false);
    let on_stdout = |line: Line<'_>| {
        if let Some(line) = line.whole()
            && answer.len() < MAX_ANSWER
        {
            answer.extend_from_slice(line);
            answer.push(b'\n');
        }
    };
    let on_stderr = |line: Line<'_>| {
        let line = redact(&line.shown());
        explains |= line == USAGE;
        if !explains {
            reporter.output(&line);
            tail.push(line);
        }
    };
    let running = invocation.start().map_err(|error| Failure::broken(error.to_string()))?;
    let running = running.map_err(|NotFound| Failure::broken("it was not found".to_owned()))?;
    let ended = tokio::time::timeout(limits.total, running.wait(on_stdout, on_stderr)).await;
    let ended = ended.map_err(|_| Failure::broken(format!("it was not done after {:?}", limits.total)))?;
    let status = ended.map_err(|error| Failure::broken(error.to_string()))?;
    let value: Value = serde_json::from_slice(&answer).unwrap_or_default();
    if status.success() { Ok(value) } else { Err(Failure::read(&value, tail.into_lines())) }
}

/// Why npm failed, in its own words, without credentials.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    /// Such as `E404`; empty where npm said nothing.
    pub(crate) code: String,
    pub(crate) summary: String,
    pub(crate) detail: String,
    pub(crate) log: Vec<String>,
}

impl Failure {
    fn broken(summary: String) -> Self {
        Self { summary, ..Self::default() }
    }

    /// Takes it from what npm printed: `{"error": {"code", "summary", "detail"}}`.
    fn read(answer: &Value, log: Vec<String>) -> Self {
        let word = |key: &str| answer.pointer(&format!("/error/{key}")).and_then(Value::as_str).unwrap_or_default();
        let (summary, detail) = (redact(word("summary")), redact(word("detail")));
        Self { code: word("code").to_owned(), summary, detail, log }
    }

    /// Returns the code and the first line of what npm says.
    pub(crate) fn said(&self) -> String {
        let logged = || self.log.iter().find(|line| !line.contains("code ")).map(String::as_str);
        let first = self.summary.lines().next().filter(|line| !line.is_empty()).or_else(logged);
        let first = first.map(|line| format!(": {line}")).unwrap_or_default();
        if self.code.is_empty() { first } else { format!(" ({}){first}", self.code) }
    }

    /// Makes an error about what was to be fetched, such as `` `npm:echo` ``.
    pub(crate) fn into_error(self, what: &str) -> Error {
        match self.code.as_str() {
            "E401" | "E403" | "ENEEDAUTH" => Error::new(ErrorKind::Fetch, format!("the registry refuses {what}"))
                .with_hint("log in: npm login; or put a token for the registry into ~/.npmrc"),
            "EINTEGRITY" => {
                Error::new(ErrorKind::Mismatch, format!("{what} is not what was promised: {}", self.summary))
                    .with_hint("somebody changed it, on the registry or on the way: find out who before you use it")
            }
            _ => Error::new(ErrorKind::Fetch, format!("{what} cannot be fetched: npm failed{}", self.said()))
                .with_hint("check the network, and npm's configuration: npm config list"),
        }
        .with_log(self.log)
    }
}

/// The variables by which the user configures npm: its own, and those that their `.npmrc` names.
pub(crate) fn variables() -> Vec<String> {
    let all = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut names: Vec<_> = all.filter(|name| name.to_ascii_lowercase().starts_with("npm_config_")).collect();
    let text = user_configuration(&names).and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    names.extend(named_in(&text));
    names
}

fn user_configuration(variables: &[String]) -> Option<PathBuf> {
    let named = variables.iter().find(|name| name.eq_ignore_ascii_case("npm_config_userconfig"));
    match named {
        Some(name) => std::env::var_os(name).map(PathBuf::from),
        None => Some(PathBuf::from(std::env::var_os("HOME")?).join(".npmrc")),
    }
}

/// Finds the names in `${NAME}` and `${NAME?}`.
fn named_in(text: &str) -> impl Iterator<Item = String> {
    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    let is_name = |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    names.map(|(name, _)| name.trim_end_matches('?')).filter(is_name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_an_npmrc_are_found() {
        let text =
            "//registry.example/:_authToken=${NPM_TOKEN}\nproxy=${A?}${B_2}/x\nbroken=${C\nodd=${LD PRELOAD}${}\n";
        assert_eq!(named_in(text).collect::<Vec<_>>(), ["NPM_TOKEN", "A", "B_2"]);
    }

    #[test]
    fn a_failure_names_its_code_and_no_credential() {
        let answer = serde_json::json!({"error": {
            "code": "ECONNREFUSED", "summary": "request to http://me:hunter2@h/x failed\nmore", "detail": "",
        }});
        let error = Failure::read(&answer, Vec::new()).into_error("`npm:x`");
        assert_eq!(error.kind(), ErrorKind::Fetch);
        let message = "`npm:x` cannot be fetched: npm failed (ECONNREFUSED): request to http://***@h/x failed";
        assert_eq!(error.to_string(), message);
        let silent = Failure::read(&Value::Null, vec!["npm error code X".to_owned(), "npm error oops".to_owned()]);
        assert_eq!(silent.said(), ": npm error oops");
    }
}
