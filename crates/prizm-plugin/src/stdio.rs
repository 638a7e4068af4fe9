//! The process around a session: its standard streams, its runtime and its exit code.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use prizm_protocol::{ENV_COOKIE, EXIT_RUN_BY_HAND};
use rustix::fs::{FileType, fstat};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::{dup2_stdin, dup2_stdout};
use tokio::net::unix::pipe;
use tokio::runtime;

use crate::{Provider, note, serve_io};

/// How long the rest of a session may take to pass through a stdout that is no pipe.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs a provider in this process until the host is done with it.
///
/// Call it first in `main`. It takes stdin and stdout for itself: what the program or a child of
/// it prints afterwards goes to stderr, and they read an empty stdin.
///
/// The exit code is 0 when the host said `exit` or is gone, 1 when the channel failed, and 64 when
/// a person started the program by hand.
pub fn serve<P: Provider>(provider: P) -> ExitCode {
    if std::env::var_os(ENV_COOKIE).is_none_or(|cookie| cookie != "1") || io::stdin().is_terminal() {
        let id = provider.declare().into_wire().provider.id;
        let line = format!("`{id}` is a Prizm provider, which Prizm starts. Try: prizm run {id} INPUT");
        // Without a stderr there is nobody to tell.
        let _ = writeln!(io::stderr(), "{line}");
        return ExitCode::from(EXIT_RUN_BY_HAND);
    }
    match run(provider) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(error);
            ExitCode::FAILURE
        }
    }
}

fn run<P: Provider>(provider: P) -> io::Result<()> {
    let (input, output) = guard()?;
    // One thread: the shortest start, and no hand-over between reading, working and writing.
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let (ended, bridge) = {
        let _entered = runtime.enter();
        let reader = open_reader(input)?;
        let (writer, bridge) = open_writer(output)?;
        // A task of its own: each time that what is blocked on is woken, the runtime asks the kernel for news first.
        let session = runtime.spawn(serve_io(provider, reader, writer));
        (runtime.block_on(session).unwrap_or_else(|error| Err(io::Error::other(error))), bridge)
    };
    // Blocking work that still runs cannot be stopped, and must not keep the process.
    runtime.shutdown_background();
    if let Some(bridge) = bridge {
        // An error means that the bridge is done.
        let _ = bridge.recv_timeout(LAST_WORDS);
    }
    ended
}

/// Moves the channel to private descriptors that no child inherits, then gives the program an
/// empty stdin, and stderr as its stdout, so that nothing else can touch the channel.
fn guard() -> io::Result<(OwnedFd, OwnedFd)> {
    let input = fcntl_dupfd_cloexec(io::stdin(), 3)?;
    let output = fcntl_dupfd_cloexec(io::stdout(), 3)?;
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(io::stderr())?;
    Ok((input, output))
}

fn open_reader(input: OwnedFd) -> io::Result<pipe::Receiver> {
    if is_pipe(&input)? {
        return pipe::Receiver::from_owned_fd(input);
    }
    let (reader, writer) = io::pipe()?;
    // An error at either end is the end of stdin.
    thread::Builder::new().name("stdin".into()).spawn(|| pass_on(File::from(input), writer))?;
    pipe::Receiver::from_owned_fd(reader.into())
}

/// Returns what to write to and, where a thread passes it on, a receiver that wakes once all of it
/// has been.
fn open_writer(output: OwnedFd) -> io::Result<(pipe::Sender, Option<mpsc::Receiver<()>>)> {
    // `2>&1` makes stderr the same pipe. It must stay blocking, or the program's own output fails.
    if is_pipe(&output)? && !is_same(&output, io::stderr())? {
        return Ok((pipe::Sender::from_owned_fd(output)?, None));
    }
    let (reader, writer) = io::pipe()?;
    let (alive, done) = mpsc::channel();
    thread::Builder::new().name("stdout".into()).spawn(move || {
        let _alive: mpsc::Sender<()> = alive;
        // An error closes the pipe, which the session sees.
        let _ = pass_on(reader, File::from(output));
    })?;
    Ok((pipe::Sender::from_owned_fd(writer.into())?, Some(done)))
}

/// Copies without [`io::copy`], which on Linux splices a socket into a pipe, and while it waits
/// for the socket keeps the pipe from being read.
fn pass_on(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => to.write_all(&buffer[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn is_pipe(fd: impl AsFd) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(fstat(fd)?.st_mode) == FileType::Fifo)
}

fn is_same(one: impl AsFd, other: impl AsFd) -> io::Result<bool> {
    let (one, other) = (fstat(one)?, fstat(other)?);
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}
