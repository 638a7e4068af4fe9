//! A secret of the user's: typed on a terminal, which does not show it, or read from stdin.

use std::io::{IsTerminal as _, Read as _, Stdin, Write as _, stdin};

use prizm_registry::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::output::printable;

/// Longest secret, in bytes.
const LIMIT: u64 = 64 * 1024;

/// Reads a secret, without the end of its line.
pub(crate) async fn read(prompt: &str) -> Result<Secret, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("the key cannot be read: {error}"));
    // Whatever becomes of this, also an interrupt, the terminal shows again what is typed.
    let silence = if stdin().is_terminal() { Some(Silence::begin().map_err(unreadable)?) } else { None };
    let is_typed = silence.is_some();
    if is_typed {
        let mut stderr = std::io::stderr().lock();
        // Where nobody sees the question, the answer is still read.
        let _ = write!(stderr, "{}", printable(prompt)).and_then(|()| stderr.flush());
    }
    // A thread of its own, because nobody can take a read back: an interrupt must not wait for its end.
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || drop(sender.send(read_from(&stdin(), is_typed))));
    let bytes = receiver.await.unwrap_or_else(|_| Err(std::io::ErrorKind::BrokenPipe.into())).map_err(unreadable)?;
    drop(silence);
    if bytes.len() as u64 > LIMIT {
        return Err(Failure::usage("the key has more than 64 KiB").hint("is this the right file?"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| Failure::usage("the key is no UTF-8 text"))?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    if text.chars().any(char::is_control) {
        return Err(Failure::usage("the key has several lines, or control characters").hint("give the key alone"));
    }
    Ok(Secret::from(text))
}

fn read_from(stdin: &Stdin, one_line: bool) -> std::io::Result<Vec<u8>> {
    if one_line {
        let mut line = String::new();
        return stdin.read_line(&mut line).map(|_| line.into_bytes());
    }
    let mut bytes = Vec::new();
    stdin.lock().take(LIMIT + 1).read_to_end(&mut bytes).map(|_| bytes)
}

/// A terminal that does not show what is typed.
struct Silence(Termios);

impl Silence {
    fn begin() -> std::io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        silent.local_modes.insert(LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        tcsetattr(stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // Nothing can be done where the terminal is gone.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &self.0);
    }
}
