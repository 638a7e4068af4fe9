//! How a command gets its registry.

use std::sync::Arc;

use prizm_registry::{Mode, Registry};

use crate::approve::User;
use crate::args::Global;
use crate::bundled;
use crate::failure::Failure;
use crate::progress::Bar;

/// Opens the registry as the global options say. Installs show their progress on the bar.
pub(crate) fn registry(global: &Global, bar: &Bar) -> Result<Registry, Failure> {
    let mode = Mode { locked: global.locked || global.frozen, offline: global.offline || global.frozen };
    let builder = bundled::builder()?.mode(mode).approver(Arc::new(User::new(global, bar)));
    Ok(builder.reporter(Arc::new(bar.clone())).build()?)
}
