//! Jobs that are done although they should be refused, the reverse, and jobs that are spoiled.

use serde_json::{Value, json};

use crate::channel::bend;
use crate::message::Request;
use crate::mode::{Deed, Mode};
use crate::params;
use crate::session::Session;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("fails-every-job", "Answers every job with UpstreamError.")
        .transform(|session, job| session.output.refuse(job.id, 1201, "the engine is away")),
    Mode::new("breaks-at-unknown-model", "Refuses an unknown model with -32603.")
        .sends(|message| recode(message, 1006)),
    Mode::new("breaks-at-unknown-capability", "Refuses a capability that the model lacks with -32603.")
        .sends(|message| recode(message, 1003)),
    Mode::new("takes-any-types", "Takes parameters of the wrong types for absent ones.").asked(take_any_types),
    Mode::new("takes-any-options", "Ignores options that it cannot use.").asked(|_, request| {
        if request.method != "transform" || params::check_options(&request.params).is_ok() {
            return Deed::Nothing;
        }
        request.params["options"] = json!({});
        Deed::Bent
    }),
    Mode::new("works-without-input", "Makes up the text that it was not given.").asked(|_, request| {
        let inputs = &request.params["inputs"];
        if request.method != "transform" || !request.params.is_object() || !(inputs.is_null() || *inputs == json!([])) {
            return Deed::Nothing;
        }
        request.params["inputs"] = made_up();
        Deed::Bent
    }),
    Mode::new("takes-any-kind", "Takes any medium for a text.").asked(|_, request| {
        let kind = request.params["inputs"][0]["kind"].as_str().unwrap_or("text");
        if request.method != "transform"
            || !["image", "audio", "video", "3d"].contains(&kind)
            || takes_pictures(request)
        {
            return Deed::Nothing;
        }
        request.params["inputs"] = made_up();
        Deed::Bent
    }),
    Mode::new("refuses-repetition", "Refuses a job that is the one before it once more.").asked(refuse_repetition),
    Mode::new("mangles-text", "Turns whatever is not ASCII into question marks.").sends(|message| {
        let chunk = message["method"] == "$/chunk";
        let place = if chunk { "/params/text" } else { "/result/outputs/0/text" };
        let Some(Value::String(text)) = message.pointer_mut(place) else { return false };
        let ascii = text.replace(|letter: char| !letter.is_ascii(), "?");
        let mangled = ascii != *text;
        *text = ascii;
        mangled
    }),
    Mode::new("drops-late-jobs", "Does not answer a job that has less than a second.").asked(|_, request| {
        let hurried = request.params["deadlineMs"].as_u64().is_some_and(|deadline| deadline < 1000);
        if hurried { Deed::Done } else { Deed::Nothing }
    }),
    Mode::new("breaks-at-resume", "Answers a job that is to be taken up again with -32603.").asked(
        |session, request| {
            if !request.params["resume"].is_object() {
                return Deed::Nothing;
            }
            session.output.refuse(request.id, -32603, "something went wrong");
            Deed::Done
        },
    ),
];

fn recode(message: &mut Value, code: i64) -> bool {
    if message["error"]["code"] != code {
        return false;
    }
    let text = message["error"]["message"].take();
    bend(&mut message["error"], json!({"code": -32603, "message": text}))
}

fn made_up() -> Value {
    json!([{"kind": "text", "mime": "text/plain", "text": "something"}])
}

fn takes_pictures(request: &Request) -> bool {
    request.params["model"] == "mirror"
}

fn take_any_types(_: &mut Session, request: &mut Request) -> Deed {
    if request.method != "transform" {
        return Deed::Nothing;
    }
    if !request.params.is_object() {
        request.params = json!({});
    }
    let mut deed = Deed::Nothing;
    for (key, instead) in [
        ("model", json!("echo")),
        ("capability", json!("text-to-text")),
        ("inputs", made_up()),
        ("options", json!({})),
        ("jobId", Value::Null),
        ("jobDir", Value::Null),
        ("deadlineMs", Value::Null),
        ("idempotencyKey", Value::Null),
        ("resume", Value::Null),
    ] {
        if !params::is_of_its_type(key, &request.params[key]) {
            request.params[key] = instead;
            deed = Deed::Bent;
        }
    }
    deed
}

fn refuse_repetition(session: &mut Session, request: &mut Request) -> Deed {
    if request.method != "transform" || !request.params.is_object() {
        return Deed::Nothing;
    }
    let mut job = request.params.clone();
    job["jobId"].take();
    job["jobDir"].take();
    let is_repeated = session.last.as_ref() == Some(&job);
    session.last = Some(job);
    if !is_repeated || !session.jobs.is_empty() {
        return Deed::Nothing;
    }
    session.output.refuse(request.id, -32603, "once is enough");
    Deed::Done
}
