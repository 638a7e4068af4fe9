//! How a provider gets the addresses of its services: before each use, and again when they have changed.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use prizm_host::Plugin;
use prizm_protocol::methods::configure::{ConfigureParams, Service};
use prizm_protocol::methods::health::{Health, HealthStatus};
use prizm_protocol::service::EndpointProtocol;
use prizm_service::{Admitted, Condition, InUse, Instance};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use crate::Result;
use crate::needs::{Need, Wanted};
use crate::surroundings::Surroundings;

/// What a provider is given, and the services that this takes.
pub(crate) struct Wiring {
    wanted: Wanted,
    /// In the order of the needs.
    instances: OnceCell<Vec<Instance>>,
    /// What the plugin was told last.
    told: Mutex<Option<Vec<BTreeMap<String, String>>>>,
}

/// How the services of a provider are.
pub(crate) struct Services {
    /// All of them run.
    pub(crate) running: bool,
    /// Why one of them does not, and will not.
    pub(crate) failed: Option<String>,
}

impl Services {
    /// None is needed, or all run.
    pub(crate) fn running() -> Self {
        Self { running: true, failed: None }
    }
}

/// Keeps services running as long as a call lasts.
#[derive(Default)]
#[must_use]
#[expect(dead_code, reason = "they are held, not read")]
pub(crate) struct Served(Vec<InUse>, Vec<Admitted>);

impl Wiring {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self { wanted, instances: OnceCell::new(), told: Mutex::default() }
    }

    /// Returns what a plugin is given whose services do not run yet.
    pub(crate) fn params(&self) -> ConfigureParams {
        ConfigureParams { config: self.wanted.settings.clone(), ..ConfigureParams::default() }
    }

    pub(crate) fn needs_services(&self) -> bool {
        !self.wanted.needs.is_empty()
    }

    async fn instances(&self, around: &Surroundings) -> Result<&Vec<Instance>> {
        let find = || async {
            let find = async |need: &Need| {
                let (_, instance) = around.services.instance(around, &need.url, &need.config).await?;
                Ok::<_, crate::Error>(instance)
            };
            try_join_all(self.wanted.needs.iter().map(find)).await
        };
        self.instances.get_or_try_init(find).await
    }

    /// Waits until all services are ready, and tells the plugin where they are, unless it knows.
    pub(crate) async fn serve(&self, plugin: &Plugin, around: &Surroundings) -> Result<Served> {
        if !self.needs_services() {
            return Ok(Served::default());
        }
        let instances = self.instances(around).await?;
        // In one order, so that two calls do not wait for each other.
        let mut ordered: Vec<_> = instances.iter().collect();
        ordered.sort_by(|a, b| a.spec().instance.cmp(&b.spec().instance));
        ordered.dedup_by(|a, b| a.spec().instance == b.spec().instance);
        let mut admitted = Vec::new();
        for instance in ordered {
            admitted.push(instance.admit().await);
        }
        let listener = |stage: &str, detail: &str| around.reporter.stage(stage, detail);
        let enter = async |(need, instance): (&Need, &Instance)| instance.enter(need.auto_start, &listener).await;
        let used = try_join_all(self.wanted.needs.iter().zip(instances).map(enter)).await?;
        let now: Vec<_> = used.iter().map(|used| used.endpoints.clone()).collect();
        let mut told = self.told.lock().await;
        if told.as_ref() != Some(&now) {
            plugin.configure(self.params_with(instances, &used)).await?;
            *told = Some(now);
        }
        drop(told);
        Ok(Served(used, admitted))
    }

    fn params_with(&self, instances: &[Instance], used: &[InUse]) -> ConfigureParams {
        let mut params = self.params();
        let services: BTreeMap<_, _> = self
            .wanted
            .needs
            .iter()
            .zip(used)
            .map(|(need, used)| (need.name.clone(), Service { endpoints: used.endpoints.clone() }))
            .collect();
        // The simple case: one service, and one thing to talk to.
        if let ([instance], [used]) = (instances, used) {
            let endpoints = &instance.spec().manifest.service.endpoints;
            let mut http = endpoints.iter().filter(|(_, endpoint)| endpoint.protocol != EndpointProtocol::Tcp);
            if let (Some((name, _)), None) = (http.next(), http.next())
                && let Some(url) = used.endpoints.get(name)
            {
                params.config.insert("baseUrl".to_owned(), Value::String(url.clone()));
            }
        }
        params.services = services;
        params
    }

    /// Returns whether its services run, as far as they were needed already.
    pub(crate) fn services(&self) -> Services {
        if !self.needs_services() {
            return Services::running();
        }
        let Some(instances) = self.instances.get() else { return Services { running: false, failed: None } };
        let mut services = Services::running();
        for (need, instance) in self.wanted.needs.iter().zip(instances) {
            let state = instance.state();
            services.running &= state.as_ref().is_ok_and(|state| state.condition == Condition::Ready);
            let failure = match state {
                Ok(state) if state.condition == Condition::Failed => {
                    state.failure.map_or_else(|| "it failed".to_owned(), |error| error.to_string())
                }
                Ok(state) if state.condition == Condition::Stopped && !need.auto_start => {
                    "it is not running".to_owned()
                }
                _ => continue,
            };
            let failure = failure.lines().next().unwrap_or_default().to_owned();
            services.failed.get_or_insert_with(|| format!("service `{}`: {failure}", need.name));
        }
        services
    }

    /// Makes a plugin's health that of its services, too, where these were needed already.
    pub(crate) fn weigh(&self, mut health: Health) -> Result<Health> {
        for (need, instance) in self.wanted.needs.iter().zip(self.instances.get().into_iter().flatten()) {
            let state = instance.state()?;
            let status = match state.condition {
                Condition::Failed => HealthStatus::Unhealthy,
                Condition::Degraded | Condition::Waiting | Condition::Starting | Condition::Stopping => {
                    HealthStatus::Degraded
                }
                Condition::Stopped if !need.auto_start => HealthStatus::Unhealthy,
                _ => continue,
            };
            if health.status != HealthStatus::Unhealthy {
                health.status = status;
            }
            let reason =
                state.failure.map_or_else(|| format!("it is {}", state.condition.as_str()), |error| error.to_string());
            health.last_error.get_or_insert_with(|| format!("service `{}`: {reason}", need.name));
        }
        Ok(health)
    }
}
