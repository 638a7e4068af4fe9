//! The reader of a plugin's stdout: tells what each line is and where it belongs.

use jsonrpsee::types::{ErrorCode, ErrorObject as Refusal, Id, Response, ResponsePayload};
use prizm_protocol::frame::{self, Line, LineDecoder, Message, Noise};
use prizm_protocol::methods::notifications::{self, Accepted, Chunk, Log, Progress, Startup};
use prizm_protocol::{ErrorData, ErrorKind, ErrorObject, code};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::net::unix::pipe;

use super::{Calls, Heard, Inbox, Outbox, read_into};
use crate::process::LogSink;
use crate::tap::{Turn, Wiretap};

/// Lines of noise without a frame between them that end a session.
const NOISE_LINES: u64 = 10_000;
/// Bytes of noise without a frame between them that end a session.
const NOISE_BYTES: u64 = 16 * 1024 * 1024;

/// Why a plugin's stdout is read no longer.
#[derive(Clone, Debug)]
pub(crate) enum EndOfStream {
    /// The plugin closed it.
    Closed {
        /// The last line of noise, for the crash report.
        noise: Option<String>,
    },
    /// There was too much noise without a frame.
    Noise {
        /// What ended the session, and a quote.
        message: String,
    },
}

/// The demultiplexer of one plugin.
pub(crate) struct Demux {
    pub(crate) calls: Calls,
    pub(crate) outbox: Outbox,
    pub(crate) log: LogSink,
    pub(crate) tap: Option<Wiretap>,
    pub(crate) max_frame: usize,
}

#[derive(Default)]
struct NoiseCount {
    lines: u64,
    bytes: u64,
    last: Option<String>,
}

impl NoiseCount {
    fn too_much(self, endless: u64) -> EndOfStream {
        let quote = match self.last {
            Some(last) => format!(", the last one: `{}`", last.chars().take(200).collect::<String>()),
            None => ", in one line without an end".to_owned(),
        };
        let (lines, bytes) = (self.lines, self.bytes + endless);
        EndOfStream::Noise { message: format!("{lines} lines ({bytes} bytes) on stdout are no frames{quote}") }
    }
}

impl Demux {
    /// Reads until the plugin closes its stdout, or makes too much noise.
    pub(crate) async fn run(self, mut stdout: pipe::Receiver) -> EndOfStream {
        let mut decoder = LineDecoder::new(self.max_frame);
        let mut noise = NoiseCount::default();
        loop {
            let more = read_into(&mut stdout, &mut decoder, |line| self.line(line, &mut noise)).await;
            let unfinished = decoder.unfinished();
            let endless = if unfinished > self.max_frame as u64 { unfinished } else { 0 };
            if noise.lines >= NOISE_LINES || noise.bytes + endless >= NOISE_BYTES {
                return noise.too_much(endless);
            }
            if !more {
                decoder.finish(|line| self.line(line, &mut noise));
                return EndOfStream::Closed { noise: noise.last };
            }
        }
    }

    fn line(&self, line: Line<'_>, noise: &mut NoiseCount) {
        // Whoever acts upon the line is heard after it.
        let mut turn = self.tap.as_ref().map(Wiretap::turn);
        match line {
            Line::Whole(bytes) => match self.message(bytes) {
                Ok(answer) => {
                    (noise.lines, noise.bytes) = (0, 0);
                    turn.iter_mut().for_each(|turn| turn.received(bytes));
                    drop(turn);
                    // A plugin that floods and does not read gets no further answers.
                    let _ = answer.map(|answer| self.outbox.push(&answer));
                }
                Err(reason) => self.noise(bytes, bytes.len() as u64, &reason, noise, turn),
            },
            Line::Oversized { size, id, head } => {
                let Some(inbox) = id.and_then(|id| self.calls.answered(id)) else {
                    let reason = format!("{size} bytes, over the frame limit of {}", self.max_frame);
                    return self.noise(head, size, &reason, noise, turn);
                };
                let message = format!("the answer has {size} bytes, over the frame limit of {}", self.max_frame);
                turn.iter().for_each(|turn| turn.noise(&self.log.shown(head), size, &message));
                inbox.end(Heard::Reply(Err(self.too_large(size, message))));
            }
        }
    }

    fn too_large(&self, size: u64, message: String) -> ErrorObject {
        let data = ErrorData {
            extra: [("size".into(), size.into()), ("limit".into(), self.max_frame.into())].into_iter().collect(),
            kind: Some(ErrorKind::FrameTooLarge.as_str().into()),
            retryable: Some(false),
            ..ErrorData::default()
        };
        ErrorObject::of_kind(ErrorKind::FrameTooLarge, message).with_data(data)
    }

    fn noise(&self, line: &[u8], size: u64, reason: &str, count: &mut NoiseCount, turn: Option<Turn<'_>>) {
        count.lines += 1;
        count.bytes += size;
        let (line, reason) = self.log.noise(line, reason);
        turn.iter().for_each(|turn| turn.noise(&line, size, &reason));
        count.last = Some(line);
    }

    /// Takes a line; one that is no message, or answers or belongs to nothing, is noise, with the reason.
    /// Returns what a request of the plugin's is answered with.
    fn message(&self, line: &[u8]) -> Result<Option<Vec<u8>>, String> {
        match frame::classify(line).map_err(|noise| noise.to_string())? {
            Message::Response { id, outcome } => self.response(id, outcome).map(|()| None),
            Message::Notification { method, params } => self.notification(&method, params).map(|()| None),
            Message::Request { id, method, .. } => {
                let message = format!("`{method:.80}`: a plugin sends no requests to the host");
                let refusal = Refusal::owned::<()>(ErrorCode::MethodNotFound.code(), message, None);
                let answer = Response::<()>::new(ResponsePayload::error(refusal), Id::Number(id));
                Ok(serde_json::to_vec(&answer).ok())
            }
        }
    }

    fn response(&self, id: u64, outcome: Result<&RawValue, &RawValue>) -> Result<(), String> {
        let inbox = self.calls.answered(id).ok_or_else(|| format!("it answers no pending request: id {id}"))?;
        let malformed =
            |what: &str| ErrorObject::new(code::INTERNAL_ERROR, format!("the plugin's answer is malformed: {what}"));
        let reply = match outcome {
            Ok(result) if result.get() == "null" => Err(malformed("its result is null")),
            Ok(result) => Ok(result.to_owned()),
            Err(error) => Err(serde_json::from_str(error.get())
                .unwrap_or_else(|reason| malformed(&format!("its error object: {reason}")))),
        };
        inbox.end(Heard::Reply(reply.map_err(|error| self.log.clean_error(error))));
        Ok(())
    }

    fn notification(&self, method: &str, params: Option<&RawValue>) -> Result<(), String> {
        match method {
            notifications::PROGRESS => {
                let mut progress: Progress = parse(params)?;
                progress.message = progress.message.map(|message| self.log.clean(message));
                self.inbox(progress.id)?.progress(progress).map_err(str::to_owned)
            }
            notifications::CHUNK => {
                let chunk: Chunk = parse(params)?;
                self.inbox(chunk.id)?.chunk(chunk).map_err(str::to_owned)
            }
            notifications::ACCEPTED => {
                let accepted: Accepted = parse(params)?;
                self.inbox(accepted.id)?.accepted(accepted);
                Ok(())
            }
            notifications::STARTUP => {
                let startup: Startup = parse(params)?;
                self.calls.inboxes().iter().for_each(|inbox| inbox.startup(startup.clone()));
                Ok(())
            }
            notifications::LOG => {
                let log: Log = parse(params)?;
                let fields = log.fields.map(|fields| serde_json::Value::Object(fields).to_string());
                self.log.log(log.level, &log.message, fields);
                Ok(())
            }
            // A plugin from the future may say more than we know of.
            _ if method.starts_with("$/") => Ok(()),
            _ => Err(Noise::BadShape.to_string()),
        }
    }

    fn inbox(&self, id: u64) -> Result<Inbox, String> {
        self.calls.inbox(id).ok_or_else(|| format!("it belongs to no pending request: id {id}"))
    }
}

fn parse<T: DeserializeOwned>(params: Option<&RawValue>) -> Result<T, String> {
    let params = params.ok_or("its params are missing")?;
    serde_json::from_str(params.get()).map_err(|error| format!("its params: {error}"))
}
