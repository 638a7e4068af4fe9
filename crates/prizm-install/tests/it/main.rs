//! Real builds, by real processes, of sources made for the purpose. Packages come from a registry on this
//! machine and, where real ones count, from the one that npm or pip is configured for.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod builds;
mod bundled;
mod cancel;
mod common;
mod home;
mod in_place;
mod installs;
mod node;
mod python;
mod registry;
mod services;
mod store;
mod typescript;
