//! Cancellation, and jobs at once, that go wrong where one job by itself does not.

use std::process::exit;

use crate::job::Job;
use crate::message::Request;
use crate::mode::{Deed, Mode};
use crate::session::Session;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("deaf-to-cancel", "Ignores cancellations: a job takes as long as it takes.")
        .cancel(|session, job| session.keep(job)),
    Mode::new("dies-at-late-cancel", "Exits with 70 at the cancellation of what is not in flight.")
        .cancel_unknown(|_| exit(70)),
    Mode::new("sulks-after-cancel", "Takes no job after a cancellation.").asked(|session, request| {
        if session.cancelled == 0 || request.method != "transform" {
            return Deed::Nothing;
        }
        session.output.refuse(request.id, 1103, "nobody wanted the last one");
        Deed::Done
    }),
    Mode::new("loses-one-of-many", "Never answers a third job at once, unless it is cancelled.").asked(lose_third),
    Mode::new("works-on-the-first", "Does the job that is in flight for whoever asks meanwhile.").asked(
        |session, request| {
            let same = |job: &&Job| ["model", "capability"].iter().all(|key| job.params[*key] == request.params[*key]);
            let Some(first) = session.jobs.iter().find(same) else { return Deed::Nothing };
            request.params["inputs"] = first.params["inputs"].clone();
            request.params["jobDir"] = first.params["jobDir"].clone();
            Deed::Bent
        },
    ),
    Mode::new("loses-jobs-over-the-limit", "Never answers a job over its limit.").over_limit(|_| {}),
];

fn lose_third(session: &mut Session, request: &mut Request) -> Deed {
    if request.method != "transform" || session.jobs.len() != 2 {
        return Deed::Nothing;
    }
    match Job::new(request.id, request.params.take(), session.options.full) {
        Ok(mut job) => {
            job.expires = None;
            session.keep(job);
        }
        Err((code, message)) => session.output.refuse(request.id, code, &message),
    }
    Deed::Done
}
