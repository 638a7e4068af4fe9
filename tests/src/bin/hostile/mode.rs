//! A mode: a name, a sentence, and hooks into the good provider.

use std::fmt::Write;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::job::Job;
use crate::message::Request;
use crate::session::Session;
use crate::{
    channel, concurrency, declare, die, errors, exit, frames, inspect, methods, noise, opening, outputs, places,
    reading, reports, start, stuck, work,
};

/// What a hook did with what it was shown.
#[derive(PartialEq)]
pub enum Deed {
    /// Nothing: the good provider does its work.
    Nothing,
    /// It changed it, and the good provider goes on with that. This is misbehaviour.
    Bent,
    /// It dealt with it itself. This is misbehaviour.
    Done,
}

/// A mode's fields, and a builder's step for each.
macro_rules! hooks {
    ($($(#[doc = $doc:literal])+ $hook:ident: $function:ty),* $(,)?) => {
        /// A way to misbehave. What it does not hook is done well.
        pub struct Mode {
            /// Its name, in kebab-case.
            pub name: &'static str,
            /// What it does.
            pub sentence: &'static str,
            $($(#[doc = $doc])+ pub $hook: Option<$function>,)*
        }

        impl Mode {
            /// A mode without hooks, which is good.
            pub const fn new(name: &'static str, sentence: &'static str) -> Self {
                Self { name, sentence, $($hook: None),* }
            }

            $(
                #[doc = concat!("Hooks `", stringify!($hook), "`.")]
                pub const fn $hook(mut self, hook: $function) -> Self {
                    self.$hook = Some(hook);
                    self
                }
            )*
        }
    };
}

hooks! {
    /// Before the first line is read; prepares, and is no misbehaviour by itself.
    prepare: fn(&mut Session),
    /// Instead of the refusal to run without the cookie.
    cookieless: fn(&mut Session),
    /// Before the first line is read.
    launch: fn(&mut Session),
    /// Sees each line before it is understood.
    line: fn(&mut Session, &[u8]) -> Deed,
    /// Instead of going on after a line over the limit.
    oversized: fn(&mut Session),
    /// Sees each request before it is checked.
    asked: fn(&mut Session, &mut Request) -> Deed,
    /// Instead of ignoring a notification that it does not know.
    unknown_notification: fn(&mut Session),
    /// Alters a message before it is written; returns whether it did.
    sends: fn(&mut Value) -> bool,
    /// Instead of the answer to `initialize`.
    initialize: fn(&mut Session, u64),
    /// Alters the declaration; what it says is wrong.
    declare: fn(&mut Value),
    /// Alters the declaration; what it says is true, and no misbehaviour.
    describe: fn(&mut Value),
    /// Instead of the answer to `configure`.
    configure: fn(&mut Session, u64),
    /// Instead of the work of `transform`.
    transform: fn(&mut Session, Job),
    /// Makes the outputs of a `transform` that has a directory and makes pictures.
    outputs: fn(&Session, &Path) -> io::Result<Value>,
    /// Instead of refusing a `transform` over the limit.
    over_limit: fn(&mut Session, u64),
    /// Instead of the answer that a cancellation asks for.
    cancel: fn(&mut Session, Job),
    /// Instead of ignoring the cancellation of what is not in flight.
    cancel_unknown: fn(&mut Session),
    /// Instead of the answer to `health`.
    health: fn(&mut Session, u64),
    /// Instead of the answer to `ping`.
    ping: fn(&mut Session, u64),
    /// Instead of the answer to `models`.
    models: fn(&mut Session, u64),
    /// Instead of the answer to `shutdown`.
    shutdown: fn(&mut Session, u64),
    /// Instead of the end that `exit` asks for.
    exit: fn(&mut Session),
    /// Whether it stays at the end of stdin, deaf.
    stays: fn(&Session) -> bool,
}

static GOOD: Mode = Mode::new("good", "Is a correct provider.");

fn all() -> impl Iterator<Item = &'static Mode> {
    let modules = [
        channel::MODES,
        reading::MODES,
        noise::MODES,
        frames::MODES,
        opening::MODES,
        start::MODES,
        declare::MODES,
        methods::MODES,
        work::MODES,
        outputs::MODES,
        places::MODES,
        reports::MODES,
        concurrency::MODES,
        stuck::MODES,
        errors::MODES,
        die::MODES,
        exit::MODES,
        inspect::MODES,
    ];
    std::iter::once(&GOOD).chain(modules.into_iter().flatten())
}

/// The mode of this name.
pub fn find(name: &str) -> Option<&'static Mode> {
    all().find(|mode| mode.name == name)
}

/// Every mode, a line each.
pub fn list() -> String {
    let mut text = String::new();
    for mode in all() {
        let _ = writeln!(text, "{:32} {}", mode.name, mode.sentence);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_sentences_are_whole() {
        let mut names = BTreeSet::new();
        for mode in all() {
            assert!(names.insert(mode.name), "{} is there twice", mode.name);
            assert!(
                mode.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{}",
                mode.name
            );
            assert!(mode.sentence.ends_with('.'), "{}: {}", mode.name, mode.sentence);
        }
        assert!(list().lines().count() == names.len());
    }
}
