//! Bytes to lines, in bounded memory.

use super::id_of_truncated_response;

/// How much of an oversized line is kept, to tell which call it answers and to quote it.
const HEAD: usize = 4096;

/// What a [`LineDecoder`] hands out.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line within the limit, without its line end; never blank.
    Whole(&'a [u8]),
    /// A line over the limit; the rest of it has been discarded.
    Oversized {
        /// Its length in bytes.
        size: u64,
        /// The call that it answers, where that can be told.
        id: Option<u64>,
        /// Its first bytes.
        head: &'a [u8],
    },
}

/// Cuts a stream of bytes into lines.
///
/// A line ends in LF or CRLF; blank lines and a byte order mark at the very start are skipped. No
/// more than `limit` bytes are ever held: what is longer is counted and discarded up to its end.
///
/// ```
/// use prizm_protocol::frame::{Line, LineDecoder};
///
/// let mut decoder = LineDecoder::new(16);
/// let mut lines = Vec::new();
/// decoder.feed(b"one\r\n\ntw", |line| lines.push(format!("{line:?}")));
/// decoder.feed(b"o\n", |line| lines.push(format!("{line:?}")));
/// assert_eq!(lines, [format!("{:?}", Line::Whole(b"one")), format!("{:?}", Line::Whole(b"two"))]);
/// ```
#[derive(Debug)]
pub struct LineDecoder {
    limit: usize,
    partial: Vec<u8>,
    /// Bytes of the current line that were thrown away; the line is oversized when it is not 0.
    discarded: u64,
    at_start: bool,
}

impl LineDecoder {
    /// Makes a decoder for lines of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, partial: Vec::new(), discarded: 0, at_start: true }
    }

    /// Takes the next bytes and hands every line that they complete to `sink`.
    pub fn feed(&mut self, mut bytes: &[u8], mut sink: impl FnMut(Line<'_>)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (rest_of_line, after) = (&bytes[..end], &bytes[end + 1..]);
            if self.partial.is_empty() && self.discarded == 0 && end <= self.limit {
                emit(&mut self.at_start, rest_of_line, &mut sink);
            } else {
                self.hold(rest_of_line);
                self.finish_line(&mut sink);
            }
            bytes = after;
        }
        self.hold(bytes);
    }

    /// Ends the stream: hands out a last line that has no line end.
    pub fn finish(&mut self, mut sink: impl FnMut(Line<'_>)) {
        self.finish_line(&mut sink);
    }

    /// Returns how many bytes of a line that has not ended have been read, kept or not.
    pub fn unfinished(&self) -> u64 {
        self.partial.len() as u64 + self.discarded
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.discarded == 0 && self.partial.len() + bytes.len() <= self.limit {
            self.partial.extend_from_slice(bytes);
            return;
        }
        let total = self.partial.len() as u64 + self.discarded + bytes.len() as u64;
        let missing = HEAD.min(self.limit).saturating_sub(self.partial.len()).min(bytes.len());
        self.partial.extend_from_slice(&bytes[..missing]);
        self.partial.truncate(HEAD);
        self.partial.shrink_to(HEAD);
        self.discarded = total - self.partial.len() as u64;
    }

    fn finish_line(&mut self, sink: &mut impl FnMut(Line<'_>)) {
        if self.discarded > 0 {
            self.at_start = false;
            let size = self.partial.len() as u64 + self.discarded;
            let id = id_of_truncated_response(&self.partial);
            sink(Line::Oversized { size, id, head: &self.partial });
            self.discarded = 0;
        } else {
            emit(&mut self.at_start, &self.partial, sink);
        }
        self.partial.clear();
        // One large frame must not pin its size for the rest of an idle plugin's life.
        self.partial.shrink_to(64 * 1024);
    }
}

fn emit(at_start: &mut bool, mut line: &[u8], sink: &mut impl FnMut(Line<'_>)) {
    if std::mem::take(at_start) {
        line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    }
    line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.trim_ascii().is_empty() {
        sink(Line::Whole(line));
    }
}
