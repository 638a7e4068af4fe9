//! Runs one step of a build or of a recipe, and says what failed.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use crate::process::{Invocation, Line, NotFound, Tail};
use crate::{Error, ErrorKind, Reporter};

/// The longest build.
const DEADLINE: Duration = Duration::from_secs(60 * 60);
/// How often a program is started anew that cannot be executed because it is held open for writing: by
/// a fork of this process which began while it was written, and has not executed anything yet.
const BUSY_ATTEMPTS: u32 = 10;
/// What the shell, and what isolates, say of it in their only line.
const BUSY: &str = "Text file busy";

/// Runs a step whose two outputs are for people, under the name of a stage.
pub(crate) async fn run(stage: &str, invocation: &Invocation, reporter: &dyn Reporter) -> Result<(), Error> {
    let tail = Tail::default();
    let listen = |line: Line<'_>| note(&tail, reporter, line);
    reporter.stage(stage, &invocation.to_string());
    let end = finish(invocation, listen, listen, DEADLINE).await;
    end.map_err(|failure| failure.into_error(invocation, tail))
}

/// Runs a step whose stdout is for us.
pub(crate) async fn read(
    invocation: &Invocation,
    reporter: &dyn Reporter,
    on_stdout: impl FnMut(Line<'_>),
) -> Result<(), Error> {
    let tail = Tail::default();
    let listen = |line: Line<'_>| note(&tail, reporter, line);
    let end = finish(invocation, on_stdout, listen, DEADLINE).await;
    end.map_err(|failure| failure.into_error(invocation, tail))
}

fn note(tail: &Tail, reporter: &dyn Reporter, line: Line<'_>) {
    let line = line.shown();
    reporter.output(&line);
    tail.push(line);
}

async fn finish(
    invocation: &Invocation,
    mut on_stdout: impl FnMut(Line<'_>),
    mut on_stderr: impl FnMut(Line<'_>),
    deadline: Duration,
) -> Result<(), Failure> {
    for attempt in 0..BUSY_ATTEMPTS {
        let said = Tail::default();
        let hear = |line: Line<'_>, listen: &mut dyn FnMut(Line<'_>)| {
            said.push(line.shown());
            listen(line);
        };
        let ended =
            once(invocation, |line| hear(line, &mut on_stdout), |line| hear(line, &mut on_stderr), deadline).await;
        match (ended, &said.into_lines()[..]) {
            (Err(Failure::Status(_)), [only]) if only.ends_with(BUSY) => {
                tokio::time::sleep(Duration::from_millis(1 << attempt)).await;
            }
            (ended, _) => return ended,
        }
    }
    once(invocation, on_stdout, on_stderr, deadline).await
}

async fn once(
    invocation: &Invocation,
    on_stdout: impl FnMut(Line<'_>),
    on_stderr: impl FnMut(Line<'_>),
    deadline: Duration,
) -> Result<(), Failure> {
    let running = invocation.start().map_err(Failure::Start)?.map_err(|NotFound| Failure::NotFound)?;
    match tokio::time::timeout(deadline, running.wait(on_stdout, on_stderr)).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(Failure::Status(status)),
        Ok(Err(error)) => Err(Failure::Start(error)),
        Err(_) => Err(Failure::Deadline(deadline)),
    }
}

/// How a step ended, if not well.
#[derive(Debug)]
enum Failure {
    NotFound,
    Start(io::Error),
    Status(ExitStatus),
    Deadline(Duration),
}

impl Failure {
    fn into_error(self, invocation: &Invocation, tail: Tail) -> Error {
        let log = tail.into_lines();
        let hint = self.remedy(invocation, &log);
        let program = invocation.program().to_string_lossy().into_owned();
        let message = match self {
            Self::NotFound => format!("the build needs `{}`, which was not found", program.escape_debug()),
            Self::Start(error) => format!("`{invocation}` cannot be started: {error}"),
            Self::Status(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("`{invocation}` failed with exit status {code}"),
                (None, Some(signal)) => format!("`{invocation}` was killed by signal {signal}"),
                (None, None) => format!("`{invocation}` failed"),
            },
            Self::Deadline(limit) => {
                format!("`{invocation}` was stopped: it had not ended after {limit:?}")
            }
        };
        Error::new(ErrorKind::Build, message).with_hint(hint).with_log(log)
    }

    fn remedy(&self, invocation: &Invocation, log: &[String]) -> String {
        let program = invocation.program();
        let says = |text: &str| log.iter().any(|line| line.contains(text));
        match self {
            Self::NotFound if program == "cargo" => "install Rust from https://rustup.rs".to_owned(),
            Self::NotFound => format!("install `{}`, or put it on PATH", program.to_string_lossy().escape_debug()),
            _ if says("linker `cc` not found") => {
                "install a C compiler, which links Rust programs (Debian: apt install build-essential)".to_owned()
            }
            _ if invocation.is_in_passing() => "its author must correct what it says".to_owned(),
            _ => format!("run it by hand: {}", invocation.by_hand()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn an_endless_step_is_stopped_at_its_deadline() {
        let invocation = Invocation::new(["sleep", "600"], Path::new("/"));
        let start = Instant::now();
        let failure = finish(&invocation, |_| {}, |_| {}, Duration::from_millis(200)).await.unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(30));
        let error = failure.into_error(&invocation, Tail::default());
        assert_eq!(error.to_string(), "`sleep 600` was stopped: it had not ended after 200ms");
        assert_eq!(error.hint(), Some("run it by hand: cd / && sleep 600"));
    }

    /// Row 64.
    #[tokio::test]
    async fn a_program_that_is_still_held_open_is_started_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tool");
        std::fs::write(&path, "#!/bin/sh\necho ran\n").unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut held = Some(std::fs::OpenOptions::new().append(true).open(&path).unwrap());
        for isolation in [crate::Isolation::None, crate::Isolation::detect().await] {
            let invocation = Invocation::new(["./tool"], directory.path()).isolated(isolation);
            let mut said = Vec::new();
            // Whoever holds it lets go when it is told that it is in the way.
            let let_go = |line: Line<'_>| said.extend(held.take().map(|_| line.shown()));
            let mut ran = Vec::new();
            finish(&invocation, |line| ran.push(line.shown()), let_go, DEADLINE).await.unwrap();
            assert_eq!(ran, ["ran"]);
            assert!(said.iter().all(|line| line.ends_with(BUSY)) && said.len() == 1, "{said:?}");
            held = Some(std::fs::OpenOptions::new().append(true).open(&path).unwrap());
        }
        let invocation = Invocation::new(["./tool"], directory.path());
        let failure = finish(&invocation, |_| {}, |_| {}, DEADLINE).await.unwrap_err();
        assert!(matches!(failure, Failure::Status(_)), "{failure:?}");
    }

    #[tokio::test]
    async fn an_unknown_tool_is_named() {
        let invocation = Invocation::new(["no-such-tool-2718"], Path::new("/"));
        let error = run("build", &invocation, &()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Build);
        assert_eq!(error.to_string(), "the build needs `no-such-tool-2718`, which was not found");
        assert_eq!(error.hint(), Some("install `no-such-tool-2718`, or put it on PATH"));
    }

    #[tokio::test]
    async fn how_a_step_failed_is_said() {
        for (script, expected) in [
            ("echo oops >&2; exit 3", "failed with exit status 3"),
            ("echo oops; kill -9 $$", "was killed by signal 9"),
        ] {
            let invocation = Invocation::new(["sh", "-c", script], Path::new("/"));
            let error = run("build", &invocation, &()).await.unwrap_err();
            assert!(error.to_string().ends_with(expected), "{error}");
            assert_eq!(error.log(), ["oops"]);
        }
    }
}
