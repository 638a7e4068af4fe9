//! How one provider is chosen among many.

use clap::{Args, ValueEnum};
use prizm_registry::{Aspect, Criteria, Money, Optimize, Pattern};
use serde_json::Value;

use crate::failure::Failure;

/// How one provider is chosen among many.
#[derive(Args)]
pub(crate) struct Choice {
    /// What comes first; may be given many times, the first weighs most
    #[arg(long, value_enum)]
    prefer: Vec<Prefer>,
    /// Only where this call costs at most so much, by its estimate
    #[arg(long, value_name = "DOLLARS")]
    max_cost: Option<Money>,
    /// Only where this call is known to cost nothing
    #[arg(long)]
    free: bool,
    /// Only this provider, or provider/model, or a glob over either; may be given many times
    #[arg(long, value_name = "ID")]
    only: Vec<Pattern>,
    /// Leave a provider, or provider/model, or a glob over either, out; may be given many times
    #[arg(long, value_name = "ID")]
    exclude: Vec<Pattern>,
    /// Everything else that a choice goes by, as a JSON object or `@FILE`, such as '{"deadline_ms": 5000}'
    #[arg(long, value_name = "JSON")]
    criteria: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Prefer {
    /// What costs less
    Cheap,
    /// What is done sooner
    Fast,
    /// A call that is known to cost nothing
    Free,
    /// Work that is done on this machine
    Local,
}

impl Choice {
    /// Returns what the choice goes by: what is said here counts before what the configuration says.
    pub(crate) fn criteria(&self, defaults: Criteria) -> Result<Criteria, Failure> {
        let mut criteria = match &self.criteria {
            Some(given) => over(defaults, given)?,
            None => defaults,
        };
        let aspects = self.prefer.iter().map(|prefer| match prefer {
            Prefer::Cheap => Aspect::Cost,
            Prefer::Fast => Aspect::Latency,
            Prefer::Free => Aspect::Free,
            Prefer::Local => Aspect::Local,
        });
        let aspects: Vec<_> = aspects.collect();
        if !aspects.is_empty() {
            criteria.optimize = Optimize::Lexicographic(aspects);
        }
        criteria.max_cost = self.max_cost.or(criteria.max_cost);
        criteria.free |= self.free;
        criteria.exclude.extend(self.exclude.iter().cloned());
        if !self.only.is_empty() {
            criteria.only.clone_from(&self.only);
        }
        Ok(criteria)
    }

    pub(crate) fn is_given(&self) -> bool {
        let Self { prefer, max_cost, free, only, exclude, criteria } = self;
        let lists = !prefer.is_empty() || !only.is_empty() || !exclude.is_empty();
        lists || max_cost.is_some() || *free || criteria.is_some()
    }
}

/// Puts what is given over the defaults, field by field.
fn over(defaults: Criteria, given: &str) -> Result<Criteria, Failure> {
    const HINT: &str = "give a JSON object, such as --criteria '{\"max_cost\": \"0.01\", \"optimize\": \"latency\"}'";
    let wrong = |reason: String| Failure::usage(format!("--criteria cannot be read: {reason}")).hint(HINT);
    let text = match given.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).map_err(|error| wrong(format!("`{path}`: {error}")))?,
        None => given.to_owned(),
    };
    let given: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let Value::Object(given) = given else { return Err(wrong("it is no object".to_owned())) };
    let mut all = serde_json::to_value(defaults).map_err(|error| wrong(error.to_string()))?;
    if let Some(all) = all.as_object_mut() {
        all.extend(given);
    }
    serde_json::from_value(all).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_lies_over_the_defaults() {
        let defaults = Criteria { max_cost: Some("0.5".parse().unwrap()), free: true, ..Criteria::default() };
        let criteria =
            over(defaults, r#"{"free": false, "deadline_ms": 5000, "optimize": {"lexicographic": ["cost"]}}"#);
        let criteria = criteria.ok().unwrap();
        assert_eq!((criteria.free, criteria.deadline_ms), (false, Some(5000)));
        assert_eq!(criteria.max_cost, Some("0.5".parse().unwrap()));
        assert_eq!(criteria.optimize, Optimize::Lexicographic(vec![Aspect::Cost]));
        for (bad, expected) in [
            ("[]", "it is no object"),
            ("{", "EOF"),
            (r#"{"max_cots": 1}"#, "unknown field `max_cots`"),
            (r#"{"optimize": "cheap"}"#, "unknown variant `cheap`"),
            ("@/does/not/exist", "`/does/not/exist`"),
        ] {
            let failure = over(Criteria::default(), bad).unwrap_err();
            assert!(failure.message().contains(expected), "{bad}: {}", failure.message());
        }
    }
}
