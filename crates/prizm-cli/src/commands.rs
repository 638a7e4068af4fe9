//! The commands, a file each.

pub(crate) mod best;
pub(crate) mod cache;
pub(crate) mod completions;
pub(crate) mod conformance;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod models;
pub(crate) mod new;
pub(crate) mod project;
pub(crate) mod providers;
pub(crate) mod run;
pub(crate) mod service;
pub(crate) mod stats;

use prizm_registry::{Capability, Lack, Provider};
use serde_json::{Value, json};

use crate::failure::Failure;

/// Reads a capability; a wrong one gets the nearest names.
pub(crate) fn capability(name: &str) -> Result<Capability, Failure> {
    name.parse().map_err(|error| {
        let near = Capability::standard().find(|known| {
            let (a, b) = (known.as_str(), name);
            a.starts_with(b) || b.starts_with(a) || a.len().abs_diff(b.len()) <= 2 && same_letters(a, b)
        });
        let failure = Failure::usage(format!("{error}"));
        match near {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`prizm providers` lists what there is"),
        }
    })
}

/// Returns whether two names differ in a letter or two.
fn same_letters(a: &str, b: &str) -> bool {
    let common = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
    let end = a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).count();
    common + end + 2 >= a.len().max(b.len())
}

/// Describes a provider as the contract has it.
pub(crate) fn describe(provider: &Provider) -> Value {
    let info = provider.info();
    let info = info.as_deref();
    json!({
        "id": provider.id(),
        "name": info.map(|info| &info.name),
        "version": info.map(|info| info.version.to_string()),
        "type": info.map(|info| info.location.as_str()),
        "status": provider.status().as_str(),
        "capabilities": info.map_or(&[][..], |info| &info.capabilities),
        "models": info.map_or(0, |info| info.models.len()),
        "source": provider.source(),
        "lacks": provider.lacks().iter().map(|lack| lacking(provider, lack)).collect::<Vec<_>>(),
    })
}

/// Describes what a provider lacks, with what to do about it.
fn lacking(provider: &Provider, lack: &Lack) -> Value {
    let mut described = json!(lack);
    described["message"] = json!(lack.to_string());
    described["remedy"] = json!(provider.remedy(lack));
    described
}

/// Tells what a provider lacks, with what to do about it.
pub(crate) fn lacks(provider: &Provider) -> impl Iterator<Item = String> {
    let lacks = provider.lacks();
    (0..lacks.len()).map(move |index| format!("{}: {}", lacks[index], provider.remedy(&lacks[index])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_capability_is_told_from_a_near_one() {
        assert!(capability("text-to-image").is_ok());
        for wrong in ["text-to-imag", "text-to-imgae", "texttoimage", "nonsense"] {
            assert!(capability(wrong).is_err(), "{wrong}");
        }
        assert!(same_letters("text-to-image", "text-to-imgae"));
        assert!(!same_letters("text-to-image", "nonsense"));
    }
}
