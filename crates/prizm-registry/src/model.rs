//! A model in one's hand.

use std::sync::Arc;

use prizm_host::{ModelInfo, ProviderInfo};
use prizm_protocol::{Capability, MediaKind};

use crate::entry::Entry;
use crate::surroundings::Surroundings;
use crate::{Error, ErrorKind, Media, Result, Transform};

/// A model of a provider.
#[derive(Clone)]
pub struct Model {
    pub(crate) entry: Arc<Entry>,
    pub(crate) around: Arc<Surroundings>,
    pub(crate) provider: Arc<ProviderInfo>,
    pub(crate) index: usize,
}

impl Model {
    pub(crate) fn new(entry: Arc<Entry>, around: Arc<Surroundings>, provider: Arc<ProviderInfo>, index: usize) -> Self {
        Self { entry, around, provider, index }
    }

    /// Returns its id.
    pub fn id(&self) -> &str {
        self.info().id.as_str()
    }

    /// Returns what was declared of it.
    pub fn info(&self) -> &ModelInfo {
        &self.provider.models[self.index]
    }

    /// Returns the provider that it belongs to.
    pub fn provider(&self) -> &ProviderInfo {
        &self.provider
    }

    /// Makes a transform of a medium. Nothing happens until it is awaited.
    pub fn transform(&self, input: impl Into<Media>) -> Transform {
        Transform::new(self.clone(), input.into())
    }

    /// Returns the capability that takes one kind and gives another, where given.
    ///
    /// # Errors
    /// It has none, or several.
    pub fn capability_for(&self, input: MediaKind, output: Option<MediaKind>) -> Result<Capability> {
        let fits = |capability: &&Capability| {
            capability.input() == Some(input) && output.is_none_or(|output| capability.output() == Some(output))
        };
        let capabilities = &self.info().capabilities;
        let found: Vec<_> = capabilities.iter().filter(fits).collect();
        let list = |items: &mut dyn Iterator<Item = &Capability>| {
            items.map(|capability| format!("`{capability}`")).collect::<Vec<_>>().join(", ")
        };
        match found[..] {
            [only] => Ok(only.clone()),
            [] => Err(Error::new(ErrorKind::Usage, format!("model `{}` takes no {input}", self.id()))
                .hinted(format!("it has {}", list(&mut capabilities.iter())))),
            _ => Err(Error::new(ErrorKind::Usage, format!("model `{}` can do several things with {input}", self.id()))
                .hinted(format!("choose one of {}", list(&mut found.into_iter())))),
        }
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Model({}/{})", self.provider.id, self.id())
    }
}
