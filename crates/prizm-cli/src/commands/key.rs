//! `prizm key`: the keys of providers, and where each comes from. Nothing here prints one.

use std::process::ExitCode;

use prizm_registry::{Key, KeyOrigin, Registry};
use serde_json::{Value, json};

use crate::args::{Global, KeyCommand, KeyName};
use crate::failure::Failure;
use crate::progress::Bar;
use crate::{open, output, secret, table};

pub(crate) async fn key(command: &KeyCommand, global: &Global) -> Result<ExitCode, Failure> {
    let bar = Bar::new(global);
    let registry = open::registry(global, &bar)?;
    let done = match command {
        KeyCommand::Set(name) => set(&registry, name, global).await,
        KeyCommand::Remove(name) => remove(&registry, name, global).await,
        KeyCommand::List => {
            list(&registry, global, &bar).await;
            Ok(())
        }
    };
    registry.shutdown().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn set(registry: &Registry, KeyName { provider, setting }: &KeyName, global: &Global) -> Result<(), Failure> {
    // What is wrong is said before anybody types a key.
    let (_, setting) = registry.key_setting(provider, setting.as_deref()).await?;
    if let Some(error) = registry.keyring_failure().await {
        return Err(error.into());
    }
    let secret = secret::read(&format!("{setting} of {provider}: ")).await?;
    let key = registry.set_key(provider, Some(&setting), secret).await?;
    if global.json {
        output::json(&describe(&key));
        return Ok(());
    }
    output::line(&format!("`{setting}` of `{provider}` is in the keyring"));
    let instead = match &key.origin {
        Some(KeyOrigin::Settings) => format!("`{setting}` under `[providers.{provider}]` in config.toml"),
        Some(KeyOrigin::Environment(name)) => format!("the environment variable `{name}`, which is granted,"),
        _ => return Ok(()),
    };
    output::note(&format!("{instead} counts more: remove that, and the keyring is asked"));
    Ok(())
}

async fn remove(registry: &Registry, KeyName { provider, setting }: &KeyName, global: &Global) -> Result<(), Failure> {
    let setting = registry.remove_key(provider, setting.as_deref()).await?;
    match global.json {
        true => output::json(&json!({"provider": provider, "setting": setting})),
        false => output::line(&format!("`{setting}` of `{provider}` is not in the keyring any more")),
    }
    Ok(())
}

async fn list(registry: &Registry, global: &Global, bar: &Bar) {
    let keys = registry.keys().await;
    bar.clear();
    if global.json {
        output::json(&Value::Array(keys.iter().map(describe).collect()));
    } else if keys.is_empty() {
        output::line("no provider has keys");
    } else {
        let rows = keys.iter().map(|key| {
            let origin = match &key.origin {
                Some(KeyOrigin::Environment(name)) => format!("environment: {name}"),
                _ => origin(key).to_owned(),
            };
            let url = key.url.clone().unwrap_or_default();
            vec![key.provider.clone(), key.setting.clone(), origin, key.env.join(" "), url]
        });
        output::line(&table::filled(&["provider", "setting", "origin", "variables", "where to get one"], rows));
    }
    if let Some(error) = registry.keyring_failure().await.filter(|_| !global.quiet) {
        output::note(&error.to_string());
    }
}

fn describe(key: &Key) -> Value {
    let variable = match &key.origin {
        Some(KeyOrigin::Environment(name)) => Some(name),
        _ => None,
    };
    json!({
        "provider": key.provider,
        "setting": key.setting,
        "origin": origin(key),
        "variable": variable,
        "env": key.env,
        "url": key.url,
    })
}

fn origin(key: &Key) -> &'static str {
    match &key.origin {
        Some(KeyOrigin::Settings) => "settings",
        Some(KeyOrigin::Environment(_)) => "environment",
        Some(_) => "keyring",
        None => "absent",
    }
}
