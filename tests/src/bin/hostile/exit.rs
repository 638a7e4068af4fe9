//! Ends that do not come, and what outlives them.

use std::fs;
use std::io;
use std::process::{Command, Stdio, exit};

use serde_json::json;

use crate::job::Job;
use crate::mode::{Deed, Mode};
use crate::session::{Session, Stage};
use crate::sys;

/// The modes. The first four take one rung more of the ladder each.
pub const MODES: &[Mode] = &[
    Mode::new("ignore-shutdown", "Never answers `shutdown`; leaves on `exit` or at the end of stdin.")
        .shutdown(|_, _| {}),
    Mode::new("ignore-eof", "Is deaf to `exit` and the end of stdin; dies of SIGTERM.")
        .prepare(|session| session.deaf_to_exit = true)
        .stays(|_| true),
    Mode::new(
        "ignore-sigterm",
        "Is deaf to `exit`, the end of stdin and SIGTERM; only SIGKILL helps. Owns up to SIGTERM.",
    )
    .prepare(|session| {
        session.deaf_to_eof = true;
        ignore_exit_and_sigterm(session);
    }),
    Mode::new("ignores-everything", "Is deaf to `shutdown`, `exit`, the end of stdin and SIGTERM, owning up to each.")
        .prepare(ignore_exit_and_sigterm)
        .shutdown(|_, _| {})
        .stays(|_| true),
    Mode::new("works-while-draining", "Does a job that comes after `shutdown`.").asked(|session, request| {
        if session.stage != Stage::Draining || request.method != "transform" {
            return Deed::Nothing;
        }
        session.work_at_once(request)
    }),
    Mode::new("shutdown-overtakes-jobs", "Answers `shutdown` first, then what is in flight.").shutdown(
        |session, id| {
            session.output.answer(id, json!({}));
            session.cancel_all();
        },
    ),
    Mode::new("deaf-to-exit", "Ignores `exit`; leaves at the end of stdin.").exit(|_| {}),
    Mode::new("exits-with-1", "Exits with 1 when it is told to.").exit(|_| exit(1)),
    Mode::new("deaf-to-eof-when-idle", "Ignores the end of stdin while it has nothing to do.")
        .stays(|session| session.jobs.is_empty()),
    Mode::new("deaf-to-eof-while-working", "Ignores the end of stdin while a job is in flight.")
        .stays(|session| !session.jobs.is_empty()),
    Mode::new("deaf-to-sigterm", "Ignores SIGTERM, and owns up to it.").prepare(deaf_to_sigterm),
    Mode::new("crash-at-shutdown", "Aborts instead of answering `shutdown`.")
        .shutdown(|_, _| sys::die_of(libc::SIGABRT)),
    Mode::new("fork-child", "Starts `sleep 600` in its group when a transform comes, and answers with its pid.")
        .transform(|session, job| {
            if let Some(pid) = sleeper(session, &job, Stdio::null()) {
                session.say(&job, &pid.to_string());
            }
        }),
    Mode::new("fork-child-at-start", "Starts `sleep 600` in its group before it reads anything; --file gets its pid.")
        .launch(|session| {
            if let Err(error) = start_sleeper(session, Stdio::null()) {
                eprintln!("hostile: sleep: {error}");
                exit(74)
            }
        }),
    Mode::new(
        "fork-child-mid-call",
        "Starts `sleep 600` when a transform comes, and never answers; --file gets its pid.",
    )
    .transform(|session, job| {
        if sleeper(session, &job, Stdio::null()).is_some() {
            session.keep(job);
        }
    }),
    Mode::new(
        "grandchild-holds-stdout",
        "Exits with 9 when a transform comes, while a `sleep 600` keeps stdout and stderr open.",
    )
    .transform(|session, job| {
        if sleeper(session, &job, Stdio::inherit()).is_some() {
            eprintln!("error: the engine is gone");
            exit(9)
        }
    }),
    Mode::new(
        "grandchild-outlives-shutdown",
        "Answers with the pid of a `sleep 600` that keeps stdout open beyond `exit`.",
    )
    .transform(|session, job| {
        if let Some(pid) = sleeper(session, &job, Stdio::inherit()) {
            session.say(&job, &pid.to_string());
        }
    }),
];

fn ignore_exit_and_sigterm(session: &mut Session) {
    session.deaf_to_exit = true;
    deaf_to_sigterm(session);
}

fn deaf_to_sigterm(session: &mut Session) {
    match session.witness.open() {
        Ok(file) => sys::ignore_sigterm(file, session.witness.line()),
        Err(error) => {
            eprintln!("hostile: the witness file cannot be opened: {error}");
            exit(74)
        }
    }
}

/// Starts a `sleep 600` for a job, or answers that it cannot.
fn sleeper(session: &Session, job: &Job, output: Stdio) -> Option<u32> {
    match start_sleeper(session, output) {
        Ok(pid) => Some(pid),
        Err(error) => {
            session.output.refuse(job.id, -32603, &format!("sleep: {error}"));
            None
        }
    }
}

/// Starts a `sleep 600`, with the plugin's stderr where it has the plugin's stdout.
#[expect(clippy::disallowed_methods, reason = "a hostile plugin starts its children as it likes")]
fn start_sleeper(session: &Session, output: Stdio) -> io::Result<u32> {
    let child = Command::new("sleep").arg("600").stdin(Stdio::null()).stdout(output).spawn()?;
    let pid = child.id();
    if let Some(path) = &session.options.file {
        fs::write(path, format!("{pid}\n"))?;
    }
    Ok(pid)
}
