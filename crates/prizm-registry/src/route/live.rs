//! How a provider is now: its process, its services, and what was learned.

use std::sync::atomic::Ordering;
use std::time::Instant;

use prizm_host::State;
use prizm_route::{Gate, GateKind, Live, Millis};

use super::Offers;
use super::millis;
use super::offers::Listed;
use crate::entry::Entry;
use crate::wiring::Services;

/// What is true of all models of a provider.
pub(crate) struct ProviderLive {
    warm: bool,
    starts_service: bool,
    gates: Vec<Gate>,
    max_in_flight: u32,
    in_flight: u32,
}

impl ProviderLive {
    pub(crate) fn of(entry: &Entry, offers: &Offers, now: Millis) -> Self {
        let plugin = entry.plugin_if_made();
        let mut gates = Vec::new();
        if let Some(at) = plugin.and_then(prizm_host::Plugin::may_start_at) {
            let until = now.saturating_add(millis(at.saturating_duration_since(Instant::now())));
            gates.push(Gate { kind: GateKind::Process, until: Some(until), detail: "its process failed".to_owned() });
        }
        let services = if offers.needs_services { entry.services() } else { Services::running() };
        if let Some(detail) = services.failed {
            gates.push(Gate { kind: GateKind::Service, until: None, detail });
        }
        let is_running = plugin.is_some_and(|plugin| plugin.state() == State::Ready);
        Self {
            warm: is_running && services.running,
            starts_service: !services.running,
            gates,
            max_in_flight: offers.info.max_in_flight,
            in_flight: offers.provider.in_flight.load(Ordering::Relaxed),
        }
    }

    /// Returns how a model is, for a job of a size.
    pub(crate) fn model(&self, offers: &Offers, listed: &Listed, work: u64, now: Millis) -> Live {
        let mut live = Live {
            warm: self.warm,
            starts_service: self.starts_service,
            gates: self.gates.clone(),
            in_flight: self.in_flight,
            max_in_flight: self.max_in_flight,
            ..Live::default()
        };
        listed.memory.signals().fill(now, work, &mut live);
        offers.provider.signals().fill(now, &mut live);
        live
    }
}
