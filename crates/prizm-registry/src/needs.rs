//! The services that a provider needs: by its manifest, and by its settings.

use prizm_protocol::Manifest;
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, Result};

/// The settings that are the registry's, and that no plugin is given.
const OURS: [&str; 4] = ["serviceUrl", "serviceConfig", "autoStartService", "services"];
/// What the only service of a provider is called, where its manifest names none.
const DEFAULT_NAME: &str = "service";

/// A service that a provider needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Need {
    /// What the provider calls it.
    pub(crate) name: String,
    /// Its id or URL.
    pub(crate) url: String,
    /// Its `serviceConfig`.
    pub(crate) config: Map<String, Value>,
    /// Whether it is started where it does not run.
    pub(crate) auto_start: bool,
}

/// A provider's settings, taken apart.
#[derive(Clone, Default)]
pub(crate) struct Wanted {
    /// What its plugin is given.
    pub(crate) settings: Map<String, Value>,
    /// The services that it needs.
    pub(crate) needs: Vec<Need>,
}

impl Wanted {
    /// Takes the settings of a provider apart. What they say of services goes over what its manifest says.
    /// One that is given a `baseUrl` needs none: that is where its work is done.
    pub(crate) fn of(settings: &Map<String, Value>, manifest: Option<&Manifest>) -> Result<Self> {
        let mut rest = settings.clone();
        let [url, config, auto_start, services] = OURS.map(|name| rest.remove(name));
        let url = url.map(|url| text("serviceUrl", url)).transpose()?;
        let config = config.map(|config| table("serviceConfig", config)).transpose()?;
        let auto_start = auto_start.map(|start| flag("autoStartService", &start)).transpose()?;
        let mut needs: Vec<_> = manifest.into_iter().flat_map(|manifest| &manifest.services).map(declared).collect();
        if rest.contains_key("baseUrl") {
            let contradicts =
                [(url.is_some(), "serviceUrl"), (config.is_some(), "serviceConfig"), (services.is_some(), "services")];
            if let Some((_, other)) = contradicts.iter().find(|(is_given, _)| *is_given) {
                let message =
                    format!("`baseUrl` says where the work is done, and `{other}` is of a service that does it");
                return Err(Error::new(ErrorKind::Usage, message)
                    .hinted("leave out one of them: a provider is given the address of its service as `baseUrl`"));
            }
            return Ok(Self { settings: rest, needs: Vec::new() });
        }
        for (name, said) in services.map(|services| table("services", services)).transpose()?.into_iter().flatten() {
            let said = table(&format!("services.{name}"), said)?;
            over(&mut needs, name, said)?;
        }
        if url.is_some() || config.is_some() {
            let need = only(&mut needs, url.as_deref())?;
            if let Some(url) = url.clone() {
                need.url = url;
            }
            need.config.extend(config.into_iter().flatten());
        }
        if let Some(auto_start) = auto_start {
            needs.iter_mut().for_each(|need| need.auto_start = auto_start);
        }
        Ok(Self { settings: rest, needs })
    }
}

fn declared((name, reference): (&String, &prizm_protocol::ServiceReference)) -> Need {
    Need { name: name.clone(), url: reference.url.clone(), config: reference.config.clone(), auto_start: true }
}

/// Returns the only service, which `serviceUrl` and `serviceConfig` are of.
fn only<'a>(needs: &'a mut Vec<Need>, url: Option<&str>) -> Result<&'a mut Need> {
    if needs.is_empty() {
        let Some(url) = url else {
            return Err(Error::new(ErrorKind::Usage, "`serviceConfig` is given, and the provider needs no service")
                .hinted("name the service with `serviceUrl`"));
        };
        let config = Map::new();
        needs.push(Need { name: DEFAULT_NAME.to_owned(), url: url.to_owned(), config, auto_start: true });
    }
    if needs.len() > 1 {
        let names: Vec<_> = needs.iter().map(|need| format!("`{}`", need.name)).collect();
        let message =
            format!("`serviceUrl` and `serviceConfig` do not say which service they are of: {}", names.join(", "));
        return Err(Error::new(ErrorKind::Usage, message)
            .hinted("say it of each: `services = { NAME = { url = \"…\", config = { … } } }`"));
    }
    Ok(&mut needs[0])
}

/// Puts `services.NAME` of the settings over what is there.
fn over(needs: &mut Vec<Need>, name: String, mut said: Map<String, Value>) -> Result<()> {
    let key = |field: &str| format!("services.{name}.{field}");
    let url = said.remove("url").map(|url| text(&key("url"), url)).transpose()?;
    let config = said.remove("config").map(|config| table(&key("config"), config)).transpose()?;
    let auto_start = said.remove("autoStart").map(|start| flag(&key("autoStart"), &start)).transpose()?;
    if let Some(unknown) = said.keys().next() {
        return Err(wrong(&key(unknown), "there is no such key: it is `url`, `config` or `autoStart`"));
    }
    let index = match (needs.iter().position(|need| need.name == name), &url) {
        (Some(index), _) => index,
        (None, Some(url)) => {
            needs.push(Need { name, url: url.clone(), config: Map::new(), auto_start: true });
            needs.len() - 1
        }
        (None, None) => return Err(wrong(&key("url"), "say where the service comes from")),
    };
    let need = &mut needs[index];
    need.url = url.unwrap_or_else(|| std::mem::take(&mut need.url));
    need.config.extend(config.into_iter().flatten());
    need.auto_start = auto_start.unwrap_or(need.auto_start);
    Ok(())
}

fn text(key: &str, value: Value) -> Result<String> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(text),
        _ => Err(wrong(key, "expected the id or the URL of a service")),
    }
}

fn table(key: &str, value: Value) -> Result<Map<String, Value>> {
    match value {
        Value::Object(table) => Ok(table),
        _ => Err(wrong(key, "expected a table")),
    }
}

fn flag(key: &str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| wrong(key, "expected true or false"))
}

fn wrong(key: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Usage, format!("setting `{key}`: {reason}"))
        .hinted("see `[providers.ID]` in config.toml, or what `configure` is given")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(services: &str) -> Manifest {
        let provider = "[provider]\nid = \"a\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
                        capabilities = [\"text-to-text\"]\n";
        Manifest::from_toml(&format!("{provider}{services}")).unwrap()
    }

    fn wanted(settings: Value, services: &str) -> Result<Wanted> {
        Wanted::of(settings.as_object().unwrap(), Some(&manifest(services)))
    }

    const ONE: &str = "[services.backend]\nurl = \"smollm2\"\nconfig = { context = 512, threads = 1 }";
    const TWO: &str = "[services.a]\nurl = \"x\"\n[services.b]\nurl = \"y\"";

    #[test]
    fn settings_go_over_the_manifest_and_the_rest_is_the_plugins() {
        let one = wanted(json!({"apiKey": "k"}), ONE).unwrap();
        assert_eq!(Value::Object(one.settings), json!({"apiKey": "k"}));
        assert_eq!((&*one.needs[0].name, &*one.needs[0].url, one.needs[0].auto_start), ("backend", "smollm2", true));
        let given = json!({"serviceUrl": "npm:s@1.0.0", "serviceConfig": {"context": 64}, "autoStartService": false});
        let one = wanted(given.clone(), ONE).unwrap();
        assert!(one.settings.is_empty());
        assert_eq!(
            (&*one.needs[0].name, &*one.needs[0].url, one.needs[0].auto_start),
            ("backend", "npm:s@1.0.0", false)
        );
        assert_eq!(Value::Object(one.needs[0].config.clone()), json!({"context": 64, "threads": 1}));
        let none = wanted(given, "").unwrap();
        assert_eq!(none.needs[0].name, "service");
        let named = json!({"services": {"a": {"config": {"n": 1}}, "c": {"url": "z", "autoStart": false}}});
        let three = wanted(named, TWO).unwrap().needs;
        let shown: Vec<_> = three.iter().map(|need| (&*need.name, &*need.url, need.auto_start)).collect();
        assert_eq!(shown, [("a", "x", true), ("b", "y", true), ("c", "z", false)]);
        assert_eq!(wanted(json!({"baseUrl": "http://127.0.0.1:1"}), ONE).unwrap().needs, []);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (settings, services, expected) in [
            (json!({"serviceUrl": 7}), "", "setting `serviceUrl`: expected the id or the URL"),
            (json!({"serviceConfig": "big"}), ONE, "setting `serviceConfig`: expected a table"),
            (json!({"autoStartService": "no"}), ONE, "setting `autoStartService`: expected true or false"),
            (json!({"serviceConfig": {}}), "", "the provider needs no service"),
            (json!({"serviceUrl": "z"}), TWO, "do not say which service they are of: `a`, `b`"),
            (json!({"services": {"c": {}}}), "", "setting `services.c.url`"),
            (json!({"services": {"a": {"uri": "x"}}}), TWO, "setting `services.a.uri`: there is no such key"),
            (json!({"serviceUrl": "z", "baseUrl": "u"}), "", "and `serviceUrl` is of a service that does it"),
            (json!({"serviceConfig": {"threads": 2}, "baseUrl": "u"}), ONE, "and `serviceConfig` is of a service"),
            (json!({"serviceConfig": {}, "baseUrl": "u"}), "", "and `serviceConfig` is of a service"),
            (json!({"services": {"a": {"config": {}}}, "baseUrl": "u"}), TWO, "and `services` is of a service"),
        ] {
            let error = wanted(settings.clone(), services).err().unwrap();
            assert!(error.to_string().contains(expected), "{settings}: {error}");
            assert!(error.hint().is_some());
        }
    }
}
