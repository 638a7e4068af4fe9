//! What TARGET means: a capability, a provider, a provider's model, or a URL.

use prizm_registry::{Capability, Criteria, Explain, Media, Model, Pattern, Provider, Registry};

use crate::args::Run;
use crate::commands::capability;
use crate::failure::Failure;
use crate::{input, options, output};

/// Who does the work, and the work's input.
pub(super) struct Chosen {
    pub(super) by: Doer,
    pub(super) capability: Capability,
    pub(super) input: Media,
}

/// Who does the work.
pub(super) enum Doer {
    /// A model that the user named.
    Named(Model),
    /// Whoever is best.
    Best(Box<Criteria>),
}

pub(super) async fn choose(args: &Run, registry: &Registry) -> Result<Chosen, Failure> {
    match args.target.parse::<Capability>() {
        Ok(capability) => by_capability(args, registry, capability).await,
        Err(_) if looks_like_capability(&args.target) => {
            Err(capability(&args.target).err().unwrap_or_else(|| Failure::usage("TARGET")))
        }
        Err(_) => by_provider(args, registry).await,
    }
}

/// `text-to-imag` is a slip of the pen, not a provider.
fn looks_like_capability(target: &str) -> bool {
    target.contains("-to-") && !target.contains([':', '/', '@'])
}

async fn by_capability(args: &Run, registry: &Registry, capability: Capability) -> Result<Chosen, Failure> {
    if args.capability.is_some() {
        return Err(Failure::usage("TARGET is a capability already; --capability goes with a provider"));
    }
    if args.link {
        return Err(Failure::usage("--link runs a directory where it is, and TARGET is a capability")
            .hint("name the directory as `file:///ABSOLUTE/DIRECTORY`"));
    }
    let input = input::for_capability(args.input.as_deref(), &capability).await?;
    registry.initialize().await?;
    let mut criteria = args.choice.criteria(registry.default_criteria())?;
    if args.explain {
        criteria.explain = Explain::Full;
    }
    if !args.settings.is_empty() {
        let of = |model: &Model| args.model.as_ref().is_none_or(|name| model.id() == name);
        let is_let = |model: &Model| criteria.admits(model.provider().id.as_str(), model.id());
        set_of_one(args, registry, &models(registry, &capability, |model| of(model) && is_let(model))).await?;
    }
    let all = models(registry, &capability, |_| true);
    if let Some(name) = &args.model
        && !all.iter().any(|model| model.id() == name)
    {
        return Err(no_model(registry, &capability, name));
    }
    if args.model.is_some() || !args.settings.is_empty() {
        let is_named = |model: &&Model| args.model.as_ref().is_none_or(|name| model.id() == name);
        let is_let = |model: &&Model| criteria.admits(model.provider().id.as_str(), model.id());
        let left: Vec<_> = all.iter().filter(is_named).filter(is_let).collect();
        let exactly = |model: &&Model| Pattern::exactly(&format!("{}/{}", model.provider().id, model.id()));
        // Where nobody is left, the names that were given say so.
        if !left.is_empty() {
            criteria.only = left.iter().map(exactly).collect();
        }
    }
    Ok(Chosen { by: Doer::Best(Box::new(criteria)), capability, input })
}

/// Settings are one provider's: a key must not come to another.
async fn set_of_one(args: &Run, registry: &Registry, models: &[Model]) -> Result<(), Failure> {
    let mut ids: Vec<_> = models.iter().map(|model| model.provider().id.as_str()).collect();
    ids.dedup();
    match ids[..] {
        [] => Ok(()),
        [only] => set(args, &registry.get_provider(only).await?).await,
        _ => Err(Failure::usage(format!("--set is for one provider, and there are {}: {}", ids.len(), ids.join(", ")))
            .hint("name it with --only")),
    }
}

/// Returns the models that have a capability, whether or not their providers lack something that they are about
/// to be given.
fn models(registry: &Registry, capability: &Capability, wanted: impl Fn(&Model) -> bool) -> Vec<Model> {
    let has = |model: &Model| model.info().capabilities.contains(capability) && wanted(model);
    registry.providers().iter().flat_map(Provider::models).filter(has).collect()
}

fn no_model(registry: &Registry, capability: &Capability, model: &str) -> Failure {
    let can = |provider: &Provider| provider.info().is_some_and(|info| info.capabilities.contains(capability));
    let providers = registry.providers().into_iter().filter(can);
    // The error of the first provider that lacks it names the nearest models.
    match providers.filter_map(|provider| provider.model(model).err()).next() {
        Some(error) => error.into(),
        None => Failure::usage(format!("no provider has the capability `{capability}`")),
    }
}

async fn by_provider(args: &Run, registry: &Registry) -> Result<Chosen, Failure> {
    if args.choice.is_given() || args.explain {
        return Err(Failure::usage(
            "--prefer, --only, --explain and the like choose among providers, and TARGET names one",
        )
        .hint("give a capability as TARGET, such as text-to-image"));
    }
    let (provider_name, model_name) = split(&args.target);
    let model_name = match (model_name, args.model.as_deref()) {
        (Some(_), Some(_)) => return Err(Failure::usage("TARGET names a model already; leave out --model")),
        (named, given) => named.or(given),
    };
    let provider = match args.link {
        true => registry.link_provider(provider_name).await?,
        false => registry.get_provider(provider_name).await?,
    };
    set(args, &provider).await?;
    let model = match model_name {
        Some(name) => Some(provider.find_model(name).await?),
        None => None,
    };
    if let Some(name) = &args.capability {
        let capability = capability(name)?;
        let model = match model {
            Some(model) => model,
            None => provider.model_for(&capability)?,
        };
        let input = input::for_capability(args.input.as_deref(), &capability).await?;
        return Ok(Chosen { by: Doer::Named(model), capability, input });
    }
    let wanted = args.output.as_deref().and_then(output::kind_of);
    let (input, model, capability) =
        input::for_provider(args.input.as_deref(), &provider, model.as_ref(), wanted).await?;
    Ok(Chosen { by: Doer::Named(model), capability, input })
}

/// Splits `provider/model`; a URL stays whole.
fn split(target: &str) -> (&str, Option<&str>) {
    match target.split_once('/') {
        Some((provider, model)) if !provider.contains(':') && !target.starts_with(['@', '/', '.']) => {
            (provider, Some(model))
        }
        _ => (target, None),
    }
}

async fn set(args: &Run, provider: &Provider) -> Result<(), Failure> {
    if !args.settings.is_empty() {
        provider.add_settings(options::untyped(&args.settings, "--set")?).await?;
        provider.load().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_apart() {
        assert_eq!(split("canvas"), ("canvas", None));
        assert_eq!(split("canvas/card"), ("canvas", Some("card")));
        assert_eq!(split("fal-ai/flux/schnell"), ("fal-ai", Some("flux/schnell")));
        assert_eq!(split("huggingface/openai/gpt-oss:groq"), ("huggingface", Some("openai/gpt-oss:groq")));
        for url in ["file:///srv/x", "github:acme/sd@v1", "https://acme.example/sd", "npm:sd"] {
            assert_eq!(split(url), (url, None));
        }
        assert_eq!(split("@acme/sd@1.0"), ("@acme/sd@1.0", None));
        assert!(looks_like_capability("text-to-imag"));
        assert!(!looks_like_capability("github:a/text-to-x"));
    }
}
