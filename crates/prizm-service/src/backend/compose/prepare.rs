//! From the author's file to the one that is run.

use std::path::Path;

use prizm_protocol::service::ComposeSection;
use serde_json::Value;

use super::cli::Cli;
use super::engine::Engine;
use super::policy::{self, Refusal};
use super::rewrite::{self, Plan};
use super::said::Said;
use super::variables::Variables;
use super::{raw, yaml};
use crate::error::{Error, ErrorKind, Phase};
use crate::{GpuChoice, Result, Spec, gpu};

/// What Compose is given to say what the author's file comes to.
pub(super) const SOURCE: &str = "source.json";

/// Makes the plan: what the author's file comes to, judged and rewritten.
pub(super) async fn plan(spec: &Spec, directory: &Path, engine: &Engine, cli: &Cli) -> Result<Plan> {
    let section = spec.manifest.service.compose.clone().unwrap_or_default();
    let invalid = |reason: String| {
        let message = format!("`{}` of service `{}`: {reason}", section.file, spec.manifest.service.name);
        Error::new(ErrorKind::ComposeInvalid, Phase::Prepare, message).hinted("its author must correct it")
    };
    let declared = raw::read(&spec.root, &section.file).map_err(invalid)?;
    let faults = raw::faults(&declared, &spec.root);
    if !faults.is_empty() {
        return Err(refused(spec, &faults.join("; "), None));
    }
    let whole = normalised(spec, directory, cli, &section, declared).await?.map_err(invalid)?;
    let chosen = chosen(whole, &section.profiles);
    let refusals = policy::judge(&chosen, &spec.root, &spec.grants);
    if !refusals.is_empty() {
        return Err(refusal(spec, &refusals));
    }
    let gpu = match spec.settings.gpu {
        GpuChoice::Off => false,
        choice => match (engine.gpu().await?, choice) {
            (Ok(()), _) => true,
            (Err(reason), GpuChoice::On) => return Err(gpu::none(spec, &reason)),
            (Err(_), _) => false,
        },
    };
    rewrite::rewrite(&chosen, spec, gpu).map_err(invalid)
}

/// Asks Compose what the file comes to: with its defaults, its variables and files of variables.
async fn normalised(
    spec: &Spec,
    directory: &Path,
    cli: &Cli,
    section: &ComposeSection,
    declared: Value,
) -> Result<Result<Value, String>> {
    let variables = match Variables::of(&spec.root, &spec.settings.env) {
        Ok(variables) => variables,
        Err(reason) => return Ok(Err(reason)),
    };
    let path = directory.join(SOURCE);
    let cleaned = raw::cleaned(declared, &spec.root, &variables);
    rewrite::write(&path, &cleaned).map_err(|error| crate::lock::unusable(&path, &error))?;
    let said = cli.config(&path, &section.profiles, variables.environment()).await?;
    if !said.success {
        return Err(unreadable(&said, section, cli.is_old));
    }
    // Compose writes each `$` twice.
    let text = said.stdout.replace("$$", "$");
    Ok(match cli.is_old {
        true => yaml::read_printed(&text),
        false => serde_json::from_str(&text).map_err(|error| error.to_string()),
    })
}

fn unreadable(said: &Said, section: &ComposeSection, is_old: bool) -> Error {
    let what = format!("`{}` cannot be used", section.file);
    let error = said.failure(ErrorKind::ComposeInvalid, Phase::Prepare, &what);
    match is_old && error.kind() == ErrorKind::ComposeInvalid {
        true => error.hinted("Compose version 1 does not know what is newer than itself: install version 2"),
        false => error,
    }
}

/// Compose version 1 prints services of profiles that are off.
fn chosen(mut file: Value, profiles: &[String]) -> Value {
    if let Some(services) = file.get_mut("services").and_then(Value::as_object_mut) {
        services.retain(|_, service| {
            let named = service.get("profiles").and_then(Value::as_array);
            let is_on = |name: &Value| name.as_str().is_some_and(|name| profiles.iter().any(|on| on == name));
            named.is_none_or(|named| named.is_empty() || named.iter().any(is_on))
        });
    }
    file
}

fn refusal(spec: &Spec, refusals: &[Refusal]) -> Error {
    let all: Vec<_> = refusals.iter().map(|refusal| format!("`{}` is {}", refusal.path, refusal.what)).collect();
    let mut grants: Vec<_> = refusals.iter().filter_map(|refusal| refusal.grant.clone()).collect();
    grants.sort();
    grants.dedup();
    let all_can_be = refusals.iter().all(|refusal| refusal.grant.is_some());
    refused(spec, &all.join("; "), all_can_be.then_some(grants))
}

fn refused(spec: &Spec, what: &str, grants: Option<Vec<String>>) -> Error {
    let message = format!("service `{}` asks for more than a service may: {what}", spec.manifest.service.name);
    let hint = match grants {
        Some(mut grants) => {
            // What was granted before is granted still.
            grants.extend(spec.grants.iter().cloned());
            let id = &spec.identifier;
            format!("if you trust it, add `grant = {grants:?}` under `[services.{id:?}]` in config.toml")
        }
        None => "this cannot be granted: its author must leave it out".to_owned(),
    };
    Error::new(ErrorKind::Policy, Phase::Prepare, message).hinted(hint)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn services_of_profiles_that_are_off_are_not_judged() {
        let file = json!({"services": {"a": {}, "b": {"profiles": ["x", "y"]}, "c": {"profiles": []}}});
        let names = |profiles: &[&str]| {
            let profiles: Vec<_> = profiles.iter().map(ToString::to_string).collect();
            chosen(file.clone(), &profiles)["services"].as_object().unwrap().keys().cloned().collect::<String>()
        };
        assert_eq!((names(&[]), names(&["y"])), ("ac".to_owned(), "abc".to_owned()));
    }
}
