//! `prizm best`: which provider, and why. A dry run: nothing is called.

use std::process::ExitCode;

use prizm_registry::{Decision, Verdict};
use serde_json::json;

use super::capability;
use crate::args::{Best, Global};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output, table};

pub(crate) async fn best(args: &Best, global: &Global) -> Result<ExitCode, Failure> {
    let wanted = capability(&args.capability)?;
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let found = registry.initialize().await;
    let criteria = args.choice.criteria();
    let decision = registry.decide(&wanted, &criteria);
    let chosen = registry.find_best_provider(&wanted, &criteria);
    registry.shutdown().await;
    found?;
    chosen?;
    match (&decision.selected, global.json) {
        (_, true) => output::json(&json!(decision)),
        (Some(selected), false) => output::line(&format!("{}/{}: {}", selected.provider, selected.model, selected.why)),
        (None, false) => {}
    }
    if args.explain && !global.json {
        explain(&decision);
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows every candidate, on stderr: it explains a result and is none.
pub(crate) fn explain(decision: &Decision) {
    let rows = decision.candidates.iter().map(|candidate| {
        let verdict = match candidate.verdict {
            Verdict::Selected => "selected",
            Verdict::Fallback => "fallback",
            Verdict::Excluded => "excluded",
        };
        let reasons = candidate
            .reasons
            .iter()
            .map(|reason| format!("{}: has {}, wanted {}", reason.code, reason.have, reason.want));
        let why = match (&decision.selected, candidate.verdict) {
            (Some(selected), Verdict::Selected) => selected.why.clone(),
            _ => reasons.collect::<Vec<_>>().join("; "),
        };
        vec![candidate.id.clone(), verdict.to_owned(), why]
    });
    output::note(&table::table(&["candidate", "verdict", "why"], rows));
}
