//! The system calls that the standard library has no name for.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::IntoRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

static WITNESS: AtomicI32 = AtomicI32::new(-1);
static LINE: OnceLock<String> = OnceLock::new();

/// Waits until stdin can be read or has ended, at most so long. Returns false when it has not, which a
/// signal can cause early.
pub fn stdin_is_readable(wait: Option<Duration>) -> bool {
    let millis = wait.map_or(-1, |wait| i32::try_from(wait.as_millis().saturating_add(1)).unwrap_or(i32::MAX));
    let mut stdin = libc::pollfd { fd: libc::STDIN_FILENO, events: libc::POLLIN, revents: 0 };
    // SAFETY: the pointer is to one `pollfd`, which lives through the call.
    let ready = unsafe { libc::poll(&raw mut stdin, 1, millis) };
    ready > 0
}

/// Reads from stdin without a buffer between, so that what is there to be read is never hidden.
pub fn read_stdin(buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: pointer and length are of one buffer, which lives through the call.
    let read = unsafe { libc::read(libc::STDIN_FILENO, buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(read).map_err(|_| io::Error::last_os_error())
}

/// Ends the process by SIGALRM after so many seconds, so that a failed test leaves nothing behind.
pub fn die_after(seconds: u32) {
    // SAFETY: `alarm` takes a number and touches no memory.
    unsafe { libc::alarm(seconds) };
}

/// Keeps the crashes that are to come from leaving core files.
pub fn forbid_core_files() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to an `rlimit`, which lives through the call.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
}

/// Survives SIGTERM and owns up to it.
pub fn ignore_sigterm(witness: Option<File>, line: String) {
    WITNESS.store(witness.map_or(-1, IntoRawFd::into_raw_fd), Ordering::SeqCst);
    let _ = LINE.set(line);
    let handler: extern "C" fn(libc::c_int) = on_sigterm;
    // SAFETY: the handler only loads atomics and calls `write`, which are safe in a signal handler.
    unsafe { libc::signal(libc::SIGTERM, handler as libc::sighandler_t) };
}

extern "C" fn on_sigterm(_: libc::c_int) {
    if let (witness @ 0.., Some(line)) = (WITNESS.load(Ordering::SeqCst), LINE.get()) {
        // SAFETY: pointer and length are of one string, which is never freed.
        unsafe { libc::write(witness, line.as_ptr().cast(), line.len()) };
    }
}

/// Dies of a signal, whatever handler there is for it.
pub fn die_of(signal: libc::c_int) -> ! {
    // SAFETY: both calls take numbers; the default action needs no handler.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
    std::process::abort()
}

/// Closes one of the standard descriptors.
pub fn close(descriptor: libc::c_int) {
    // SAFETY: nothing owns the standard descriptors, and the callers write to this one no more.
    unsafe { libc::close(descriptor) };
}

/// Makes a named pipe.
pub fn make_fifo(path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the pointer is to a string with a NUL at its end, which lives through the call.
    match unsafe { libc::mkfifo(path.as_ptr(), 0o600) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The process group.
pub fn process_group() -> i32 {
    // SAFETY: `getpgrp` takes nothing and cannot fail.
    unsafe { libc::getpgrp() }
}
