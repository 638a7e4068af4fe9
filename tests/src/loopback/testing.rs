//! A client that takes what it gets.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// An answer as it came over the wire.
pub(crate) struct Got {
    pub(crate) head: String,
    /// The body without the sizes of its chunks.
    pub(crate) body: Vec<u8>,
    /// Whether the server ended it as HTTP has it.
    pub(crate) whole: bool,
}

impl Got {
    pub(crate) fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Asks for a path and reads what comes until the server ends or is silent for so long.
pub(crate) fn get(url: &str, path: &str, headers: &[(&str, &str)], patience: Duration) -> Got {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("a connection");
    stream.set_read_timeout(Some(patience)).expect("a deadline");
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: loopback\r\nconnection: close\r\n{headers}\r\n").expect("a request");
    let mut read = Vec::new();
    let ended = match stream.read_to_end(&mut read) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
        Err(error) => panic!("{url}{path}: {error}"),
    };
    let end = read.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(read.len());
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let body = read.get(end + 4..).unwrap_or_default();
    let mut got = Got { head, body: body.to_vec(), whole: ended && !read.is_empty() };
    if got.header("transfer-encoding") == Some("chunked") {
        (got.body, got.whole) = unchunk(body);
    }
    got
}

fn unchunk(mut body: &[u8]) -> (Vec<u8>, bool) {
    let mut plain = Vec::new();
    while let Some(end) = body.windows(2).position(|window| window == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).ok().and_then(|size| usize::from_str_radix(size, 16).ok());
        let Some(size) = size.filter(|size| body.len() >= end + 4 + size) else { break };
        if size == 0 {
            return (plain, true);
        }
        plain.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
    (plain, false)
}
