//! A mode: a name, a sentence, and hooks into the good provider.

use std::fmt::Write;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::job::Job;
use crate::session::Session;
use crate::{declare, die, exit, frames, inspect, noise, outputs, reports, start, stuck};

/// A way to misbehave. What it does not hook is done well.
pub struct Mode {
    /// Its name, in kebab-case.
    pub name: &'static str,
    /// What it does.
    pub sentence: &'static str,
    /// Before the first line is read; prepares, and is no misbehaviour by itself.
    pub prepare: Option<fn(&mut Session)>,
    /// Before the first line is read.
    pub launch: Option<fn(&mut Session)>,
    /// Instead of the answer to `initialize`.
    pub initialize: Option<fn(&mut Session, u64)>,
    /// Alters the declaration; what it says is wrong.
    pub declare: Option<fn(&mut Value)>,
    /// Alters the declaration; what it says is true, and no misbehaviour.
    pub describe: Option<fn(&mut Value)>,
    /// Instead of the answer to `configure`.
    pub configure: Option<fn(&mut Session, u64)>,
    /// Instead of the work of `transform`.
    pub transform: Option<fn(&mut Session, Job)>,
    /// Makes the outputs of a `transform` that has a directory.
    pub outputs: Option<fn(&Session, &Path) -> io::Result<Value>>,
    /// Instead of refusing a `transform` over the limit.
    pub over_limit: Option<fn(&mut Session)>,
    /// Instead of the answer that a cancellation asks for.
    pub cancel: Option<fn(&mut Session, Job)>,
    /// Instead of the answer to `health`.
    pub health: Option<fn(&mut Session, u64)>,
    /// Instead of the answer to `ping`.
    pub ping: Option<fn(&mut Session, u64)>,
    /// Instead of the answer to `models`.
    pub models: Option<fn(&mut Session, u64)>,
    /// Instead of the answer to `shutdown`.
    pub shutdown: Option<fn(&mut Session, u64)>,
    /// At the end of stdin.
    pub eof: Option<fn(&mut Session)>,
}

/// A builder's step for each hook.
macro_rules! hooks {
    ($($hook:ident: $function:ty),* $(,)?) => {
        impl Mode {
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
    prepare: fn(&mut Session),
    launch: fn(&mut Session),
    initialize: fn(&mut Session, u64),
    declare: fn(&mut Value),
    describe: fn(&mut Value),
    configure: fn(&mut Session, u64),
    transform: fn(&mut Session, Job),
    outputs: fn(&Session, &Path) -> io::Result<Value>,
    over_limit: fn(&mut Session),
    cancel: fn(&mut Session, Job),
    health: fn(&mut Session, u64),
    ping: fn(&mut Session, u64),
    models: fn(&mut Session, u64),
    shutdown: fn(&mut Session, u64),
    eof: fn(&mut Session),
}

impl Mode {
    /// A mode without hooks, which is good.
    pub const fn new(name: &'static str, sentence: &'static str) -> Self {
        Self {
            name,
            sentence,
            prepare: None,
            launch: None,
            initialize: None,
            declare: None,
            describe: None,
            configure: None,
            transform: None,
            outputs: None,
            over_limit: None,
            cancel: None,
            health: None,
            ping: None,
            models: None,
            shutdown: None,
            eof: None,
        }
    }
}

static GOOD: Mode = Mode::new("good", "Is a correct provider.");

fn all() -> impl Iterator<Item = &'static Mode> {
    let modules = [
        start::MODES,
        declare::MODES,
        noise::MODES,
        frames::MODES,
        reports::MODES,
        stuck::MODES,
        die::MODES,
        inspect::MODES,
        outputs::MODES,
        exit::MODES,
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
