//! The guarded wire: between a plugin's pipes and jsonrpsee stands a demultiplexer that never hands
//! jsonrpsee anything that it could choke on.
//!
//! ```text
//! stdout ─► demux (owns the line buffer)
//!             ├─ response to a call in the table ─► rebuilt, well-formed ─► jsonrpsee ─► the caller
//!             ├─ $/progress, $/chunk, $/accepted ─► the call's inbox
//!             ├─ request of the plugin's          ─► answered −32601
//!             └─ anything else                    ─► noise: logged, counted, never answered
//! caller ─► jsonrpsee ─► Transport::send ─► outbox (never blocks) ─► writer task ─► stdin
//! ```

mod calls;
mod demux;
mod engine;
mod inbox;
mod outbox;

use std::io;

use prizm_protocol::frame::{Line, LineDecoder};
use tokio::net::unix::pipe;

pub(crate) use calls::{Abandoned, Calls, Dropped};
pub(crate) use demux::{Demux, EndOfStream};
pub(crate) use engine::{Engine, Reply};
pub(crate) use inbox::{Inbox, Notice};
pub(crate) use outbox::{Outbox, Refused};

/// Reads what is there into the decoder; false at the end of the stream.
///
/// The buffer lives in a function that never waits, so an idle plugin costs none.
pub(crate) async fn read_into(
    source: &pipe::Receiver,
    decoder: &mut LineDecoder,
    mut sink: impl FnMut(Line<'_>),
) -> bool {
    loop {
        if source.readable().await.is_err() {
            return false;
        }
        match read_ready(source, decoder, &mut sink) {
            Ok(0) => return false,
            Ok(_) => {
                // A plugin that never stops talking must not keep others from being heard.
                tokio::task::consume_budget().await;
                return true;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}

fn read_ready(
    source: &pipe::Receiver,
    decoder: &mut LineDecoder,
    sink: &mut impl FnMut(Line<'_>),
) -> io::Result<usize> {
    let mut buffer = Vec::with_capacity(64 * 1024);
    let read = source.try_read_buf(&mut buffer)?;
    decoder.feed(&buffer, sink);
    Ok(read)
}
