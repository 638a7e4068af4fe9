//! Docker Compose's own command, of version 2 or 1.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prizm_install::process::{Invocation, Line, find_program};

use crate::error::{Error, ErrorKind, Phase};
use crate::{Result, Spec};

/// How long a question may take.
const QUESTION: Duration = Duration::from_secs(60);
/// The most that is read of an answer.
const MAX_OUTPUT: usize = 8 * 1024 * 1024;
/// Lines that an error quotes.
const TAIL: usize = 50;

/// The command, with all that each call has in common.
pub(super) struct Cli {
    words: Vec<String>,
    host: String,
    project: String,
    root: PathBuf,
    env: Vec<(String, String)>,
}

/// What a call said.
pub(super) struct Said {
    /// The whole of stdout.
    pub(super) stdout: String,
    /// How it would be typed.
    pub(super) command: String,
    pub(super) success: bool,
    pub(super) code: Option<i32>,
    /// The last lines of both outputs.
    pub(super) tail: Vec<String>,
}

impl Cli {
    /// Finds it: `docker compose`, else `docker-compose`.
    pub(super) async fn find(spec: &Spec, host: &str) -> Result<Self> {
        let mut cli = Self {
            words: Vec::new(),
            host: host.to_owned(),
            project: spec.instance.clone(),
            root: spec.root.clone(),
            // What a stranger's file may refer to by `${NAME}` is this, and nothing of the user's environment.
            env: spec.settings.env.clone().into_iter().collect(),
        };
        for words in [&["docker", "compose"][..], &["docker-compose"]] {
            if find_program(words[0].as_ref(), Path::new("/")).is_none() {
                continue;
            }
            cli.words = words.iter().map(ToString::to_string).collect();
            if cli.run(&["version"], QUESTION, |_| {}).await.is_ok_and(|said| said.success) {
                return Ok(cli);
            }
        }
        Err(Error::new(
            ErrorKind::EngineMissing,
            Phase::Prepare,
            "there is neither `docker compose` nor `docker-compose`",
        )
        .hinted("install Docker Compose (Debian: apt install docker-compose)"))
    }

    /// Asks what a file comes to, with everything in its place.
    pub(super) async fn config(&self, file: &Path, profiles: &[String]) -> Result<Said> {
        let file = file.to_string_lossy();
        let mut words = vec!["-f", &*file];
        for profile in profiles {
            words.extend(["--profile", profile]);
        }
        words.push("config");
        self.run(&words, QUESTION, |_| {}).await
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
        self.run(&words, limit, line).await
    }

    async fn run(&self, words: &[&str], limit: Duration, mut line: impl FnMut(&str) + Send) -> Result<Said> {
        let root = self.root.to_string_lossy();
        let about = ["-p", &*self.project, "--project-directory", &*root];
        let argv = self.words.iter().map(String::as_str).chain(about).chain(words.iter().copied());
        let mut invocation = Invocation::new(argv, Path::new("/"))
            .grant(&["DOCKER_CONFIG".to_owned(), "DOCKER_CERT_PATH".to_owned(), "DOCKER_TLS_VERIFY".to_owned()])
            .set("DOCKER_HOST", &self.host)
            // The answer is for a program; colours and moving lines are not.
            .set("COMPOSE_ANSI", "never")
            .set("COMPOSE_PROGRESS", "plain")
            .set("BUILDKIT_PROGRESS", "plain")
            .set("COMPOSE_HTTP_TIMEOUT", "300");
        for (name, value) in &self.env {
            invocation = invocation.set(name, value);
        }
        let command = invocation.to_string();
        let failed = |reason: String| {
            let message = format!("`{}` cannot be run: {reason}", self.words.join(" "));
            Error::new(ErrorKind::EngineMissing, Phase::Prepare, message).of_command(&command)
        };
        let running = invocation.start().map_err(|error| failed(error.to_string()))?;
        let running = running.map_err(|_| failed("it is not there any more".to_owned()))?;
        let mut stdout = String::new();
        let heard = Mutex::new((VecDeque::new(), &mut line));
        let hear = |text: &Line<'_>| {
            let shown = text.shown();
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            (heard.1)(&shown);
            if heard.0.len() == TAIL {
                heard.0.pop_front();
            }
            heard.0.push_back(shown);
        };
        let mut too_much = false;
        let out = |text: Line<'_>| {
            hear(&text);
            let Some(bytes) = text.whole() else {
                too_much = true;
                return;
            };
            too_much |= stdout.len() + bytes.len() > MAX_OUTPUT;
            if !too_much {
                stdout.push_str(&String::from_utf8_lossy(bytes));
                stdout.push('\n');
            }
        };
        let waited = tokio::time::timeout(limit, running.wait(out, |text| hear(&text))).await;
        let status = match waited {
            Ok(status) => status.map_err(|error| failed(error.to_string()))?,
            Err(_) => return Err(failed(format!("it took longer than {} s", limit.as_secs()))),
        };
        if too_much {
            return Err(failed("it says more than can be read".to_owned()));
        }
        let tail = heard.into_inner().unwrap_or_else(PoisonError::into_inner).0.into();
        Ok(Said { stdout, command, success: status.success(), code: status.code(), tail })
    }
}

impl Said {
    /// Makes an error of a call that failed, of the kind that its words tell.
    pub(super) fn failure(&self, kind: ErrorKind, phase: Phase, what: &str) -> Error {
        let lines = || self.tail.iter().rev().filter(|line| !line.trim().is_empty());
        // What it ends with says only that there was an error.
        let telling = |line: &&String| {
            let line = line.to_lowercase();
            line.contains("error") && !line.starts_with("encountered errors")
        };
        let last = lines().find(telling).or_else(|| lines().next()).cloned().unwrap_or_default();
        let says = |words: &[&str]| {
            self.tail.iter().map(|line| line.to_lowercase()).any(|line| words.iter().any(|word| line.contains(word)))
        };
        let missing = ["pull access denied", "manifest unknown", "no such image", "failed to resolve reference"];
        let unreachable =
            ["lookup ", "dial tcp", "tls handshake", "no route to host", "i/o timeout", "name or service"];
        let (kind, hint) = if says(&["port is already allocated", "address already in use"]) {
            (ErrorKind::Port, "start it again: another port is taken")
        } else if says(&missing) || says(&unreachable) {
            (
                ErrorKind::ImageUnavailable,
                "check the name of the image and the network, or load it by hand: docker load",
            )
        } else if says(&["permission denied while trying to connect"]) {
            (ErrorKind::Denied, "you may not use the engine: ask for membership in the group `docker`")
        } else if says(&["cannot connect to the docker daemon", "couldn't connect to docker daemon"]) {
            (ErrorKind::EngineMissing, "start the engine: systemctl start docker")
        } else {
            (kind, "its last lines say why")
        };
        let error = Error::new(kind, phase, format!("{what}: {last}")).hinted(hint).of_command(&self.command);
        let error = error.logged(vec![crate::LogTail { source: "compose".to_owned(), lines: self.tail.clone() }]);
        match self.code {
            Some(code) => error.exited(code.into()),
            None => error,
        }
    }
}
