//! Cancellation, and jobs at once, that go wrong where one job by itself does not.

use std::process::exit;

use crate::job::Job;
use crate::mode::{Deed, Mode};

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
    Mode::new("takes-fewer-at-once", "Refuses a third job at once, although it declares more.")
        .prepare(|session| session.limit = 2)
        .over_limit(|session, id| session.output.refuse(id, 1102, "two jobs are in flight already")),
    Mode::new("works-on-the-first", "Does the job that is in flight for whoever asks meanwhile.").asked(
        |session, request| {
            let same = |job: &&Job| ["model", "capability"].iter().all(|key| job.params[*key] == request.params[*key]);
            let Some(first) = session.jobs.iter().find(same) else { return Deed::Nothing };
            request.params["inputs"] = first.params["inputs"].clone();
            request.params["jobDir"] = first.params["jobDir"].clone();
            Deed::Bent
        },
    ),
    Mode::new("loses-jobs-over-the-limit", "Never answers a job over its limit.").over_limit(|_, _| {}),
];
