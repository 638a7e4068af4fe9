//! The guarded wire: between a plugin's pipes and its callers stands a multiplexer that nothing from outside can break.
//!
//! ```text
//! caller ─► a frame ─► outbox (never blocks) ─► writer task, all that has gathered in one write ─► stdin
//! stdout ─► demux (owns the line buffer), parses each frame once
//!             ├─ response to a call in the table      ─► the call's inbox ─► the caller
//!             ├─ $/progress, $/chunk, $/accepted      ─► the call's inbox
//!             ├─ request of the plugin's              ─► answered −32601
//!             └─ anything else                        ─► noise: logged, counted, never answered
//! ```
//!
//! Ids and refusals are written by jsonrpsee's types. Its client is not used: behind this demultiplexer it
//! parsed every answer a second time, in a task of its own (`tests/benches/README.md` has the figures).

mod calls;
mod demux;
mod inbox;
mod outbox;
mod patience;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use prizm_protocol::frame::{Line, LineDecoder};
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::unix::pipe;

pub(crate) use calls::{Abandoned, Calls};
pub(crate) use demux::{Demux, EndOfStream};
pub(crate) use inbox::{Heard, Inbox, Notice, Reply};
pub(crate) use outbox::{Outbox, Refused};
pub(crate) use patience::{Patience, soon};

/// Most that is read at once: as much as a pipe holds.
const READ: usize = 64 * 1024;

/// Reads what is there into the decoder; false at the end of the stream.
pub(crate) async fn read_into(
    source: &mut pipe::Receiver,
    decoder: &mut LineDecoder,
    mut sink: impl FnMut(Line<'_>),
) -> bool {
    // Tokio's own budget for each task lets others be heard beside a plugin that never stops talking.
    poll_fn(|cx| poll_read(source, cx, decoder, &mut sink)).await
}

/// The buffer is the thread's, not the plugin's, so an idle plugin costs none.
fn poll_read(
    source: &mut pipe::Receiver,
    cx: &mut Context<'_>,
    decoder: &mut LineDecoder,
    sink: &mut impl FnMut(Line<'_>),
) -> Poll<bool> {
    thread_local! {
        static ROOM: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    ROOM.with_borrow_mut(|room| {
        room.reserve(READ);
        let mut buffer = ReadBuf::uninit(room.spare_capacity_mut());
        let read = loop {
            match Pin::new(&mut *source).poll_read(cx, &mut buffer) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(read) => break read,
            }
        };
        decoder.feed(buffer.filled(), sink);
        Poll::Ready(read.is_ok() && !buffer.filled().is_empty())
    })
}
