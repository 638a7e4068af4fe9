//! Which provider is the best, and why: a pure function over what providers declared.
//!
//! Hard criteria exclude, and say so; preferences only order. Among equals the order of
//! registration, then of declaration, decides.

use std::sync::Arc;

use prizm_host::{ModelInfo, ProviderInfo};
use prizm_protocol::methods::initialize::Location;
use prizm_protocol::{Capability, ModelId, ProviderId};
use serde::Serialize;

use crate::{Error, ErrorKind};

/// What a choice goes by.
///
/// ```
/// use prizm_registry::{Criteria, Preference};
///
/// let criteria = Criteria { prefer: vec![Preference::Local], exclude: vec!["acme-sd".into()], ..Criteria::default() };
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Criteria {
    /// Only these providers, or `provider/model`; all where it is empty.
    pub only: Vec<String>,
    /// None of these providers, or `provider/model`; it wins over `only`.
    pub exclude: Vec<String>,
    /// Only where a call is known to cost nothing.
    pub free: bool,
    /// Only where the work is done here.
    pub location: Option<Location>,
    /// What comes first, in order of weight; it excludes nothing.
    pub prefer: Vec<Preference>,
}

/// Something that is better, but not necessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preference {
    /// A call that is known to cost nothing.
    Free,
    /// Work that is done on this machine.
    Local,
}

/// A choice, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// What was asked for.
    pub capability: Capability,
    /// What was chosen; `None` where nothing qualifies.
    pub selected: Option<Selected>,
    /// Everything that qualifies, best first, as `provider/model`.
    pub plan: Vec<String>,
    /// Everything that was looked at: the plan, then what was excluded.
    pub candidates: Vec<Candidate>,
}

/// What was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Selected {
    /// The provider.
    pub provider: ProviderId,
    /// Its model.
    pub model: ModelId,
    /// A sentence for people.
    pub why: String,
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// `provider/model`.
    pub id: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Its place in the plan, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Why it was excluded; every reason, not just the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is the best.
    Selected,
    /// It qualifies.
    Fallback,
    /// It does not qualify.
    Excluded,
}

/// Why a candidate does not qualify. The code is stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// `criteria.only`, `criteria.exclude`, `price.not_free` or `location.mismatch`.
    pub code: &'static str,
    /// What it has.
    pub have: String,
    /// What was wanted.
    pub want: String,
}

/// Chooses among what providers declared, given in order of registration.
pub(crate) fn decide(snapshot: &[Arc<ProviderInfo>], capability: &Capability, criteria: &Criteria) -> Decision {
    let mut eligible = Vec::new();
    let mut excluded = Vec::new();
    for provider in snapshot {
        for model in provider.models_with(capability) {
            let reasons = reasons_against(provider, model, criteria);
            if reasons.is_empty() {
                eligible.push((provider, model));
            } else {
                let id = candidate_id(provider, model);
                excluded.push(Candidate { id, verdict: Verdict::Excluded, rank: None, reasons });
            }
        }
    }
    // The sort is stable: among equals the order of registration and declaration stands.
    eligible.sort_by_key(|(provider, model)| {
        criteria.prefer.iter().map(|preference| !has(provider, model, *preference)).collect::<Vec<_>>()
    });
    let plan: Vec<_> = eligible.iter().map(|(provider, model)| candidate_id(provider, model)).collect();
    let ranked = plan.iter().enumerate().map(|(index, id)| Candidate {
        id: id.clone(),
        verdict: if index == 0 { Verdict::Selected } else { Verdict::Fallback },
        rank: Some(index + 1),
        reasons: Vec::new(),
    });
    let candidates = ranked.chain(excluded).collect();
    let selected = eligible.first().map(|(provider, model)| Selected {
        provider: provider.id.clone(),
        model: model.id.clone(),
        why: why(provider, model, criteria, eligible.len()),
    });
    Decision { capability: capability.clone(), selected, plan, candidates }
}

fn candidate_id(provider: &ProviderInfo, model: &ModelInfo) -> String {
    format!("{}/{}", provider.id, model.id)
}

fn has(provider: &ProviderInfo, model: &ModelInfo, preference: Preference) -> bool {
    match preference {
        Preference::Free => model.is_known_free(),
        Preference::Local => provider.location == Location::Local,
    }
}

fn reasons_against(provider: &ProviderInfo, model: &ModelInfo, criteria: &Criteria) -> Vec<Reason> {
    let id = candidate_id(provider, model);
    let named = |list: &[String]| list.iter().any(|name| *name == id || provider.id == name.as_str());
    let mut reasons = Vec::new();
    if !criteria.only.is_empty() && !named(&criteria.only) {
        reasons.push(Reason { code: "criteria.only", have: id.clone(), want: criteria.only.join(", ") });
    }
    if named(&criteria.exclude) {
        let want = format!("none of {}", criteria.exclude.join(", "));
        reasons.push(Reason { code: "criteria.exclude", have: id.clone(), want });
    }
    if let Some(want) = criteria.location.filter(|want| *want != provider.location) {
        let (have, want) = (provider.location.as_str().to_owned(), want.as_str().to_owned());
        reasons.push(Reason { code: "location.mismatch", have, want });
    }
    if criteria.free && !model.is_known_free() {
        let have = if model.is_free.is_none() && model.pricing.is_empty() { "unknown" } else { "priced" };
        reasons.push(Reason { code: "price.not_free", have: have.to_owned(), want: "free".to_owned() });
    }
    reasons
}

fn why(provider: &ProviderInfo, model: &ModelInfo, criteria: &Criteria, eligible: usize) -> String {
    let preferred: Vec<_> = criteria
        .prefer
        .iter()
        .filter(|preference| has(provider, model, **preference))
        .map(|preference| match preference {
            Preference::Free => "free",
            Preference::Local => "local",
        })
        .collect();
    match (preferred.is_empty(), eligible) {
        (_, 1) => "the only one that qualifies".to_owned(),
        (true, _) => "the first declared that qualifies".to_owned(),
        (false, _) => format!("{}, and the first declared of those", preferred.join(" and ")),
    }
}

impl Decision {
    pub(crate) fn none_qualifies(&self) -> Error {
        let capability = &self.capability;
        if self.candidates.is_empty() {
            return Error::new(ErrorKind::NoneQualifies, format!("no provider has the capability `{capability}`"))
                .hinted("`prizm providers` lists what the known providers can do");
        }
        let lines = self.candidates.iter().map(|candidate| {
            let reasons: Vec<_> =
                candidate.reasons.iter().map(|r| format!("{} (has {}, wanted {})", r.code, r.have, r.want)).collect();
            format!("\n  - {}: {}", candidate.id, reasons.join("; "))
        });
        let message = format!("no provider qualifies for `{capability}`:{}", lines.collect::<String>());
        Error::new(ErrorKind::NoneQualifies, message).hinted("relax the criteria that exclude them")
    }
}

#[cfg(test)]
mod tests {
    use prizm_host::{Expected, validate};
    use prizm_protocol::PROTOCOL_VERSION;
    use serde_json::{Value, json};

    use super::*;

    fn provider(id: &str, location: &str, models: Value) -> Arc<ProviderInfo> {
        let declaration = json!({"protocolVersion": "1.0", "capabilities": ["text-to-image"], "models": models,
            "provider": {"id": id, "version": "1.0.0", "type": location}});
        let declaration = serde_json::from_value(declaration).unwrap();
        Arc::new(validate::validate(&declaration, &[PROTOCOL_VERSION], &Expected::default()).unwrap())
    }

    fn snapshot() -> Vec<Arc<ProviderInfo>> {
        let model = |id: &str, extra: Value| {
            let mut model = json!({"id": id, "capabilities": ["text-to-image"]});
            model.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            model
        };
        let price = |amount: &str| json!({"pricing": [{"unit": "image", "amount": amount, "currency": "USD"}]});
        vec![
            provider("paid", "remote", json!([model("a", price("0.04")), model("b", json!({}))])),
            provider("gratis", "remote", json!([model("c", price("0"))])),
            provider("home", "local", json!([model("d", json!({"isFree": true}))])),
        ]
    }

    fn plan(criteria: Criteria) -> Vec<String> {
        decide(&snapshot(), &Capability::TEXT_TO_IMAGE, &criteria).plan
    }

    #[test]
    fn the_declared_order_decides_unless_something_is_preferred() {
        assert_eq!(plan(Criteria::default()), ["paid/a", "paid/b", "gratis/c", "home/d"]);
        let prefer = |prefer: &[Preference]| plan(Criteria { prefer: prefer.to_vec(), ..Criteria::default() });
        assert_eq!(prefer(&[Preference::Free]), ["gratis/c", "home/d", "paid/a", "paid/b"]);
        assert_eq!(prefer(&[Preference::Local]), ["home/d", "paid/a", "paid/b", "gratis/c"]);
        assert_eq!(prefer(&[Preference::Free, Preference::Local]), ["home/d", "gratis/c", "paid/a", "paid/b"]);
    }

    #[test]
    fn hard_criteria_exclude_with_every_reason() {
        let criteria = Criteria {
            free: true,
            location: Some(Location::Local),
            exclude: vec!["home/d".into()],
            ..Criteria::default()
        };
        let decision = decide(&snapshot(), &Capability::TEXT_TO_IMAGE, &criteria);
        assert_eq!((decision.selected.as_ref(), decision.plan.len()), (None, 0));
        let codes: Vec<Vec<_>> =
            decision.candidates.iter().map(|c| c.reasons.iter().map(|r| r.code).collect()).collect();
        assert_eq!(
            codes,
            [
                vec!["location.mismatch", "price.not_free"],
                vec!["location.mismatch", "price.not_free"],
                vec!["location.mismatch"],
                vec!["criteria.exclude"],
            ]
        );
        let error = decision.none_qualifies();
        assert_eq!(error.kind(), ErrorKind::NoneQualifies);
        assert!(
            error.to_string().contains(
                "paid/b: location.mismatch (has remote, wanted local); price.not_free (has unknown, wanted free)"
            ),
            "{error}"
        );
        assert_eq!(
            plan(Criteria { only: vec!["gratis".into(), "paid/b".into()], ..Criteria::default() }),
            ["paid/b", "gratis/c"]
        );
    }
}
