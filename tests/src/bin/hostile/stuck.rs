//! Answers that do not come, come late, or cannot be asked for.

use serde_json::json;

use crate::job::Job;
use crate::mode::Mode;
use crate::session::{FOREVER, Session};
use crate::start::stall;
use crate::sys;
use crate::wire::Style;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("never-answer", "Never answers a transform, unless it is cancelled.")
        .transform(|session, job| session.keep(job)),
    Mode::new("ignore-cancel", "Works for ever, and never answers what is cancelled.")
        .prepare(|session| session.delay = FOREVER)
        .cancel(|session, job| session.keep(job)),
    Mode::new("cancel-answers-success", "Works for ever, and answers what is cancelled with a result.")
        .prepare(|session| session.delay = FOREVER)
        .cancel(|session, job| session.say(&job, "done in spite of you")),
    Mode::new("cancel-answers-late", "Works for ever, and answers what is cancelled after --ms (8000).")
        .prepare(|session| session.delay = FOREVER)
        .cancel(|session, mut job| {
            job.due = std::time::Instant::now().checked_add(session.options.wait(8000));
            session.keep(job);
        }),
    Mode::new("cancel-answers-twice", "Works for ever, and answers what is cancelled with -32800 and then a result.")
        .prepare(|session| session.delay = FOREVER)
        .cancel(|session, job| {
            session.output.refuse(job.id, -32800, "cancelled");
            session.finish(&job);
        }),
    Mode::new("slow-loris", "Answers a byte every --ms (20).").transform(slow_loris),
    Mode::new("stop-reading-stdin", "Stops reading for ever when a transform comes, and does not answer.")
        .transform(|_, _| stall()),
    Mode::new("close-stdout", "Closes stdout when a transform comes, and lives on.").transform(|session, job| {
        session.output.style = Style::Closed;
        sys::close(libc::STDOUT_FILENO);
        session.keep(job);
    }),
    Mode::new("close-stdin", "Closes stdin when a transform comes, answers it, and lives on.").transform(
        |session, job| {
            sys::close(libc::STDIN_FILENO);
            session.finish(&job);
            stall()
        },
    ),
    Mode::new("close-stderr", "Closes stderr when a transform comes, and answers.").transform(|session, job| {
        sys::close(libc::STDERR_FILENO);
        session.finish(&job);
    }),
    Mode::new("drop-connection-but-live", "Closes stdin and stdout when a transform comes, and sleeps.").transform(
        |session, _| {
            session.output.style = Style::Closed;
            sys::close(libc::STDIN_FILENO);
            sys::close(libc::STDOUT_FILENO);
            stall()
        },
    ),
    Mode::new("busy-loop", "Spins on a core when a transform comes, deaf.").transform(|_, _| {
        loop {
            std::hint::spin_loop();
        }
    }),
    Mode::new("restart-mode", "Declares `cancel: restart`, and is deaf for `delayMs` or --ms (0) while it works.")
        .describe(|declaration| {
            declaration["cancel"] = json!("restart");
            declaration["liveness"] = json!("none");
        })
        .transform(|session, job| {
            job.report(&session.output);
            std::thread::sleep(job.delay(session.delay));
            session.finish(&job);
        }),
    Mode::new(
        "max-in-flight-1",
        "Declares `maxInFlight` 1, works --ms (20), and exits with 70 if it sees two jobs at once.",
    )
    .describe(|declaration| declaration["limits"]["maxInFlight"] = json!(1))
    .prepare(|session| {
        session.limit = 1;
        session.delay = session.options.wait(20);
    })
    .over_limit(|_, _| {
        eprintln!("hostile: two transforms at once, although `maxInFlight` is 1");
        std::process::exit(70)
    }),
    Mode::new("ping-never", "Never answers `ping`.").ping(|_, _| {}),
    Mode::new("health-never", "Never answers `health`.").health(|_, _| {}),
    Mode::new("models-never", "Never answers `models`.").models(|_, _| {}),
];

fn slow_loris(session: &mut Session, job: Job) {
    let text = job.outputs().map(|outputs| json!({"jsonrpc": "2.0", "id": job.id, "result": {"outputs": outputs}}));
    let text = match text {
        Ok(answer) => format!("\n{answer}\n"),
        Err((code, message)) => return session.output.refuse(job.id, code, &message),
    };
    for byte in text.as_bytes() {
        if session.output.raw(&[*byte]).is_err() {
            std::process::exit(0);
        }
        std::thread::sleep(session.options.wait(20));
    }
}
