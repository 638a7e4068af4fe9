//! A build's output, line by line, in bounded memory.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest line that is kept whole. Cargo's messages, one a line, stay far below.
const MAX_LINE: usize = 1024 * 1024;
/// Longest line that is shown.
const MAX_SHOWN: usize = 2000;
/// Lines that an error quotes.
const TAIL: usize = 50;

/// A line of output without its end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    bytes: &'a [u8],
    whole: bool,
}

impl Line<'_> {
    /// Returns the bytes of a line that was not cut.
    pub fn whole(&self) -> Option<&[u8]> {
        self.whole.then_some(self.bytes)
    }

    /// Returns the line as a terminal may have it: cut, and without control characters.
    pub fn shown(&self) -> String {
        let text = String::from_utf8_lossy(&self.bytes[..self.bytes.len().min(MAX_SHOWN)]);
        text.chars().filter(|c| *c == '\t' || !c.is_control()).collect()
    }
}

/// Calls `each` with every line until the stream ends. A carriage return ends a line too, as progress
/// bars use it; empty lines between the two are left out.
pub(super) async fn each(mut stream: impl AsyncRead + Unpin, mut each: impl FnMut(Line<'_>)) {
    let mut chunk = vec![0; 16 * 1024];
    let mut line = Vec::new();
    let mut whole = true;
    // An error of a pipe is its end.
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        for part in chunk[..count].split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, ends) = match part.split_last() {
                Some((b'\n' | b'\r', text)) => (text, true),
                _ => (part, false),
            };
            let room = MAX_LINE - line.len();
            whole &= text.len() <= room;
            line.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                if !line.is_empty() {
                    each(Line { bytes: &line, whole });
                }
                line.clear();
                whole = true;
            }
        }
    }
    if !line.is_empty() {
        each(Line { bytes: &line, whole });
    }
}

/// The last lines of a build.
#[derive(Debug, Default)]
pub(crate) struct Tail(Mutex<VecDeque<String>>);

impl Tail {
    pub(crate) fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == TAIL {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    pub(crate) fn into_lines(self) -> Vec<String> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &[u8]) -> Vec<(String, bool)> {
        let mut lines = Vec::new();
        each(input, |line| lines.push((line.shown(), line.whole().is_some()))).await;
        lines
    }

    #[tokio::test]
    async fn ends_of_every_kind() {
        let shown: Vec<_> = lines(b"a\r\nb\n10%\r20%\r\n\n\x1b[1mc").await.into_iter().map(|(line, _)| line).collect();
        assert_eq!(shown, ["a", "b", "10%", "20%", "[1mc"]);
    }

    #[tokio::test]
    async fn an_endless_line_is_cut_and_the_next_is_whole() {
        let mut input = vec![b'x'; MAX_LINE * 3];
        input.extend_from_slice(b"\nnext");
        let lines = lines(&input).await;
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0].0.len(), lines[0].1), (MAX_SHOWN, false));
        assert_eq!(lines[1], ("next".to_owned(), true));
    }

    #[test]
    fn the_tail_is_short() {
        let tail = Tail::default();
        (0..120).for_each(|number| tail.push(number.to_string()));
        let lines = tail.into_lines();
        assert_eq!((lines.len(), &*lines[0], &*lines[49]), (50, "70", "119"));
    }
}
