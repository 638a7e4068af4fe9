//! `prizm dev`: for the author of a provider, who changes it and looks on.
//!
//! ```text
//! files ──► watch ──► builder ──► served ◄── commands ◄── prompt ◄── the author
//!                        │          │
//!                        │          └──► tap on the wire ──┐
//!                        └──► stages and output ───────────┴──► screen ──► the author
//! ```

mod builder;
mod command;
mod complete;
mod event;
mod filter;
mod job;
mod json_text;
mod prompt;
mod screen;
mod session;
mod show;
mod sources;
mod watch;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;

use crate::args::{Dev, Global};
use crate::failure::Failure;
use crate::{interrupt, open, options, output};

use builder::Builder;
use event::{Event, What};
use filter::Filter;
use prompt::Prompt;
use screen::Screen;
use session::{End, Session};
use watch::Watch;

pub(crate) async fn dev(args: &Dev, global: &Global) -> Result<ExitCode, Failure> {
    match develop(args, global).await {
        Ok(code) => Ok(ExitCode::from(code)),
        // The stream of events goes on to its end.
        Err(failure) if global.json => {
            let code = failure.code();
            output::result(&Event { at: Timestamp::now(), what: What::Error(failure) }.document().to_string());
            Ok(ExitCode::from(code))
        }
        Err(failure) => Err(failure),
    }
}

async fn develop(args: &Dev, global: &Global) -> Result<u8, Failure> {
    let directory = directory(&args.directory)?;
    let settings = options::untyped(&args.settings, "--set")?;
    let (prompt, printer) = Prompt::open(global.json);
    let filter = Filter { only: args.methods.clone(), hidden: args.hide.clone() };
    let (screen, end) = Screen::start(global, filter, printer);
    let registry = open::for_author(global, Arc::new(screen.clone()))?;
    let watch = (!args.no_watch).then(|| Watch::start(&directory, &screen));
    greet(&directory, args, &prompt, &screen);
    prompt.begin(&screen);
    let settings = Arc::new(Mutex::new(settings));
    let builder = Builder { registry: registry.clone(), directory, settings, screen: screen.clone() };
    let mut session = Session::new(builder, prompt, watch);
    let ended = session.run().await;
    session.close();
    screen.direct();
    interrupt::or_second_interrupt(async {
        tokio::join!(registry.shutdown(), session.stopped());
    })
    .await;
    screen.close(&end);
    match ended? {
        End::Done(code) => Ok(code),
        End::Interrupted => Ok(130),
    }
}

fn directory(path: &Path) -> Result<PathBuf, Failure> {
    let shown = path.display();
    let found = path.canonicalize().map_err(|error| {
        Failure::not_found(format!("`{shown}` cannot be developed: {error}"))
            .hint("name the directory that holds the provider; `prizm new` makes one")
    })?;
    if !found.is_dir() {
        return Err(Failure::usage(format!("`{shown}` is no directory")).hint("name the directory that holds it"));
    }
    Ok(found)
}

fn greet(directory: &Path, args: &Dev, prompt: &Prompt, screen: &Screen) {
    let watched = if args.no_watch { "" } else { "; it is built again when it changes" };
    screen.note(format!("{}{watched}", directory.display()));
    if prompt.is_interactive() {
        screen.note("type a text to run it, `help` for more, Ctrl-C to leave");
    }
}
