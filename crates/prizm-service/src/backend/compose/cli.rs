//! Docker Compose's own command, of version 2 or 1.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prizm_install::process::{Invocation, Line, find_program};

use super::said::Said;
use crate::error::{Error, ErrorKind, Phase};
use crate::{Result, Spec};

/// The empty file that is read in place of `.env`.
pub(super) const NO_ENV: &str = "no.env";
/// How long a question may take.
const QUESTION: Duration = Duration::from_secs(60);
/// The most that is read of an answer.
const MAX_OUTPUT: usize = 8 * 1024 * 1024;

/// The command, with all that each call has in common.
pub(super) struct Cli {
    words: Vec<String>,
    /// Whether it is version 1, which knows less.
    pub(super) is_old: bool,
    host: String,
    project: String,
    root: PathBuf,
    /// What is read in place of `.env`, which would steer Compose.
    no_env: PathBuf,
}

impl Cli {
    /// Finds it: `docker compose`, else `docker-compose`. Writes into the instance's own directory.
    pub(super) async fn find(spec: &Spec, directory: &Path, host: &str) -> Result<Self> {
        let no_env = directory.join(NO_ENV);
        std::fs::write(&no_env, "").map_err(|error| crate::lock::unusable(&no_env, &error))?;
        let mut cli = Self {
            words: Vec::new(),
            is_old: false,
            host: host.to_owned(),
            project: spec.instance.clone(),
            root: spec.root.clone(),
            no_env,
        };
        for words in [&["docker", "compose"][..], &["docker-compose"]] {
            if find_program(words[0].as_ref(), Path::new("/")).is_none() {
                continue;
            }
            cli.words = words.iter().map(ToString::to_string).collect();
            let said = cli.run(&["version", "--short"], [], QUESTION, |_| {}).await;
            if let Some(said) = said.ok().filter(|said| said.success) {
                cli.is_old = said.stdout.trim_start_matches('v').starts_with("1.");
                return Ok(cli);
            }
        }
        let message = "there is neither `docker compose` nor `docker-compose`";
        Err(Error::new(ErrorKind::EngineMissing, Phase::Prepare, message)
            .hinted("install Docker Compose (Debian: apt install docker-compose)"))
    }

    /// Asks what a file comes to, with everything in its place, where names stand for these values.
    pub(super) async fn config<'a>(
        &self,
        file: &Path,
        profiles: &[String],
        values: impl IntoIterator<Item = (String, &'a str)>,
    ) -> Result<Said> {
        let mut words = vec!["-f".to_owned(), file.to_string_lossy().into_owned()];
        words.extend(profiles.iter().map(|profile| format!("--profile={profile}")));
        words.push("config".to_owned());
        if !self.is_old {
            words.extend(["--format".to_owned(), "json".to_owned()]);
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        self.run(&words, values, QUESTION, |_| {}).await
    }

    /// Does something with the generated file.
    pub(super) async fn with(
        &self,
        file: &Path,
        words: &[&str],
        limit: Duration,
        line: impl FnMut(&str) + Send,
    ) -> Result<Said> {
        let file = file.to_string_lossy();
        let words: Vec<_> = ["-f", &*file].iter().chain(words).copied().collect();
        self.run(&words, [], limit, line).await
    }

    async fn run<'a>(
        &self,
        words: &[&str],
        values: impl IntoIterator<Item = (String, &'a str)>,
        limit: Duration,
        line: impl FnMut(&str) + Send,
    ) -> Result<Said> {
        let invocation = values.into_iter().fold(self.invocation(words), |all, (name, value)| all.set(name, value));
        let command = invocation.to_string();
        let failed = |kind, reason: &str| {
            let message = format!("`{}` cannot be run: {reason}", self.words.join(" "));
            Error::new(kind, Phase::Prepare, message).of_command(&command)
        };
        let missing = |reason: &str| failed(ErrorKind::EngineMissing, reason);
        let running = invocation.start().map_err(|error| missing(&error.to_string()))?;
        let running = running.map_err(|_| missing("it is not there any more"))?;
        let heard = Heard::new(line);
        let mut stdout = Some(String::new());
        let out = |text: Line<'_>| {
            heard.line(&text);
            stdout = match (stdout.take(), text.whole()) {
                (Some(all), Some(bytes)) if all.len() + bytes.len() <= MAX_OUTPUT => {
                    Some(all + &String::from_utf8_lossy(bytes) + "\n")
                }
                _ => None,
            };
        };
        let waited = tokio::time::timeout(limit, running.wait(out, |text| heard.line(&text))).await;
        let tail = heard.tail();
        let status = waited.map_err(|_| {
            let logs = vec![crate::LogTail { source: "compose".to_owned(), lines: tail.clone() }];
            failed(ErrorKind::ReadinessTimeout, &format!("it took longer than {} s", limit.as_secs()))
                .hinted("its last lines say what it was doing; start it again")
                .logged(logs)
        })?;
        let status = status.map_err(|error| missing(&error.to_string()))?;
        let stdout = stdout.ok_or_else(|| failed(ErrorKind::ComposeInvalid, "it says more than can be read"))?;
        Ok(Said { stdout, command, success: status.success(), code: status.code(), tail })
    }

    fn invocation(&self, words: &[&str]) -> Invocation {
        let (root, no_env) = (self.root.to_string_lossy(), self.no_env.to_string_lossy());
        let about = ["-p", &*self.project, "--project-directory", &*root, "--env-file", &*no_env];
        let argv = self.words.iter().map(String::as_str).chain(about).chain(words.iter().copied());
        Invocation::new(argv, Path::new("/"))
            .grant(&["DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"].map(str::to_owned))
            .set("DOCKER_HOST", &self.host)
            // What it says is for a program: no colours, no moving lines.
            .set("COMPOSE_ANSI", "never")
            .set("COMPOSE_PROGRESS", "plain")
            .set("BUILDKIT_PROGRESS", "plain")
            .set("COMPOSE_HTTP_TIMEOUT", "300")
    }
}

/// What a command says on both outputs: told on at once, and its end remembered.
struct Heard<F>(Mutex<(VecDeque<String>, F)>);

impl<F: FnMut(&str)> Heard<F> {
    fn new(line: F) -> Self {
        Self(Mutex::new((VecDeque::new(), line)))
    }

    fn line(&self, text: &Line<'_>) {
        let shown = text.shown();
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (heard.1)(&shown);
        if heard.0.len() == crate::LogTail::LINES {
            heard.0.pop_front();
        }
        heard.0.push_back(shown);
    }

    fn tail(self) -> Vec<String> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).0.into()
    }
}
