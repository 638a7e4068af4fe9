//! What can go wrong between a server and its client.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Answer, HangUp, Request};

/// What a client gets in place of the answer, or how the answer goes wrong.
///
/// Offsets count bytes of the payload from its first: of the pack inside the protocol, of the tarball. One
/// that lies beyond its payload makes the server panic, and so the test in which the server is dropped.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Silence: not even a header.
    Hang,
    /// The connection ends without an answer.
    HangUp,
    /// This status, with a body that says so.
    Status(u16),
    /// This status, and after how many seconds to come again.
    RetryAfter(u16, u64),
    /// 401 without this name and password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// 401 without this token.
    Bearer(String),
    /// What is asked for is to be found under another base, on any host, of any scheme, or under a path
    /// of this one. The base stands for the repository's URL, or for the registry's.
    RedirectTo(String),
    /// What is asked for is to be found where it was asked for.
    RedirectLoop,
    /// A page that asks people to sign in.
    Html,
    /// So many bytes of the payload, then silence.
    HangAfter(usize),
    /// So many bytes of the payload, then a regular end.
    Truncate(usize),
    /// At most so many bytes of the payload, then the connection ends.
    Disconnect(usize),
    /// A bit of this byte of the payload is another one.
    FlipBit(usize),
    /// The answer comes in pieces of so many bytes, and a pause after each.
    Drip {
        /// The size of a piece.
        bytes: usize,
        /// The pause.
        every: Duration,
    },
    /// A payload that looks right and never ends.
    Endless,
}

/// A part of what a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What there is: the refs of a repository, the packument of a package.
    Index,
    /// The thing itself: a pack, a tarball.
    Payload,
}

/// A fault, which part it befalls and how often.
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    part: Option<Part>,
    left: Option<u32>,
}

impl Fault {
    /// Befalls one part only. Otherwise a fault befalls both, and one of the payload that part.
    pub fn at(self, part: Part) -> Rule {
        Rule { part: Some(part), ..self.into() }
    }

    /// Befalls the first so many requests only.
    pub fn times(self, times: u32) -> Rule {
        Rule::from(self).times(times)
    }

    /// Returns what the client gets in place of an answer: `rest` is the target without its base.
    pub(crate) async fn instead(&self, request: &Request, rest: &str) -> Result<Option<Answer>, HangUp> {
        let instead = match self {
            Self::Hang => std::future::pending().await,
            Self::HangUp => return Err(HangUp),
            Self::Status(401) => challenge("Basic realm=\"loopback\""),
            Self::Status(status) => status_page(*status),
            Self::RetryAfter(status, seconds) => status_page(*status).with("retry-after", seconds.to_string()),
            Self::Basic { user, password } if request.authorization() != Some(&basic(user, password)) => {
                challenge("Basic realm=\"loopback\"")
            }
            Self::Bearer(token) if request.authorization() != Some(&format!("Bearer {token}")) => challenge("Bearer"),
            Self::RedirectTo(base) => redirect(request, &format!("{base}{rest}")),
            Self::RedirectLoop => redirect(request, &request.target),
            Self::Html => Answer::new(200, "text/html; charset=utf-8", SIGN_IN),
            _ => return Ok(None),
        };
        Ok(Some(instead))
    }
}

const SIGN_IN: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n";

impl Rule {
    /// Befalls the first so many requests only.
    pub fn times(self, times: u32) -> Self {
        Self { left: Some(times), ..self }
    }
}

impl From<Fault> for Rule {
    fn from(fault: Fault) -> Self {
        use Fault::{Disconnect, Drip, Endless, FlipBit, HangAfter, Truncate};
        let of_payload =
            matches!(fault, Disconnect(_) | Drip { .. } | Endless | FlipBit(_) | HangAfter(_) | Truncate(_));
        Self { fault, part: of_payload.then_some(Part::Payload), left: None }
    }
}

/// Returns what a client sends as `Authorization`.
pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn challenge(scheme: &str) -> Answer {
    status_page(401).with("www-authenticate", scheme)
}

fn status_page(status: u16) -> Answer {
    Answer::new(status, "application/json", format!("{{\"error\":\"status {status}\"}}\n"))
}

fn redirect(request: &Request, location: &str) -> Answer {
    let status = if request.method == "GET" { 302 } else { 307 };
    status_page(status).with("location", location)
}

/// The name under which a rule is for everything that a server has.
const EVERYTHING: &str = "*";

/// The rules of a server, each under the name of what it befalls.
#[derive(Debug, Default)]
pub(crate) struct Rules(Mutex<Vec<(String, Rule)>>);

impl Rules {
    pub(crate) fn add(&self, name: &str, rule: Rule) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), rule));
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns what befalls a request, in the order in which it was set.
    pub(crate) fn befall(&self, name: &str, part: Part) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, rule) in rules.iter_mut() {
            let meant = key == name || key == EVERYTHING;
            if !meant || rule.part.is_some_and(|of| of != part) || rule.left == Some(0) {
                continue;
            }
            rule.left = rule.left.map(|left| left - 1);
            faults.push(rule.fault.clone());
        }
        faults
    }
}
