//! How a command gets its registry.

use std::sync::Arc;
use std::time::Duration;

use prizm_registry::{Mode, Registry, Reporter};

use crate::approve::User;
use crate::args::Global;
use crate::bundled;
use crate::failure::Failure;
use crate::progress::Bar;

/// Opens the registry as the global options say. Installs show their progress on the bar.
pub(crate) fn registry(global: &Global, bar: &Bar) -> Result<Registry, Failure> {
    let builder = bundled::builder()?.mode(mode(global)).approver(Arc::new(User::new(global, bar)));
    Ok(builder.reporter(Arc::new(bar.clone())).build()?)
}

/// Opens the registry for the author of a provider, who is told of builds and whose provider is not stopped
/// while nobody uses it. A directory of theirs raises no question of trust.
pub(crate) fn for_author(global: &Global, reporter: Arc<dyn Reporter>) -> Result<Registry, Failure> {
    let builder = bundled::builder()?.mode(mode(global)).idle_stop(Duration::MAX);
    Ok(builder.reporter(reporter).build()?)
}

fn mode(global: &Global) -> Mode {
    Mode { locked: global.locked || global.frozen, offline: global.offline || global.frozen }
}
