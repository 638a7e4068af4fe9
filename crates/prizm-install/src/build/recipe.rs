//! Runs one step of a build, and says what failed.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use crate::process::{Invocation, Line, NotFound, Tail};
use crate::{Error, ErrorKind, Reporter};

/// The longest build.
const DEADLINE: Duration = Duration::from_secs(60 * 60);

/// Runs a step whose two outputs are for people.
pub(super) async fn run(invocation: &Invocation, reporter: &dyn Reporter) -> Result<(), Error> {
    let tail = Tail::default();
    let listen = |line: Line<'_>| note(&tail, reporter, line);
    reporter.stage("build", &invocation.to_string());
    let end = finish(invocation, listen, listen, DEADLINE).await;
    end.map_err(|failure| failure.into_error(invocation, tail))
}

/// Runs a step whose stdout is for us.
pub(super) async fn read(
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

    #[tokio::test]
    async fn an_unknown_tool_is_named() {
        let invocation = Invocation::new(["no-such-tool-2718"], Path::new("/"));
        let error = run(&invocation, &()).await.unwrap_err();
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
            let error = run(&invocation, &()).await.unwrap_err();
            assert!(error.to_string().ends_with(expected), "{error}");
            assert_eq!(error.log(), ["oops"]);
        }
    }
}
