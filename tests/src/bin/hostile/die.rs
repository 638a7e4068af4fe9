//! Sudden ends in the middle of a call.

use std::process::exit;

use crate::mode::Mode;
use crate::sys;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("crash-mid-call", "Aborts when a transform comes.").transform(|_, _| sys::die_of(libc::SIGABRT)),
    Mode::new("segv", "Dies of SIGSEGV when a transform comes.").transform(|_, _| sys::die_of(libc::SIGSEGV)),
    Mode::new("exit-mid-call", "Exits with 0 when a transform comes.").transform(|_, _| exit(0)),
    Mode::new("exit-7-mid-call", "Exits with 7 when a transform comes, after three lines on stderr.").transform(
        |_, _| {
            eprintln!("loading the weights\nerror: CUDA out of memory\nhint: use a smaller model");
            exit(7)
        },
    ),
    Mode::new("exit-after-half-frame", "Exits with 8 when a transform comes, in the middle of its answer.").transform(
        |session, job| {
            let _ = session.output.raw(format!("\n{{\"jsonrpc\":\"2.0\",\"id\":{},\"resu", job.id).as_bytes());
            exit(8)
        },
    ),
    Mode::new("exit-when-idle", "Answers, then exits with 5 while nothing is asked of it.").transform(
        |session, job| {
            session.finish(&job);
            eprintln!("error: the licence has expired");
            exit(5)
        },
    ),
    Mode::new("panic-message", "Panics when a transform comes, as a Rust program does, and exits with 101.")
        .transform(|_, job| panic!("layer {} is out of range: the weights have 7 layers", job.id + 7)),
    Mode::new("traceback", "Prints a Python traceback and exits with 1 when a transform comes.").transform(|_, _| {
        eprintln!(
            "Traceback (most recent call last):\n  File \"provider.py\", line 12, in transform\n    \
             return 1 / 0\nZeroDivisionError: division by zero"
        );
        exit(1)
    }),
    Mode::new("oom-like", "Says that memory ran out and dies of SIGKILL when a transform comes.").transform(|_, _| {
        eprintln!("fatal: memory allocation of 68719476736 bytes failed");
        sys::die_of(libc::SIGKILL)
    }),
];
