//! Asks a plugin what it declares, once, and gives it nothing.

use std::sync::Arc;

use crate::instance::Instance;
use crate::{Error, PluginSpec, ProviderInfo};

/// Starts a plugin, shakes hands, checks what it declares, and stops it. It is not configured, so it
/// learns no settings and no secrets, and one that needs some can be asked all the same.
///
/// Dropping the future kills the plugin.
///
/// # Errors
/// It cannot be started, does not answer `initialize` in time, or what it declares is not valid.
pub async fn probe(spec: &PluginSpec) -> Result<Arc<ProviderInfo>, Error> {
    let label = spec.command.argv().next().unwrap_or_default().to_string_lossy().into_owned();
    let (instance, _signals) = Instance::start(spec, &label, None).await?;
    let info = instance.info();
    instance.stop().await;
    Ok(info)
}
