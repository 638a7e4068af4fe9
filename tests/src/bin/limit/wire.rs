//! What goes through the pipes: lines of bytes, or of JSON-RPC 2.0.

use std::borrow::Cow;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

/// What is said: a hundred plain characters.
const SAID: &str =
    "The quick brown fox jumps over the lazy dog; The quick brown fox jumps over the lazy dog; The quick ";

/// How a call and its answer are written.
pub trait Wire {
    /// Adds a call to what is sent.
    fn call(out: &mut Vec<u8>, id: u64);

    /// Adds a call that is never answered.
    fn hang(out: &mut Vec<u8>, id: u64);

    /// Returns whether a line is the answer to a call: what was said.
    fn is_answer(line: &[u8]) -> io::Result<bool>;

    /// Adds the plugin's answer to a line to what is sent.
    fn answer(line: &[u8], out: &mut Vec<u8>) -> io::Result<()>;
}

/// A line comes back as it is; one that begins with `!` does not, and one with `/` is a file to copy.
pub struct Bytes;

impl Wire for Bytes {
    fn call(out: &mut Vec<u8>, _id: u64) {
        out.extend_from_slice(SAID.as_bytes());
        out.push(b'\n');
    }

    fn hang(out: &mut Vec<u8>, _id: u64) {
        out.extend_from_slice(b"!\n");
    }

    fn is_answer(line: &[u8]) -> io::Result<bool> {
        Ok(line.strip_suffix(b"\n") == Some(SAID.as_bytes()))
    }

    fn answer(line: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match line.first() {
            Some(b'!') => {}
            Some(b'/') => {
                let path = str::from_utf8(line.trim_ascii_end()).map_err(io::Error::other)?;
                let copy = format!("{path}.back");
                fs::write(&copy, fs::read(path)?)?;
                out.extend_from_slice(copy.as_bytes());
                out.push(b'\n');
            }
            _ => out.extend_from_slice(line),
        }
        Ok(())
    }
}

/// Requests and responses, each read and written once, by its type.
pub struct Json;

#[derive(Serialize, Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    id: u64,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Said<'a>,
}

#[derive(Serialize, Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    id: u64,
    #[serde(borrow)]
    result: Said<'a>,
}

#[derive(Serialize, Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

fn write(out: &mut Vec<u8>, value: &impl Serialize) {
    // A vector takes everything.
    serde_json::to_writer(&mut *out, value).expect("a value of plain fields");
    out.push(b'\n');
}

fn request(out: &mut Vec<u8>, id: u64, method: &str) {
    let params = Said { text: Cow::Borrowed(SAID) };
    write(out, &Request { jsonrpc: Cow::Borrowed("2.0"), id, method: Cow::Borrowed(method), params });
}

impl Wire for Json {
    fn call(out: &mut Vec<u8>, id: u64) {
        request(out, id, "echo");
    }

    fn hang(out: &mut Vec<u8>, id: u64) {
        request(out, id, "hang");
    }

    fn is_answer(line: &[u8]) -> io::Result<bool> {
        let response: Response<'_> = serde_json::from_slice(line)?;
        Ok(response.jsonrpc == "2.0" && response.result.text == SAID)
    }

    fn answer(line: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let request: Request<'_> = serde_json::from_slice(line)?;
        if request.method == "echo" {
            write(out, &Response { jsonrpc: request.jsonrpc, id: request.id, result: request.params });
        }
        Ok(())
    }
}
