//! What the tab key adds: commands, then models, capabilities and files.

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::command::COMMANDS;
use super::screen::Screen;

/// Completes words on the line editor.
pub(super) struct Complete {
    screen: Screen,
    files: FilenameCompleter,
}

impl Complete {
    pub(super) fn new(screen: &Screen) -> Self {
        Self { screen: screen.clone(), files: FilenameCompleter::new() }
    }
}

impl Completer for Complete {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, word) = word_before(&line[..at]);
        if start == 0 {
            let names = COMMANDS.iter().map(|(name, ..)| (*name).to_owned());
            return Ok((0, starting_with(word, names)));
        }
        match starting_with(word, self.screen.names()) {
            none if none.is_empty() => self.files.complete(line, at, context),
            names => Ok((start, names)),
        }
    }
}

impl Hinter for Complete {
    type Hint = String;
}

impl Highlighter for Complete {}
impl Validator for Complete {}
impl Helper for Complete {}

/// Returns the word that is being typed, and where it begins.
fn word_before(text: &str) -> (usize, &str) {
    let start = text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    (start, &text[start..])
}

fn starting_with(word: &str, names: impl IntoIterator<Item = String>) -> Vec<Pair> {
    let fitting = names.into_iter().filter(|name| name.starts_with(word));
    fitting.map(|name| Pair { display: name.clone(), replacement: format!("{name} ") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_begins_after_a_space() {
        assert_eq!(word_before("ru"), (0, "ru"));
        assert_eq!(word_before("run ec"), (4, "ec"));
        assert_eq!(word_before("run "), (4, ""));
        let found = starting_with("ca", ["card", "edit", "cancel"].map(str::to_owned));
        assert_eq!(found.iter().map(|pair| &*pair.replacement).collect::<Vec<_>>(), ["card ", "cancel "]);
    }
}
