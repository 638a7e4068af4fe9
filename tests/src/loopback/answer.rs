//! An answer, and how it goes wrong on the way.

use std::convert::Infallible;
use std::fmt;
use std::iter;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::Response;
use hyper::body::Frame;

use super::{Fault, Log};

/// The end of a connection in place of an answer, or in the middle of one.
#[derive(Debug)]
pub(crate) struct HangUp;

impl fmt::Display for HangUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server hangs up")
    }
}

impl std::error::Error for HangUp {}

/// What comes, without an end, in place of a payload.
type Forever = Box<dyn Iterator<Item = Bytes> + Send>;

/// An answer that is known to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
    /// Where in the bytes the payload lies, that faults count from its first byte.
    pub(crate) payload: Vec<Range<usize>>,
    /// Where an endless payload begins, and what it is.
    pub(crate) forever: (usize, Forever),
    end: End,
    pace: Option<(usize, Duration)>,
}

/// What follows an answer's last byte.
enum End {
    Whole,
    Silence,
    HangUp,
    Never,
}

impl Answer {
    /// Returns an answer that is all payload.
    pub(crate) fn new(status: u16, mime: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), mime.to_owned())];
        let bytes = bytes.into();
        let blank = Bytes::from_static(&[b' '; 4096]);
        let payload = iter::once(0..bytes.len()).collect();
        let forever: Forever = Box::new(iter::repeat(blank));
        Self { status, headers, bytes, payload, forever: (0, forever), end: End::Whole, pace: None }
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Lets a fault befall the payload. Without a payload there is none.
    ///
    /// # Panics
    /// It lies beyond the payload: a test that believes in it would pass for another reason.
    pub(crate) fn suffer(&mut self, fault: &Fault) {
        if self.payload.is_empty() {
            return;
        }
        match *fault {
            Fault::FlipBit(at) => {
                let position = self.position(at);
                self.bytes[position] ^= 0b0001_0000;
            }
            Fault::Truncate(after) => self.cut(after, End::Whole),
            Fault::HangAfter(after) => self.cut(after, End::Silence),
            Fault::Disconnect(after) => self.cut(after, End::HangUp),
            Fault::Endless => {
                self.bytes.truncate(self.forever.0);
                self.end = End::Never;
            }
            Fault::Drip { bytes, every } => self.pace = Some((bytes.max(1), every)),
            _ => {}
        }
    }

    fn cut(&mut self, after: usize, end: End) {
        let position = self.position(after);
        self.bytes.truncate(position);
        self.end = end;
    }

    /// Returns where byte `at` of the payload lies.
    fn position(&self, at: usize) -> usize {
        let mut left = at;
        for range in &self.payload {
            if left < range.len() {
                return range.start + left;
            }
            left -= range.len();
        }
        let length: usize = self.payload.iter().map(Range::len).sum();
        panic!("a fault at byte {at} lies beyond a payload of {length} bytes");
    }

    /// Returns it as it goes over the wire.
    pub(crate) fn response(self, log: Arc<Log>) -> Result<Response<UnsyncBoxBody<Bytes, HangUp>>, HangUp> {
        let mut response = Response::builder().status(self.status);
        // The length is that of the body as it will be.
        for (name, value) in self.headers.iter().filter(|(name, _)| name != "content-length") {
            response = response.header(name, value);
        }
        response.body(self.body(log)).map_err(|_| HangUp)
    }

    fn body(self, log: Arc<Log>) -> UnsyncBoxBody<Bytes, HangUp> {
        let bytes = Bytes::from(self.bytes);
        if matches!((&self.end, self.pace), (End::Whole, None)) {
            log.send(bytes.len());
            return Full::new(bytes).map_err(|never: Infallible| match never {}).boxed_unsync();
        }
        let end: BoxStream<'static, Result<Bytes, HangUp>> = match self.end {
            End::Whole => stream::empty().boxed(),
            End::Silence => stream::pending().boxed(),
            End::HangUp => stream::once(async {
                // What came before is flushed when there is nothing to write for a moment.
                tokio::task::yield_now().await;
                Err(HangUp)
            })
            .boxed(),
            End::Never => stream::iter(self.forever.1.map(Ok)).boxed(),
        };
        let (size, every) = self.pace.unwrap_or((bytes.len().max(1), Duration::ZERO));
        let pieces = (0..bytes.len()).step_by(size).map(move |at| bytes.slice(at..bytes.len().min(at + size)));
        let pieces = stream::iter(pieces.enumerate()).then(move |(index, piece)| async move {
            if index > 0 {
                tokio::time::sleep(every).await;
            }
            Ok(piece)
        });
        let counted = pieces.chain(end).inspect(move |piece| log.send(piece.as_ref().map_or(0, Bytes::len)));
        StreamBody::new(counted.map(|piece| piece.map(Frame::data))).boxed_unsync()
    }
}
