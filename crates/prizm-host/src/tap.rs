//! Looking on: all that passes between the host and a plugin's processes, for the plugin's author.

mod wiretap;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use wiretap::{Turn, Wiretap};

/// Longest part of a frame's body that a tap hears, in bytes.
const BODY_LIMIT: usize = 64 * 1024;

/// Hears all that passes between the host and the processes of a plugin.
///
/// It is called synchronously, in the order of the wire: a request before its answer, an answer before what
/// the host sends because of it. Whatever it does delays the plugin, so it must be quick: it hands on what
/// it hears. It must not call the plugin. Secrets are hidden from it, and long frames are cut.
///
/// ```
/// use prizm_host::{Heard, PluginCommand, PluginSpec, Tap};
///
/// let tap = Tap::new(|pid, heard| {
///     if let Heard::Stderr { line } = heard {
///         eprintln!("{pid}: {line}");
///     }
/// });
/// let spec = PluginSpec { tap: Some(tap), ..PluginSpec::new(PluginCommand::new("./echo")) };
/// ```
#[derive(Clone)]
pub struct Tap(Arc<Listener>);

type Listener = dyn Fn(u32, &Heard<'_>) + Send + Sync;

impl Tap {
    /// Makes a tap of what is called with a process's id and what was heard of it.
    pub fn new(listener: impl Fn(u32, &Heard<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

/// Something that a [`Tap`] hears.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Heard<'a> {
    /// The process was started.
    Started {
        /// Its command line.
        command: &'a str,
    },
    /// The host sent a frame.
    Sent(Frame<'a>),
    /// The plugin sent a frame.
    Received(Frame<'a>),
    /// The plugin wrote to its stdout what is no frame, or one that belongs to nothing.
    Noise {
        /// The line: its beginning, where it is long.
        line: &'a str,
        /// How many bytes it has.
        size: u64,
        /// Why it is noise.
        reason: &'a str,
    },
    /// The plugin wrote a line to its stderr.
    Stderr {
        /// The line.
        line: &'a str,
    },
    /// The process ended.
    Ended {
        /// How, in a sentence.
        how: &'a str,
        /// Whether it ended against the host's will.
        failed: bool,
        /// What to do about it.
        hint: Option<&'a str>,
    },
}

/// A frame, as it is on the wire.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// What it is.
    pub kind: FrameKind<'a>,
    /// The id of the call that it makes, answers, or says something about.
    pub id: Option<u64>,
    /// Its method; that of the call, where it is an answer.
    pub method: Option<&'a str>,
    /// The method of the call of this id.
    pub call: Option<&'a str>,
    /// Its params, its result or its error: JSON, in which secrets are hidden.
    pub body: &'a str,
    /// Whether the body is only the beginning of a long one.
    pub cut: bool,
    /// How many bytes the frame has.
    pub size: usize,
    /// How long the call took that it answers.
    pub elapsed: Option<Duration>,
}

/// What a frame is.
#[derive(Clone, Debug)]
pub enum FrameKind<'a> {
    /// It wants an answer.
    Request,
    /// It wants none.
    Notification,
    /// It answers with a result.
    Result,
    /// It answers with an error.
    Error {
        /// The number of the error.
        code: i64,
        /// The stable name of the error, where it has one.
        kind: Option<&'a str>,
        /// What it says.
        message: &'a str,
    },
}
