//! The threads of a session: one writes stdin, two read, one sees the process end.

use std::io::{Read, Write as _};
use std::process::ChildStdin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Pid;
use serde_json::{Value, json};

use crate::Error;
use crate::process::{Pipes, wait};
use crate::session::cutter::{Cut, Cutter};
use crate::session::record::Record;
use crate::transcript::Sent;

/// How long a piece may lie in the pipe before the next one follows it anyway.
const UNREAD: Duration = Duration::from_millis(500);

/// The most of a line of stderr that is kept.
const STDERR_LINE: usize = 64 * 1024;

/// What the writer is to do.
pub(super) enum Order {
    /// Write these bytes.
    Write(Vec<u8>),
    /// Wait until the plugin has read what was written.
    AwaitReader,
    /// Close stdin.
    Close,
}

/// Starts the threads. They end with the process and its pipes.
pub(super) fn start(pipes: Pipes, pid: Pid, record: &Arc<Record>, max_frame: usize) -> Result<Sender<Order>, Error> {
    let (orders, receiver) = channel();
    let Pipes { stdin, stdout, stderr } = pipes;
    spawn("stdin", move || obey(stdin, &receiver))?;
    let (to, answers) = (Arc::clone(record), orders.clone());
    spawn("stdout", move || {
        read(stdout, max_frame, |cut| {
            if let Some(id) = to.stdout(cut) {
                refuse(&to, &answers, &id);
            }
        });
        to.closed(true);
    })?;
    let to = Arc::clone(record);
    spawn("stderr", move || {
        read(stderr, STDERR_LINE, |cut| to.stderr(cut));
        to.closed(false);
    })?;
    let to = Arc::clone(record);
    spawn("exit", move || to.exited(wait(pid)))?;
    Ok(orders)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let builder = thread::Builder::new().name(format!("plugin-{name}")).stack_size(512 * 1024);
    let failed = |error| Error::Machine(format!("cannot start a thread: {error}"));
    builder.spawn(work).map(drop).map_err(failed)
}

/// Answers a request of the plugin's, as a host does.
fn refuse(record: &Record, orders: &Sender<Order>, id: &Value) {
    let message = "a plugin asks nothing of its host";
    let answer = json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32601, "message": message}});
    let line = answer.to_string();
    record.sent(line.as_bytes(), Sent::Other);
    // A writer that is gone means that the session is over.
    let _ = orders.send(Order::Write(format!("{line}\n").into_bytes()));
}

fn obey(mut stdin: ChildStdin, orders: &Receiver<Order>) {
    for order in orders {
        match order {
            // What a plugin does not read, or that it is gone, shows in what it answers.
            Order::Write(bytes) if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() => return,
            Order::Write(_) => {}
            Order::AwaitReader => await_reader(&stdin),
            Order::Close => return,
        }
    }
}

fn await_reader(stdin: &ChildStdin) {
    let until = Instant::now() + UNREAD;
    while rustix::io::ioctl_fionread(stdin).is_ok_and(|unread| unread > 0) && Instant::now() < until {
        thread::sleep(Duration::from_millis(1));
    }
}

fn read(mut from: impl Read, limit: usize, mut take: impl FnMut(&Cut<'_>)) {
    let mut cutter = Cutter::new(limit);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => cutter.feed(&buffer[..length], |cut| take(&cut)),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    cutter.finish(|cut| take(&cut));
}
