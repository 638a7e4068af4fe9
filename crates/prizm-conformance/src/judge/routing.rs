//! What providers are chosen by, apart from prices.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Findings, quoted};
use crate::declared::Model;

const RULE: &str = "DE-19";
/// The most names in a list, and the most bytes of a name.
const MOST: usize = 64;

/// Judges the features, the quality and the speed of a model.
pub(super) fn model(model: Model<'_>, findings: &mut Findings) {
    let of = |what: &str| format!("`{what}` of the model `{}`", model.name().escape_debug());
    let value = model.value();
    if let Some(features) = said(value, "features") {
        names(&of("features"), features, '_', 0, findings);
    }
    integer(&of("quality"), said(value, "quality"), 0, 5, findings);
    integer(&of("typicalMs"), said(value, "typicalMs"), 1, u64::MAX, findings);
}

/// Judges what a declaration says of data.
pub(super) fn data_policy(declaration: &Value, findings: &mut Findings) {
    let Some(policy) = said(declaration, "dataPolicy") else { return };
    findings.see(RULE);
    integer("`dataPolicy.retentionDays`", said(policy, "retentionDays"), 0, u64::from(u32::MAX), findings);
    if let Some(regions) = said(policy, "regions") {
        names("`dataPolicy.regions`", regions, '-', 1, findings);
    }
}

fn said<'a>(of: &'a Value, key: &str) -> Option<&'a Value> {
    of.get(key).filter(|value| !value.is_null())
}

/// What is no number is of the wrong type, which is another rule's.
fn integer(what: &str, value: Option<&Value>, least: u64, most: u64, findings: &mut Findings) {
    let Some(value) = value.filter(|value| value.is_number()) else { return };
    findings.see(RULE);
    if !value.as_u64().is_some_and(|number| (least..=most).contains(&number)) {
        findings.fault(RULE, format!("{what} is {}", quoted(value)));
    }
}

fn names(what: &str, value: &Value, between: char, fewest: usize, findings: &mut Findings) {
    let Some(list) = value.as_array() else { return };
    findings.see(RULE);
    if !(fewest..=MOST).contains(&list.len()) {
        findings.fault(RULE, format!("{what} has {} names", list.len()));
    }
    let mut once = BTreeSet::new();
    for name in list.iter().filter_map(Value::as_str) {
        if !is_name(name, between) {
            findings.fault(RULE, format!("{what} has {}", quoted(&name.into())));
        } else if !once.insert(name) {
            findings.fault(RULE, format!("{what} has `{name}` twice"));
        }
    }
}

fn is_name(name: &str, between: char) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.len() <= MOST && name.split(between).all(is_word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::declared::Declared;

    fn judged(declaration: Value) -> Findings {
        let mut findings = Findings::default();
        data_policy(&declaration, &mut findings);
        Declared::new(declaration).models().for_each(|it| model(it, &mut findings));
        findings
    }

    #[test]
    fn what_may_be_is_no_fault_and_what_is_not_said_is_not_seen() {
        for declaration in [json!({"models": [{"features": null, "quality": null}]}), json!({"dataPolicy": null})] {
            assert!(judged(declaration).seen.is_empty());
        }
        for declaration in [
            json!({"models": [{"features": []}]}),
            json!({"models": [{"features": ["seed", "negative_prompt", "a".repeat(64)]}]}),
            json!({"models": [{"quality": 0}, {"quality": 5}, {"typicalMs": 1}]}),
            json!({"dataPolicy": {}}),
            json!({"dataPolicy": {"retentionDays": 0, "training": null, "regions": ["eu", "us-east-1"]}}),
        ] {
            let found = judged(declaration.clone());
            assert!(found.faults.is_empty() && found.seen.contains(RULE), "{declaration}: {found:?}");
        }
    }

    #[test]
    fn each_wrong_value_is_named() {
        let many: Vec<_> = (0..65).map(|number| format!("a{number}")).collect();
        for (key, value, said) in [
            ("features", json!(["Seed"]), "`features` of the model `m` has \"Seed\""),
            ("features", json!([""]), "has \"\""),
            ("features", json!(["a__b"]), "has \"a__b\""),
            ("features", json!(["a".repeat(65)]), "has \"aaa"),
            ("features", json!(["seed", "seed"]), "has `seed` twice"),
            ("features", json!(many), "has 65 names"),
            ("quality", json!(6), "`quality` of the model `m` is 6"),
            ("quality", json!(-1), "is -1"),
            ("quality", json!(2.5), "is 2.5"),
            ("typicalMs", json!(0), "`typicalMs` of the model `m` is 0"),
        ] {
            let faults = judged(json!({"models": [{"id": "m", key: value}]})).faults;
            assert!(faults.len() == 1 && faults[0].why.contains(said), "{said}: {faults:?}");
        }
        for (key, value, said) in [
            ("retentionDays", json!(-1), "`dataPolicy.retentionDays` is -1"),
            ("regions", json!([]), "`dataPolicy.regions` has 0 names"),
            ("regions", json!(["e_u"]), "has \"e_u\""),
        ] {
            let faults = judged(json!({"dataPolicy": {key: value}})).faults;
            assert!(faults.len() == 1 && faults[0].why.contains(said), "{said}: {faults:?}");
        }
    }
}
