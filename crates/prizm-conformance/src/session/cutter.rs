//! Bytes of stdout to lines, with what stands around them, in bounded memory.

/// How much of a line over the limit is kept.
const HEAD: usize = 4096;

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut<'a> {
    /// Its bytes, without line end; only its head where it is over the limit.
    pub(crate) line: &'a [u8],
    /// Its whole length.
    pub(crate) size: u64,
    /// Whether an LF ended it.
    pub(crate) ended: bool,
}

/// Cuts bytes into lines.
#[derive(Debug)]
pub(crate) struct Cutter {
    limit: usize,
    partial: Vec<u8>,
    size: u64,
}

impl Cutter {
    /// Cuts into lines of which at most `limit` bytes are kept.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, partial: Vec::new(), size: 0 }
    }

    /// Takes the next bytes, and hands out each line that ends in them.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut sink: impl FnMut(Cut<'_>)) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.hold(&bytes[..end]);
            self.hand_out(true, &mut sink);
            bytes = &bytes[end + 1..];
        }
        self.hold(bytes);
    }

    /// Hands out what has no line end.
    pub(crate) fn finish(&mut self, mut sink: impl FnMut(Cut<'_>)) {
        if self.size > 0 {
            self.hand_out(false, &mut sink);
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        if self.size <= self.limit as u64 + 1 {
            self.partial.extend_from_slice(bytes);
        } else {
            let missing = HEAD.saturating_sub(self.partial.len()).min(bytes.len());
            self.partial.extend_from_slice(&bytes[..missing]);
            self.partial.truncate(HEAD);
            self.partial.shrink_to(HEAD);
        }
    }

    fn hand_out(&mut self, ended: bool, sink: &mut impl FnMut(Cut<'_>)) {
        let (mut line, mut size) = (&self.partial[..], self.size);
        if let (Some(cut), true) = (line.strip_suffix(b"\r"), line.len() as u64 == size) {
            (line, size) = (cut, size - 1);
        }
        sink(Cut { line, size, ended });
        self.partial.clear();
        self.partial.shrink_to(64 * 1024);
        self.size = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(limit: usize, chunks: &[&[u8]]) -> Vec<(String, u64, bool)> {
        let mut cutter = Cutter::new(limit);
        let mut lines = Vec::new();
        let mut sink = |cut: Cut<'_>| lines.push((String::from_utf8_lossy(cut.line).into_owned(), cut.size, cut.ended));
        for chunk in chunks {
            cutter.feed(chunk, &mut sink);
        }
        cutter.finish(&mut sink);
        lines
    }

    #[test]
    fn blank_lines_and_ends_are_told() {
        let expected = [("", 0, true), ("a", 1, true), ("", 0, true), ("b", 1, false)];
        let expected = expected.map(|(line, size, ended)| (line.to_owned(), size, ended));
        assert_eq!(cut(10, &[b"\na\r", b"\n\r\nb"]), expected);
    }

    #[test]
    fn a_long_line_is_counted_and_not_kept() {
        let long = vec![b'x'; 3 << 20];
        let lines = cut(1 << 20, &[&long, &long, b"\nnext\n"]);
        assert_eq!(lines[0].1, 6 << 20);
        assert!(lines[0].0.len() <= HEAD, "{}", lines[0].0.len());
        assert_eq!(lines[1], ("next".to_owned(), 4, true));
    }

    #[test]
    fn a_line_at_the_limit_is_whole() {
        let line = "y".repeat(100);
        assert_eq!(cut(100, &[line.as_bytes(), b"\r\n"]), [(line, 100, true)]);
    }
}
