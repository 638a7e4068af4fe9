//! What a provider offers to whoever chooses.

use std::sync::{Arc, PoisonError};

use prizm_host::{ProviderInfo, State};
use prizm_protocol::Capability;
use prizm_route::{Millis, Trust};
use serde_json::Value;

use super::{Entry, Origin};
use crate::needs::Wanted;
use crate::route::{Offers, Origins};
use crate::surroundings::Surroundings;
use crate::wiring::Services;
use crate::{Lack, lacks};

impl Entry {
    /// Returns what its models offer, where it is known what it declares. What its author tries is no offer.
    pub(crate) fn offers(&self, around: &Surroundings, now: Millis) -> Option<Arc<Offers>> {
        let info = self.declared().filter(|_| self.tap.is_none())?;
        let (origins, lacks) = (self.origins(), self.lacks());
        let known = self.offers.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| known.is_of(&info, origins, &lacks)) {
            return Some(known);
        }
        let wanted = self.wanted().unwrap_or_default();
        let given = (&wanted, self.given(&wanted));
        let offers = Arc::new(Offers::new(info, origins, lacks, given, &around.routing, now));
        *self.offers.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&offers));
        Some(offers)
    }

    /// Returns what it lacks, as far as that has been looked for.
    pub(crate) fn lacks(&self) -> Arc<[Lack]> {
        Arc::clone(&self.lacks.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns whether it can do anything of a capability: it is declared, and nothing is lacking for it.
    pub(crate) fn can(&self, capability: &Capability) -> bool {
        // Looked at in place: whoever asks, asks it of every provider.
        let declared = self.declared.read().unwrap_or_else(PoisonError::into_inner);
        declared.as_ref().is_some_and(|info| info.capabilities.contains(capability)) && {
            let lacks = self.lacks.read().unwrap_or_else(PoisonError::into_inner);
            !lacks.iter().any(|lack| lack.concerns(capability))
        }
    }

    /// Returns what it declared, where it can do anything.
    pub(crate) fn usable(&self) -> Option<Arc<ProviderInfo>> {
        self.declared().filter(|info| info.capabilities.iter().any(|capability| self.can(capability)))
    }

    /// Looks for what it lacks, where its manifest is known.
    pub(super) fn look(&self) {
        let Some(manifest) = self.manifest() else { return };
        let settings = self.settings();
        let mut found = lacks::keys(manifest, &settings, |setting, key| self.key_origin(setting, key).is_some());
        found.extend(lacks::engines(manifest));
        let mut known = self.lacks.write().unwrap_or_else(PoisonError::into_inner);
        if known[..] != found[..] {
            *known = found.into();
        }
    }

    /// Looks whether it still lacks what it lacked.
    pub(crate) fn look_again(&self) {
        if !self.lacks().is_empty() {
            self.look();
        }
    }

    /// Returns a digest of what it is given, too short to find that by.
    fn given(&self, wanted: &Wanted) -> u32 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(Value::Object(wanted.settings.clone()).to_string().as_bytes());
        for name in self.config().grant_env {
            let value = std::env::var_os(&name).unwrap_or_default();
            hasher.update(name.as_bytes()).update(&[0]).update(value.as_encoded_bytes()).update(&[0]);
        }
        let [a, b, c, d, ..] = *hasher.finalize().as_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    fn origins(&self) -> Origins {
        let trust = match &self.origin {
            Origin::Registered(_) | Origin::Bundled(..) => Trust::Own,
            Origin::Identifier(located) if located.link => Trust::Own,
            Origin::Identifier(_) if self.installed().is_some() => Trust::Pinned,
            Origin::Identifier(_) => Trust::Unverified,
        };
        Origins { trust, bundled: matches!(self.origin, Origin::Bundled(..)) }
    }

    /// Returns whether the services that it needs run.
    pub(crate) fn services(&self) -> Services {
        self.wiring().map_or_else(|_| Services::running(), |wiring| wiring.services())
    }

    /// Returns whether a call would begin at once.
    pub(crate) fn is_warm(&self) -> bool {
        self.plugin.get().is_some_and(|plugin| plugin.state() == State::Ready) && self.services().running
    }
}
