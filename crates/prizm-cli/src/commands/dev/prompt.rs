//! Where lines come from: a terminal with a line editor, or a pipe.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::mpsc as sync;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{CompletionType, Config, Editor};
use tokio::sync::mpsc;

use super::complete::Complete;
use super::screen::{Printer, Screen};

/// Lines that may wait to be read: a pipe with more waits itself.
const LINES: usize = 64;
const PROMPT: &str = "› ";

/// What comes from the author.
pub(super) enum Input {
    Line(String),
    /// Ctrl-C on the line editor, which takes it for itself.
    Interrupt,
    /// There is nothing more to read.
    End,
}

/// Reads lines on a thread of its own, because nobody can take a read back.
pub(super) struct Prompt {
    lines: mpsc::Receiver<Input>,
    begin: sync::Sender<Screen>,
    /// How the terminal was before the line editor had it.
    terminal: Option<Termios>,
}

impl Prompt {
    /// Opens stdin: with a line editor where people sit at both ends. Returns where is written then.
    pub(super) fn open(json: bool) -> (Self, Option<Printer>) {
        let interactive = !json && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let interactive = interactive && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let terminal = if interactive { tcgetattr(std::io::stdin()).ok() } else { None };
        let (sender, lines) = mpsc::channel(LINES);
        let (begin, begun) = sync::channel();
        let (printers, printer) = sync::channel();
        std::thread::spawn(move || {
            let editor = if interactive { editor() } else { None };
            match editor {
                Some((editor, printer)) => {
                    let _ = printers.send(printer);
                    edit(editor, &begun, &sender);
                }
                None => {
                    drop(printers);
                    read(&begun, &sender);
                }
            }
        });
        (Self { lines, begin, terminal }, printer.recv().ok())
    }

    /// Tells whether somebody sits at a terminal.
    pub(super) fn is_interactive(&self) -> bool {
        self.terminal.is_some()
    }

    /// Begins to read.
    pub(super) fn begin(&self, screen: &Screen) {
        // It is gone only where nothing can be read.
        let _ = self.begin.send(screen.clone());
    }

    /// Returns what comes next. Nothing is lost when it is dropped while it waits.
    pub(super) async fn next(&mut self) -> Input {
        self.lines.recv().await.unwrap_or(Input::End)
    }

    /// Gives the terminal back as it was.
    pub(super) fn close(&self) {
        if let Some(terminal) = &self.terminal {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, terminal);
            // Whatever was half typed, and the prompt.
            crate::output::piece("\r\x1b[K");
        }
    }
}

type LineEditor = Editor<Complete, DefaultHistory>;

fn editor() -> Option<(LineEditor, Printer)> {
    let config = Config::builder().auto_add_history(true).bracketed_paste(false);
    let config = config.completion_type(CompletionType::List).build();
    let mut editor = LineEditor::with_config(config).ok()?;
    let printer = editor.create_external_printer().ok()?;
    Some((editor, Box::new(printer)))
}

fn edit(mut editor: LineEditor, begun: &sync::Receiver<Screen>, lines: &mpsc::Sender<Input>) {
    let Ok(screen) = begun.recv() else { return };
    editor.set_helper(Some(Complete::new(&screen)));
    loop {
        let (input, ends) = match editor.readline(PROMPT) {
            Ok(line) => (Input::Line(line), false),
            Err(ReadlineError::Interrupted) => (Input::Interrupt, false),
            Err(ReadlineError::Signal(_)) => continue,
            Err(_) => {
                screen.direct();
                (Input::End, true)
            }
        };
        screen.entered();
        if lines.blocking_send(input).is_err() || ends {
            return;
        }
    }
}

fn read(begun: &sync::Receiver<Screen>, lines: &mpsc::Sender<Input>) {
    let Ok(screen) = begun.recv() else { return };
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { break };
        screen.entered();
        if lines.blocking_send(Input::Line(line)).is_err() {
            return;
        }
    }
    let _ = lines.blocking_send(Input::End);
}
