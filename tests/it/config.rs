//! Settings: from the configuration, from the program, and what becomes of wrong ones.

use prizm_registry::{Config, ErrorKind, PluginCommand, Provider, Registry};
use prizm_tests::{Home, eventually, within};
use serde_json::{Map, Value, json};

use crate::registry::{builder, close, provider, registry, say};

fn settings(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Asks a provider that repeats its configuration what it was given.
async fn given(provider: &Provider) -> Value {
    let params: Value = serde_json::from_str(&say(provider, "which?").await).unwrap();
    params["config"].clone()
}

#[tokio::test]
async fn settings_reach_the_provider_at_once_and_at_every_start() {
    let lab = crate::lab();
    let registry = registry(&lab, "records-configure");
    let known = registry.providers().remove(0);
    known.configure(settings(json!({"greeting": "before it starts"}))).await.unwrap();
    let provider = provider(&registry).await;
    assert_eq!(given(&provider).await, json!({"greeting": "before it starts"}));
    provider.configure(settings(json!({"greeting": "while it runs"}))).await.unwrap();
    assert_eq!(given(&provider).await, json!({"greeting": "while it runs"}));
    provider.add_settings(settings(json!({"apiKey": "k-1234567"}))).await.unwrap();
    let both = json!({"greeting": "while it runs", "apiKey": "k-1234567"});
    assert_eq!(given(&provider).await, both);
    provider.stop().await;
    assert_eq!(given(&provider).await, both, "the next start has them too");
    let pid = provider.stats().pid.unwrap();
    // SAFETY: `kill` takes numbers; the registry has not reaped the process, so that the number is its own.
    assert_eq!(unsafe { libc::kill(i32::try_from(pid).unwrap(), libc::SIGKILL) }, 0);
    eventually("its death is noticed", || (provider.stats().pid != Some(pid)).then_some(())).await;
    assert_eq!(given(&provider).await, both, "and so does the one after a crash");
    close(&lab, &registry).await;
}

#[tokio::test]
async fn settings_that_are_refused_are_not_kept() {
    let lab = crate::lab();
    let registry = registry(&lab, "records-configure");
    let provider = provider(&registry).await;
    provider.configure(settings(json!({"greeting": "good"}))).await.unwrap();
    let error = provider.configure(settings(json!({"greeting": 7}))).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::Usage, Some("configure")), "{error:?}");
    assert!(error.to_string().contains("setting `greeting`: value is not of type \"string\""), "{error:?}");
    assert_eq!(given(&provider).await, json!({"greeting": "good"}));
    provider.add_settings(settings(json!({"apiKey": "k-1234567"}))).await.unwrap();
    let both = json!({"greeting": "good", "apiKey": "k-1234567"});
    assert_eq!(given(&provider).await, both);
    provider.stop().await;
    assert_eq!(given(&provider).await, both, "nor does the next start see them");
    close(&lab, &registry).await;
}

#[tokio::test]
async fn the_configuration_speaks_of_providers_by_their_ids() {
    let lab = crate::lab();
    let config = "[providers.hostile]\ngreeting = \"from the file\"\n[providers.somebody]\nkey = 1";
    let registry = builder(&lab).config(Config::from_toml(config).unwrap()).build().unwrap();
    assert!(registry.providers().is_empty(), "settings alone make no provider");
    registry.register("hostile", lab.hostile("records-configure")).unwrap();
    assert_eq!(given(&provider(&registry).await).await, json!({"greeting": "from the file"}));
    close(&lab, &registry).await;

    // A source makes one, and whoever is registered in its place has its settings.
    let home = Home::new();
    let url = home.hostile("records-configure");
    home.configure(&format!("[providers.hostile]\nsource = \"{url}\"\ngreeting = \"with a source\""));
    let registry = Registry::builder().home(home.path()).build().unwrap();
    let configured = within(30, "the provider", registry.get_provider("hostile")).await.unwrap();
    assert_eq!(configured.source(), url);
    assert_eq!(given(&configured).await, json!({"greeting": "with a source"}), "`source` is not the provider's");
    let by_url = registry.get_provider(&url).await.unwrap();
    assert_eq!((given(&by_url).await, by_url.stats().starts), (json!({"greeting": "with a source"}), 1));
    let command = PluginCommand::new(crate::HOSTILE).args(["records-configure", "--lifetime", "60"]);
    registry.register("hostile", command).unwrap();
    assert_eq!(given(&provider(&registry).await).await, json!({"greeting": "with a source"}));
    within(30, "shutdown", registry.shutdown()).await;
    home.processes().gone_within(5).await;
}

#[tokio::test]
async fn a_variable_is_seen_only_if_it_is_asked_for_and_granted() {
    // Variables that cargo sets for every test, and that the allow-list does not have.
    const ASKED: &str = "CARGO_PKG_NAME";
    const NOT_ASKED: &str = "CARGO_PKG_VERSION";
    assert!(std::env::var_os(ASKED).is_some() && std::env::var_os(NOT_ASKED).is_some());
    for (grant, seen) in [("", false), ("grantEnv = [\"CARGO_PKG_NAME\", \"CARGO_PKG_VERSION\"]", true)] {
        let home = Home::new();
        let url = home.hostile("reports-itself");
        let manifest =
            std::fs::read_to_string(url.strip_prefix("file://").unwrap().to_owned() + "/prizm.toml").unwrap();
        let manifest = format!("{manifest}[permissions]\nenv = [\"{ASKED}\"]\n");
        home.provider("hostile", &[("prizm.toml", &manifest)]);
        home.configure(&format!("[providers.hostile]\nsource = \"{url}\"\n{grant}"));
        let registry = Registry::builder().home(home.path()).build().unwrap();
        let provider = provider(&registry).await;
        assert_eq!(provider.permissions().unwrap().env, [ASKED]);
        let report: Value = serde_json::from_str(&say(&provider, "who?").await).unwrap();
        let environment = report["environment"].as_object().unwrap();
        assert_eq!((environment.contains_key(ASKED), environment.contains_key(NOT_ASKED)), (seen, false), "{grant}");
        within(30, "shutdown", registry.shutdown()).await;
        home.processes().gone_within(5).await;
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_be_used_is_named() {
    for (text, says) in [
        ("[provider.a]", "unknown field `provider`"),
        ("[providers.\"A B\"]", "`A B` is not a provider id"),
        ("[providers.a]\nsource = 7", "invalid type"),
        ("[providers.a]\nsource = \"../a\"", "[providers.a] source"),
        ("[providers.a]\nsource = \"svn://a/b\"", "[providers.a] source"),
        ("[providers.a", "line 1"),
        ("\u{0}", "config.toml"),
    ] {
        let home = Home::new();
        home.configure(text);
        let error = Registry::builder().home(home.path()).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{text}: {error:?}");
        assert!(error.to_string().contains(says), "{text}: {error:?}");
    }
    let home = Home::new();
    home.configure(&"# much ado\n".repeat(100_000));
    let error = Registry::builder().home(home.path()).build().unwrap_err();
    assert!(error.to_string().contains("larger than 1048576"), "{error:?}");
    let home = Home::new();
    std::fs::create_dir(home.path().join("config.toml")).unwrap();
    let error = Registry::builder().home(home.path()).build().unwrap_err();
    assert!(error.to_string().contains("config.toml` cannot be read"), "{error:?}");
}
