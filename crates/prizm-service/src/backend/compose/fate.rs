//! How containers ended, and what that means.

use prizm_protocol::ByteSize;

use super::engine::Engine;
use super::observe::{self, Part};
use super::rewrite::Plan;
use crate::error::{Error, ErrorKind, Phase};

/// The exit code of what was killed.
const KILLED: i64 = 137;

/// Returns the first container that has ended and should not have.
pub(super) fn failed<'a>(parts: &'a [Part], plan: &Plan) -> Option<&'a Part> {
    let is_bad = |part: &&Part| part.oom || part.exit_code != Some(0) || plan.must_run.contains(&part.service);
    // One that was killed says more than those that ended because of it.
    let ended = || parts.iter().filter(|part| part.has_ended()).filter(is_bad);
    ended().find(|part| part.oom).or_else(|| ended().find(|part| part.exit_code != Some(0))).or_else(|| ended().next())
}

/// Returns a service that must run and of which there is no container any more, or none that runs.
pub(super) fn absent<'a>(parts: &[Part], plan: &'a Plan) -> Option<&'a String> {
    let is_there = |name: &String| parts.iter().any(|part| part.service == *name && part.is_running());
    plan.must_run.iter().find(|name| !is_there(name))
}

/// Makes the error of a container that has ended, with the last lines of all of them.
pub(super) async fn error(engine: &Engine, part: &Part, parts: &[Part], phase: Phase) -> Error {
    // An engine with cgroups of version 2 does not say so of the container itself where the kernel has killed
    // another of its processes first.
    let oom = part.oom || (part.exit_code == Some(KILLED) && observe::ran_out_of_memory(engine, part).await);
    let error = if oom { out_of_memory(part, phase) } else { ended(part, phase) };
    error.exited(part.exit_code.unwrap_or(-1)).logged(observe::tails(engine, parts).await)
}

fn out_of_memory(part: &Part, phase: Phase) -> Error {
    let limit = part.memory_limit.and_then(|bytes| u64::try_from(bytes).ok()).map(ByteSize);
    let limit = limit.map_or_else(|| "the machine has".to_owned(), |limit| format!("its limit of {limit}"));
    let message = format!("the container of `{}` was killed: it used more memory than {limit}", part.service);
    Error::new(ErrorKind::Oom, phase, message).hinted("raise `memory` in its serviceConfig")
}

fn ended(part: &Part, phase: Phase) -> Error {
    let code = part.exit_code.unwrap_or(-1);
    let message = format!("the container of `{}` ended with exit code {code}", part.service);
    Error::new(ErrorKind::Exit, phase, message).hinted("its last lines say why: `prizm service logs` shows more")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(service: &str, state: &str, exit_code: Option<i64>, oom: bool) -> Part {
        Part { service: service.to_owned(), state: state.to_owned(), exit_code, oom, ..Part::default() }
    }

    fn plan(must_run: &[&str]) -> Plan {
        let mut plan = Plan::default();
        plan.must_run.extend(must_run.iter().map(ToString::to_string));
        plan
    }

    #[test]
    fn what_runs_once_may_end_well() {
        let plan = plan(&["api"]);
        let api = |state: &str, code| part("api", state, code, false);
        for (parts, expected) in [
            (vec![api("running", None), part("init", "exited", Some(0), false)], None),
            (vec![api("created", None), part("init", "running", None, false)], None),
            (vec![api("running", None), part("init", "exited", Some(3), false)], Some("init")),
            (vec![api("exited", Some(0))], Some("api")),
            (vec![api("exited", Some(0)), part("worker", "dead", Some(2), false)], Some("worker")),
            (vec![api("exited", Some(1)), part("worker", "exited", Some(137), true)], Some("worker")),
        ] {
            assert_eq!(failed(&parts, &plan).map(|part| part.service.as_str()), expected, "{parts:?}");
        }
    }

    #[test]
    fn what_must_run_is_there() {
        let plan = plan(&["api", "db"]);
        let api = part("api", "running", None, false);
        assert_eq!(absent(std::slice::from_ref(&api), &plan), Some(&"db".to_owned()));
        assert_eq!(absent(&[api.clone(), part("db", "created", None, false)], &plan), Some(&"db".to_owned()));
        assert_eq!(absent(&[api, part("db", "running", None, false)], &plan), None);
    }

    #[test]
    fn the_words_name_the_limit() {
        let killed = Part { memory_limit: Some(64 << 20), ..part("api", "exited", Some(137), true) };
        let error = out_of_memory(&killed, Phase::Run);
        assert_eq!(error.kind(), ErrorKind::Oom);
        assert!(error.to_string().contains("limit of 64"), "{error}");
        assert!(ended(&part("api", "exited", Some(3), false), Phase::Start).to_string().ends_with("exit code 3"));
    }
}
