//! Misbehaviour before the provider is ready.

use std::io::{self, Write};
use std::process::exit;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mode::Mode;
use crate::session::Session;
use crate::wire::Style;

/// The modes.
pub const MODES: &[Mode] = &[
    Mode::new("exit-at-once", "Exits with 0 before it reads anything.").launch(|_| exit(0)),
    Mode::new("exit-3-with-stderr", "Exits with 3 before it reads anything, after three lines on stderr.").launch(
        |_| {
            eprintln!("loading the weights\nerror: weights.bin: no such file\nhint: run `make weights` first");
            exit(3)
        },
    ),
    Mode::new("exit-before-answer", "Exits with 0 instead of answering `initialize`.").initialize(|_, _| exit(0)),
    Mode::new("never-answer-initialize", "Reads `initialize` and says nothing.").initialize(|_, _| {}),
    Mode::new("slow-initialize", "Answers `initialize` after --ms (500).").initialize(|session, id| {
        thread::sleep(session.options.wait(500));
        session.output.answer(id, session.declaration());
    }),
    Mode::new("answer-initialize-twice", "Answers `initialize` twice.").initialize(|session, id| {
        session.output.answer(id, session.declaration());
        session.output.answer(id, session.declaration());
    }),
    Mode::new("initialize-error", "Answers `initialize` with an error.")
        .initialize(|session, id| session.output.refuse(id, -32603, "weights.bin: no such file")),
    Mode::new("null-result", "Answers `initialize` with null.")
        .initialize(|session, id| session.output.answer(id, Value::Null)),
    Mode::new("huge-declaration", "Declares --megabytes (100) of models in one line.").initialize(huge_declaration),
    Mode::new("half-frame-then-stall", "Writes half of the answer to `initialize` and stalls, deaf.").initialize(
        |session, id| {
            let _ = session.output.raw(format!("\n{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"proto").as_bytes());
            stall()
        },
    ),
    Mode::new("banner-first", "Prints three lines on stdout before the first frame.").launch(|session| {
        let _ = session.output.raw(b"Hostile 1.0.0\nCopyright nobody\n===\n");
    }),
    Mode::new(
        "banner-without-newline",
        "Prints text without a line end before the first frame, which begins with one.",
    )
    .launch(|session| drop(session.output.raw(b"Loading the weights... "))),
    Mode::new("banner-glued", "Prints text without a line end, and glues the first frame to it: the frame is lost.")
        .prepare(|session| session.output.style = Style::Glued)
        .launch(|session| drop(session.output.raw(b"Loading the weights... "))),
    Mode::new("bom", "Writes a byte order mark right before the first frame.")
        .prepare(|session| session.output.style = Style::Glued)
        .launch(|session| drop(session.output.raw(b"\xef\xbb\xbf"))),
    Mode::new("crlf", "Ends every line with CRLF.").launch(|session| session.output.style = Style::CrLf),
    Mode::new("utf16", "Writes UTF-16 with a byte order mark.").launch(|session| {
        session.output.style = Style::Utf16;
        let _ = session.output.raw(b"\xff\xfe");
    }),
    Mode::new("flood-stderr-before-handshake", "Writes --megabytes (64) of lines to stderr, then is good.").launch(
        |session| {
            let line = format!("{}\n", "warning: the flood is rising ".repeat(4));
            flood(&mut io::stderr().lock(), line.as_bytes(), session.options.bytes(64));
        },
    ),
    Mode::new("stderr-long-line", "Writes --megabytes (4) to stderr in one line without an end, then is good.")
        .launch(|session| flood(&mut io::stderr().lock(), &[b'x'; 65536], session.options.bytes(4))),
    Mode::new("flood-stdout-noise", "Writes text lines to stdout for ever, and never a frame.")
        .launch(|_| flood(&mut io::stdout().lock(), b"la la la la la la la la la la la la la la la la\n", u64::MAX)),
    Mode::new("configure-never", "Never answers `configure`.").configure(|_, _| {}),
    Mode::new("configure-error", "Answers `configure` with ConfigInvalid.").configure(|session, id| {
        let data = json!({"kind": "ConfigInvalid", "retryable": false, "pointer": "/apiKey"});
        session.output.fail(id, 1005, "`apiKey` is missing", data);
    }),
    Mode::new("configure-not-ready", "Answers `configure` with `ready: false`.")
        .configure(|session, id| session.output.answer(id, json!({"ready": false}))),
    Mode::new("configure-with-startup", "Sends `$/startup` --count (5) times, --ms (20) apart, then is ready.")
        .configure(|session, id| {
            let count = session.options.count(5);
            for step in 0..count {
                startup(session, step as f64 / count as f64);
            }
            session.output.answer(id, json!({"ready": true}));
        }),
    Mode::new("configure-startup-forever", "Sends `$/startup` every --ms (20) for ever, and is never ready.")
        .configure(|session, _| {
            // The end of the host is an end for this too.
            while session.output.raw(b"\n").is_ok() {
                startup(session, 0.5);
            }
            exit(0)
        }),
    Mode::new("exits-in-configure", "Exits with 4 instead of answering `configure`, after a line on stderr.")
        .configure(|_, _| {
            eprintln!("error: the key was refused");
            exit(4)
        }),
];

/// Sleeps for ever: what has stalled does not see the end of stdin.
pub fn stall() -> ! {
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

fn startup(session: &Session, fraction: f64) {
    session.output.notify("$/startup", json!({"stage": "load-weights", "fraction": fraction}));
    thread::sleep(session.options.wait(20));
}

/// Writes `piece` until there are so many bytes. Who floods a host that is gone is done.
fn flood(out: &mut impl Write, piece: &[u8], bytes: u64) {
    let block = piece.repeat(65536_usize.div_ceil(piece.len()));
    let mut left = bytes;
    while left > 0 {
        if out.write_all(&block).is_err() {
            exit(0);
        }
        left = left.saturating_sub(block.len() as u64);
    }
    let _ = out.flush();
}

fn huge_declaration(session: &mut Session, id: u64) {
    let start = Instant::now();
    let head = format!(
        "\n{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{\"protocolVersion\":\"1.0\",\"provider\":\
         {{\"id\":\"hostile\",\"version\":\"1.0.0\"}},\"capabilities\":[\"text-to-text\"],\"models\":["
    );
    let mut written = session.output.raw(head.as_bytes());
    let mut number = 0_u64;
    let mut left = session.options.bytes(100);
    while left > 0 && written.is_ok() {
        let mut block = String::with_capacity(70_000);
        while block.len() < 65536 {
            block.push_str(&format!("{{\"id\":\"model-{number}\",\"capabilities\":[\"text-to-text\"]}},"));
            number += 1;
        }
        written = session.output.raw(block.as_bytes());
        left = left.saturating_sub(block.len() as u64);
    }
    let _ = session.output.raw(b"{\"id\":\"last\",\"capabilities\":[\"text-to-text\"]}]}}\n");
    eprintln!("hostile: {number} models in {} ms", start.elapsed().as_millis());
}
