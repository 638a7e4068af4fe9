//! A stage: actors that play what a test wrote, and count every call; and a registry that knows them.

use std::fs;
use std::path::{Path, PathBuf};

use prizm_registry::{
    Capability, Class, Config, Criteria, Error, PluginCommand, Registry, Result, Routed, RoutedTransform,
};
use prizm_tests::{Lab, timing, within};
use serde_json::{Value, json};

/// The program of every actor.
pub const ACTOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/it/route/actor.py");
/// What actors have.
pub const TEXT: Capability = Capability::TEXT_TO_TEXT;

/// Where actors keep what they play and what was asked of them.
pub struct Props(PathBuf);

impl Props {
    pub fn new(directory: PathBuf) -> Self {
        fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    fn file(&self, id: &str, kind: &str) -> PathBuf {
        self.0.join(format!("{id}.{kind}"))
    }

    fn lines(&self, id: &str, kind: &str) -> Vec<String> {
        let text = fs::read_to_string(self.file(id, kind)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Says what an actor declares: remote and for nothing, unless `change` says otherwise.
    pub fn declare(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut declaration = json!({
            "protocolVersion": "1.0",
            "provider": {"id": id, "name": id, "version": "1.0.0", "type": "remote"},
            "capabilities": ["text-to-text"],
            "models": [{"id": "m", "capabilities": ["text-to-text"], "isFree": true, "typicalMs": 100}],
            "limits": {"maxInFlight": 128},
            "configSchema": {"properties": {"apiKey": {"type": "string", "writeOnly": true}}},
        });
        change(&mut declaration);
        fs::write(self.file(id, "json"), declaration.to_string()).unwrap();
    }

    /// Says what an actor does from now on: a step for each call, the last of them from then on.
    pub fn play(&self, id: &str, steps: &[Value]) {
        let scene = json!({"after": self.calls(id), "steps": steps}).to_string();
        let fresh = self.file(id, "fresh");
        fs::write(&fresh, scene).unwrap();
        fs::rename(fresh, self.file(id, "steps")).unwrap();
    }

    /// Returns how many jobs were submitted to an actor.
    pub fn calls(&self, id: &str) -> usize {
        self.lines(id, "calls").len()
    }

    /// Returns how many jobs an actor was told to give up.
    pub fn cancelled(&self, id: &str) -> usize {
        self.lines(id, "cancelled").len()
    }
}

/// Actors, and a registry that knows them.
pub struct Stage {
    pub lab: Lab,
    pub props: Props,
    pub registry: Registry,
}

/// A remote actor that costs this for a call.
pub fn costs(amount: &str) -> impl FnOnce(&mut Value) {
    move |declaration| {
        declaration["models"][0]["isFree"] = json!(false);
        declaration["models"][0]["pricing"] = json!([{"unit": "call", "amount": amount, "currency": "USD"}]);
    }
}

/// A local actor.
pub fn local(declaration: &mut Value) {
    declaration["provider"]["type"] = json!("local");
}

impl Stage {
    /// Makes one where each actor is remote and free, and does these steps.
    pub async fn of(actors: &[(&str, &[Value])]) -> Self {
        Self::with("", actors, |_, _| {}).await
    }

    /// Makes one with a configuration, and with declarations that are changed.
    pub async fn with(config: &str, actors: &[(&str, &[Value])], change: impl Fn(&str, &mut Value)) -> Self {
        let lab = crate::lab();
        let props = Props::new(lab.file("props"));
        for (id, steps) in actors {
            props.declare(id, |declaration| change(id, declaration));
            props.play(id, steps);
        }
        let ids: Vec<_> = actors.iter().map(|(id, _)| *id).collect();
        let registry = registry(&lab, &props, config, &ids).await;
        Self { lab, props, registry }
    }

    /// Makes another registry with the same home, as another program has it.
    pub async fn again(&mut self, config: &str, ids: &[&str]) {
        self.close().await;
        self.registry = registry(&self.lab, &self.props, config, ids).await;
    }

    /// Starts a job: the actors in the order of their names, unless `criteria` says otherwise.
    pub fn job(&self, criteria: Criteria) -> RoutedTransform {
        self.registry.transform(TEXT, "hello").criteria(criteria)
    }

    /// Does a job.
    pub async fn ask(&self, criteria: Criteria) -> Result<Routed> {
        within(60, "an answer", self.job(criteria).outcome()).await
    }

    /// Returns how many jobs were submitted to each.
    pub fn calls<const N: usize>(&self, ids: [&str; N]) -> [usize; N] {
        ids.map(|id| self.props.calls(id))
    }

    pub async fn close(&self) {
        within(30, "shutdown", self.registry.shutdown()).await;
        self.lab.processes().gone_within(5).await;
    }
}

pub async fn registry(lab: &Lab, props: &Props, config: &str, ids: &[&str]) -> Registry {
    let config = Config::from_toml(config).unwrap();
    let registry = Registry::builder().home(lab.file("home")).config(config).timing(timing()).build().unwrap();
    for id in ids {
        let command = PluginCommand::new("python3").args(["-I", "-S", ACTOR]).arg(props.path()).arg(*id);
        registry.register(id, command).unwrap();
    }
    let stats = within(60, "the actors", registry.initialize()).await.unwrap();
    assert_eq!(stats.available_providers, ids.len());
    registry
}

/// Actors in this order, whatever is known of them.
pub fn in_order(ids: &[&str]) -> Criteria {
    Criteria { order: ids.iter().map(|id| id.parse().unwrap()).collect(), ..Criteria::default() }
}

/// An error that a provider answers with.
pub fn fails(code: i64) -> Value {
    json!({"error": code})
}

/// Who did a job.
pub fn by(done: &Result<Routed>) -> &str {
    match done {
        Ok(routed) => routed.provider.as_str(),
        Err(error) => panic!("nobody did it: {error:?}"),
    }
}

/// Who tried, and how it ended.
pub fn tries(routed: &Routed) -> Vec<(&str, Option<Class>)> {
    routed.attempts.iter().map(|attempt| (attempt.candidate.as_str(), attempt.class)).collect()
}

/// The error of a job that nobody did.
pub fn error(done: Result<Routed>) -> Error {
    match done {
        Ok(routed) => panic!("`{}` did it", routed.provider),
        Err(error) => error,
    }
}
