//! Providers and the services that they need: processes, through the registry.

use std::time::Duration;

use prizm_registry::{Condition, Config, ErrorKind, Keeper, Provider, Registry, ServiceErrorKind};
use prizm_tests::{Home, eventually, program, within};
use serde_json::{Map, Value, json};

/// A service in Python that does what its configuration says.
pub const SERVER: &str = include_str!("../../crates/prizm-service/tests/it/server.py");

/// What it is.
pub const MANIFEST: &str = r#"
[service]
name = "server"
version = "1.0.0"
backend = "process"
capabilities = ["text-to-text"]
endpoints.http = { path = "/v1" }
readiness.http = { endpoint = "http", path = "/health", json = { "/status" = "ok" } }
readiness.interval = "20ms"
[service.map]
exit = { env = "EXIT" }
say = { env = "SAY" }
load = { env = "LOAD" }
[run]
command = ["python3", "-B", "server.py"]
"#;

/// Makes the service known by the name of its directory, and returns its URL.
pub fn service(home: &Home, manifest: &str) -> String {
    home.provider("server", &[("prizm.toml", manifest), ("server.py", SERVER)])
}

fn registry(home: &Home, config: &str) -> Registry {
    let config = Config::from_toml(config).unwrap();
    let builder = Registry::builder().home(home.path()).config(config).project(None).profile(None);
    builder.keeper(Keeper::here()).timing(prizm_tests::timing()).build().unwrap()
}

/// A provider that repeats what it was configured with, and the settings of its service.
fn configured(home: &Home, settings: &str) -> String {
    format!("[providers.hostile]\nsource = \"{}\"\nlink = true\n{settings}\n", home.hostile("records-configure"))
}

async fn hostile(registry: &Registry) -> Provider {
    within(60, "the provider", registry.get_provider("hostile")).await.unwrap()
}

/// Asks a provider what it was configured with.
async fn given(provider: &Provider) -> Value {
    let model = provider.model("echo").unwrap();
    let answer = within(60, "an answer", model.transform("which?").into_future()).await.unwrap();
    serde_json::from_str(answer.as_text().unwrap()).unwrap()
}

fn settings_of(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn close(home: &Home, registry: &Registry) {
    within(60, "shutdown", registry.shutdown()).await;
    home.processes().gone_within(10).await;
}

fn url(given: &Value) -> &str {
    given["config"]["baseUrl"].as_str().unwrap()
}

#[tokio::test]
async fn a_provider_is_given_the_address_of_a_service_that_runs() {
    let home = Home::new();
    let service = service(&home, MANIFEST);
    let settings = format!("greeting = \"hi\"\nserviceUrl = \"{service}\"\nserviceConfig = {{ load = \"0.2\" }}");
    let registry = registry(&home, &configured(&home, &settings));
    let provider = hostile(&registry).await;
    assert_eq!(registry.services().status().unwrap().len(), 0, "to be asked what it is starts no service");
    let given = given(&provider).await;
    let url = url(&given).to_owned();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/v1"), "{url}");
    assert_eq!(given["config"], json!({"greeting": "hi", "baseUrl": url}));
    assert_eq!(given["services"], json!({"service": {"endpoints": {"http": url}}}));
    let status = registry.services().status().unwrap().remove(0);
    assert_eq!((status.state.condition, status.state.generation), (Condition::Ready, 1));
    assert_eq!(registry.services().stats().unwrap().by_condition, [("ready", 1)].into());
    assert_eq!(provider.health().await.unwrap().status.as_str(), "healthy");
    close(&home, &registry).await;
    assert_eq!(registry.services().status().unwrap()[0].state.condition, Condition::Stopped);
}

#[tokio::test]
async fn a_provider_follows_a_service_that_was_started_again() {
    let home = Home::new();
    let service = service(&home, MANIFEST);
    let registry = registry(&home, &configured(&home, &format!("serviceUrl = \"{service}\"")));
    let provider = hostile(&registry).await;
    let before = given(&provider).await;
    let crash = url(&before).replace("/v1", "/crash");
    // It ends before it answers.
    let _ = get(&crash).await;
    let state = || registry.services().status().unwrap().remove(0).state;
    eventually("its end is noticed", || (state().condition == Condition::Waiting).then_some(())).await;
    let health = provider.health().await.unwrap();
    assert_eq!(health.status.as_str(), "degraded");
    assert!(health.last_error.unwrap().contains("ended with exit code 3"));
    let after = given(&provider).await;
    assert_eq!((state().condition, state().generation), (Condition::Ready, 2));
    assert_eq!(get(&url(&after).replace("/v1", "/health")).await.unwrap(), json!({"status": "ok"}));
    assert_eq!(provider.health().await.unwrap().status.as_str(), "healthy");
    close(&home, &registry).await;
}

#[tokio::test]
async fn providers_share_a_service_and_another_configuration_is_another() {
    let home = Home::new();
    let service = service(&home, MANIFEST);
    let source = home.hostile("records-configure");
    let two = |id: &str, config: &str| {
        format!(
            "[providers.{id}]\nsource = \"{source}\"\nlink = true\nserviceUrl = \"{service}\"\nserviceConfig = {config}\n"
        )
    };
    let config = two("hostile", "{ load = \"0\" }");
    let registry = registry(&home, &config);
    let first = hostile(&registry).await;
    // One by its URL is the same provider; this one has settings of its own.
    let other = Registry::builder().home(home.path()).config(Config::from_toml(&config).unwrap()).project(None);
    let other = other.profile(None).timing(prizm_tests::timing()).build().unwrap();
    let second = hostile(&other).await;
    let (a, b) = tokio::join!(given(&first), given(&second));
    assert_eq!(url(&a), url(&b), "two programs share it");
    let asked = settings_of(json!({"serviceUrl": service, "serviceConfig": {"load": "0.1"}}));
    second.configure(asked).await.unwrap();
    let c = given(&second).await;
    assert_ne!(url(&a), url(&c));
    assert_eq!(registry.services().status().unwrap().len(), 2);
    within(60, "shutdown", other.shutdown()).await;
    close(&home, &registry).await;
}

#[tokio::test]
async fn what_a_manifest_names_is_found_and_settings_go_over_it() {
    let home = Home::new();
    let service = service(&home, MANIFEST);
    let words: Vec<_> = [program("hostile").display().to_string(), "records-configure".to_owned()].into();
    let manifest = format!(
        "[provider]\nid = \"hostile\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
         capabilities = [\"text-to-text\", \"text-to-image\"]\n[run]\ncommand = {words:?}\n\
         [services.backend]\nurl = \"server\"\nconfig = {{ load = \"0\" }}\n"
    );
    let source = home.provider("named", &[("prizm.toml", &manifest)]);
    let config = format!("[providers.hostile]\nsource = \"{source}\"\n[services.server]\nsource = \"{service}\"\n");
    let registry = registry(&home, &config);
    let provider = hostile(&registry).await;
    let by_id = given(&provider).await;
    assert_eq!(by_id["services"]["backend"]["endpoints"]["http"], by_id["config"]["baseUrl"]);
    // Somebody else's server takes its place, and none is started.
    within(60, "stop", registry.services().stop_all()).await.unwrap();
    let base = settings_of(json!({"baseUrl": "http://127.0.0.1:9/"}));
    provider.configure(base).await.unwrap();
    let elsewhere = given(&provider).await;
    assert_eq!(elsewhere, json!({"config": {"baseUrl": "http://127.0.0.1:9/"}, "services": {}}));
    assert_eq!(registry.services().status().unwrap()[0].state.condition, Condition::Stopped);
    close(&home, &registry).await;
}

#[tokio::test]
async fn without_auto_start_nothing_is_started_and_the_command_is_told() {
    let home = Home::new();
    let service = service(&home, MANIFEST);
    let settings = format!("serviceUrl = \"{service}\"\nautoStartService = false\nserviceConfig = {{ say = \"a b\" }}");
    let registry = registry(&home, &configured(&home, &settings));
    let provider = hostile(&registry).await;
    let model = provider.model("echo").unwrap();
    let error = within(60, "an answer", model.transform("x").outcome()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(error.service_error().unwrap().kind(), ServiceErrorKind::NotRunning);
    assert_eq!(error.hint(), Some(&*format!("start it: prizm service start {service} --set 'say=a b'")));
    let config = settings_of(json!({"say": "a b"}));
    let by_hand = registry.services().get_service_with(&service, config).await.unwrap();
    let state = within(60, "the service", by_hand.start()).await.unwrap();
    assert_eq!(url(&given(&provider).await), state.endpoints["http"]);
    assert!(within(60, "stop", by_hand.stop(false)).await.unwrap());
    close(&home, &registry).await;
}

#[tokio::test]
async fn a_service_that_cannot_start_is_the_providers_error_with_all_that_is_known() {
    let home = Home::new();
    let service = service(&home, MANIFEST);
    let settings = format!("serviceUrl = \"{service}\"\nserviceConfig = {{ exit = \"7\", say = \"no weights\" }}");
    let registry = registry(&home, &configured(&home, &settings));
    let provider = hostile(&registry).await;
    let model = provider.model("echo").unwrap();
    let error = within(60, "an answer", model.transform("x").outcome()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.stage(), error.stderr()),
        (ErrorKind::Service, Some("ready"), &["no weights".to_owned()][..])
    );
    assert_eq!(error.service_error().unwrap().exit_code(), Some(7));
    eventually("its owner has left", || {
        let health = registry.services().status().unwrap().remove(0).state;
        (health.condition == Condition::Failed).then_some(())
    })
    .await;
    let health = provider.health().await.unwrap();
    assert_eq!(health.status.as_str(), "unhealthy");
    let wrong = settings_of(json!({"serviceUrl": service, "serviceConfig": {"memory": "8 gigs"}}));
    provider.configure(wrong).await.unwrap();
    let error = within(60, "an answer", model.transform("x").outcome()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.to_string().starts_with("serviceConfig.memory: `8 gigs` is no size"), "{error}");
    close(&home, &registry).await;
}

#[tokio::test]
async fn a_deadline_holds_while_a_service_starts() {
    let home = Home::new();
    let service = service(&home, MANIFEST);
    let settings = format!("serviceUrl = \"{service}\"\nserviceConfig = {{ load = \"600\" }}");
    let registry = registry(&home, &configured(&home, &settings));
    let provider = hostile(&registry).await;
    let transform = provider.model("echo").unwrap().transform("x").timeout(Duration::from_millis(700));
    let error = within(60, "an answer", transform.outcome()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline, "{error:?}");
    close(&home, &registry).await;
}

#[tokio::test]
async fn a_provider_is_no_service_and_a_service_no_provider() {
    let home = Home::new();
    let (service, provider) = (service(&home, MANIFEST), home.hostile("records-configure"));
    let registry = registry(&home, "");
    let error = within(60, "a load", registry.get_provider(&service)).await.unwrap_err();
    assert!(error.to_string().contains("is a service, not a provider"), "{error:?}");
    assert_eq!(
        error.hint(),
        Some(&*format!("start it with `prizm service start {service}`, or name it as the service of a provider"))
    );
    let error = within(60, "a load", registry.services().get_service(&provider)).await.unwrap_err();
    assert!(error.to_string().contains("is a provider, not a service"), "{error:?}");
    let error = registry.services().get_service("serve").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let both = format!("{MANIFEST}\n[provider]\nid = \"x\"\n");
    let both = home.provider("both", &[("prizm.toml", &both), ("server.py", SERVER)]);
    let error = within(60, "a load", registry.services().get_service(&both)).await.unwrap_err();
    assert!(error.to_string().contains("it has `[provider]` and `[service]`"), "{error:?}");
    close(&home, &registry).await;
}

/// Asks a service something.
pub async fn get(url: &str) -> Result<Value, String> {
    let rest = url.strip_prefix("http://").ok_or("no http")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let ask = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(host).await?;
        let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = within(30, "an answer", ask).await.map_err(|error| error.to_string())?;
    let (_, body) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("no answer: {answer:?}"))?;
    Ok(serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())))
}
