//! What a plugin is doing, for whoever looks on.

use std::sync::atomic::Ordering;

use super::{Plugin, PluginStats, State};
use crate::supervise::Permission;

impl Plugin {
    /// Returns what the plugin is doing.
    pub fn state(&self) -> State {
        let slot = self.0.slot();
        match &slot.current {
            _ if slot.closed => State::Closed,
            Some(instance) if instance.is_usable() => State::Ready,
            Some(instance) if instance.connection.is_open() => State::Draining,
            _ => match slot.supervisor.may_start(std::time::Instant::now()) {
                Permission::Now => State::Idle,
                Permission::At(_) => State::BackingOff,
                Permission::Open(_) => State::BreakerOpen,
            },
        }
    }

    /// Returns when it may be started again, where it failed and is to be left alone for a while.
    pub fn may_start_at(&self) -> Option<std::time::Instant> {
        let slot = self.0.slot();
        let runs = slot.current.as_ref().is_some_and(|instance| instance.connection.is_open());
        match slot.supervisor.may_start(std::time::Instant::now()) {
            Permission::At(at) | Permission::Open(at) if !runs => Some(at),
            _ => None,
        }
    }

    /// Returns figures about it.
    pub fn stats(&self) -> PluginStats {
        let slot = self.0.slot();
        let running = slot.current.as_ref().filter(|instance| instance.connection.is_open());
        PluginStats {
            starts: self.0.starts.load(Ordering::Relaxed),
            failures: self.0.failures.load(Ordering::Relaxed),
            pending: running.map_or(0, |instance| instance.connection.calls.len()),
            pid: running.map(|instance| instance.pid()),
        }
    }
}
