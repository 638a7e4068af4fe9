//! A conversation with the host: reading it line by line, and how it ends.

use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use prizm_protocol::Message;
use prizm_protocol::frame::{self, Line, LineDecoder};
use prizm_protocol::methods::notifications::{CANCEL_REQUEST, CancelParams, EXIT};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::timeout;

use crate::outbox::too_large;
use crate::oversized::id_of_truncated_request;
use crate::service::Service;
use crate::{Provider, check, note};

/// How long what is ready may take to be written after `exit`, and after the end of stdin, when
/// most likely nobody reads it.
const LINGER_AFTER_EXIT: Duration = Duration::from_secs(1);
const LINGER_AFTER_EOF: Duration = Duration::from_millis(100);

/// Serves a provider over any reader and writer, such as a [`tokio::io::duplex`] in a test.
///
/// Returns when the host says `exit` or the reader ends; jobs that run are dropped then. It needs
/// a Tokio runtime with time enabled.
///
/// # Errors
/// Reading or writing failed.
pub async fn serve_io<P: Provider>(
    provider: P,
    reader: impl AsyncRead + Unpin,
    writer: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let service = Arc::new(Service::new(provider));
    let mut writing = pin!(service.outbox.write_to(writer));
    let ended = tokio::select! {
        biased;
        ended = read_from(&service, reader) => ended,
        failed = &mut writing => match failed {
            Ok(never) => match never {},
            Err(error) => Err(during("write to", &error)),
        },
    };
    if let Ok(linger) = ended {
        let written = async {
            tokio::select! { _ = writing => {}, () = service.outbox.drained() => {} }
        };
        // What nobody reads in time is lost with the session.
        let _ = timeout(linger, written).await;
    }
    service.abort_all();
    ended.map(|_| ())
}

fn during(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} the host: {error}"))
}

/// Reads until the session ends; returns how long to wait for what is still to be written.
async fn read_from<P: Provider>(service: &Arc<Service<P>>, mut reader: impl AsyncRead + Unpin) -> io::Result<Duration> {
    let mut buffer = vec![0; 64 * 1024];
    let mut limit = service.outbox.limit();
    let mut decoder = LineDecoder::new(limit);
    loop {
        service.room().await;
        let length = reader.read(&mut buffer).await.map_err(|error| during("read from", &error))?;
        let bytes = &buffer[..length];
        let mut flow = ControlFlow::Continue(());
        let sink = |received: Line<'_>| {
            if flow.is_continue() {
                flow = line(service, received);
            }
        };
        if bytes.is_empty() {
            decoder.finish(sink)
        } else {
            decoder.feed(bytes, sink)
        }
        if flow.is_break() {
            return Ok(LINGER_AFTER_EXIT);
        }
        if bytes.is_empty() {
            return Ok(LINGER_AFTER_EOF);
        }
        // `initialize` changes the limit; a decoder can be replaced only between two lines.
        if service.outbox.limit() != limit && bytes.ends_with(b"\n") {
            limit = service.outbox.limit();
            decoder = LineDecoder::new(limit);
        }
    }
}

fn line<P: Provider>(service: &Arc<Service<P>>, line: Line<'_>) -> ControlFlow<()> {
    let line = match line {
        Line::Whole(line) => line,
        Line::Oversized { size, head, .. } => {
            let limit = service.outbox.limit();
            match id_of_truncated_request(head) {
                Some(id) => service.answer_now::<()>(id, Err(too_large("the request", size, limit))),
                None => note(format_args!("ignored a line of {size} bytes; the limit is {limit}")),
            }
            return ControlFlow::Continue(());
        }
    };
    // What a line says is never shown: it may be a configuration with secrets.
    match frame::classify(line) {
        Ok(Message::Request { id, method, params }) => service.request(id, &method, params, line.len()),
        Ok(Message::Notification { method, params }) => return notification(service, &method, params),
        Ok(Message::Response { id, .. }) => note(format_args!("ignored an answer to no request: {id}")),
        Err(noise) => note(format_args!("ignored a line of {} bytes: {noise}", line.len())),
    }
    ControlFlow::Continue(())
}

fn notification<P: Provider>(service: &Arc<Service<P>>, method: &str, params: Option<&RawValue>) -> ControlFlow<()> {
    match method {
        EXIT => return ControlFlow::Break(()),
        CANCEL_REQUEST => match check::params::<CancelParams>(params) {
            Ok(params) => service.cancel(params.id),
            Err(error) => note(format_args!("ignored a `{CANCEL_REQUEST}`: {error}")),
        },
        // A host of a later version may say more.
        _ => {}
    }
    ControlFlow::Continue(())
}
