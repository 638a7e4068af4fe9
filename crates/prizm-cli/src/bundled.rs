//! The providers and services that come with `prizm`.

use std::process::ExitCode;

use prizm_registry::{Bundled, Embedded, Keeper, PluginCommand, Registry, RegistryBuilder};

use crate::failure::Failure;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The hidden first argument with which the program is one of its own providers.
const PLUGIN: &str = "__plugin";

/// A bundled provider that is part of the program: its id, its manifest and what serves it.
type Linked = (&'static str, &'static str, fn() -> ExitCode);

/// Bundled providers that are part of the program.
const LINKED: &[Linked] = &[
    // One a line: `cargo xtask new` adds to them.
    ("canvas", prizm_canvas::MANIFEST, prizm_canvas::serve),
    ("relief", prizm_relief::MANIFEST, prizm_relief::serve),
];

/// Serves a bundled provider where the program was started as one.
pub(crate) fn serve_if_asked() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    if args.next()? != PLUGIN {
        return None;
    }
    let asked = args.next()?;
    LINKED.iter().find(|(id, ..)| asked == *id).map(|(_, _, serve)| serve())
}

/// Starts making a registry that knows the bundled providers.
pub(crate) fn builder() -> Result<RegistryBuilder, Failure> {
    let program =
        std::env::current_exe().map_err(|error| Failure::io(format!("cannot find the program itself: {error}")))?;
    let meta = std::fs::metadata(&program).map_err(|error| Failure::io(error.to_string()))?;
    let stamp = format!("{} {} {:?}", program.display(), meta.len(), meta.modified().ok());
    // What keeps a service is this program again, so that it outlives the command that started it.
    let keeper = [program.as_os_str(), "service".as_ref(), "keep".as_ref()];
    let mut builder = Registry::builder().keeper(Keeper::program(keeper));
    for (id, manifest, _) in LINKED {
        let command = PluginCommand::new(&program).arg(PLUGIN).arg(id);
        builder = builder.bundled(Bundled::command(manifest, command, &*stamp)?);
    }
    for files in EMBEDDED {
        builder = builder.embedded(Embedded::of(files)?);
    }
    Ok(builder)
}
