//! What the author types.

use std::path::PathBuf;

use crate::failure::Failure;

/// The commands, with what they take and what they do.
pub(super) const COMMANDS: &[(&str, &str, &str)] = &[
    (
        "run",
        "[MODEL] [CAPABILITY] INPUT… [NAME=VALUE]… [-o FILE]",
        "run a transform; a line of text alone does so, too",
    ),
    ("estimate", "[MODEL] [CAPABILITY] INPUT… [NAME=VALUE]…", "ask what it would cost"),
    ("cancel", "", "cancel what runs (Ctrl-C)"),
    ("wait", "", "read no further line before what runs is done"),
    ("configure", "NAME=VALUE…", "change settings, now and after each restart"),
    ("models", "", "ask for the models"),
    ("health", "", "ask how it is"),
    ("ping", "", "ask whether it is there"),
    ("restart", "", "start its process anew"),
    ("build", "", "build and start it anew, as after a change"),
    ("filter", "[METHOD]…", "show only these methods; without any, all"),
    ("hide", "[METHOD]…", "hide these methods, `noise` or `stderr`; without any, nothing"),
    ("help", "", "show this"),
    ("quit", "", "stop everything and leave"),
];
/// Other words for them.
const ALIASES: &[(&str, &str)] = &[("exit", "quit"), ("q", "quit"), ("?", "help"), ("rebuild", "build")];

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Transform a text with the first model that takes one.
    Say(String),
    Run(Job),
    Estimate(Job),
    Cancel,
    Wait,
    Configure(Vec<String>),
    Models,
    Health,
    Ping,
    Restart,
    Build,
    Filter(Vec<String>),
    Hide(Vec<String>),
    Help,
    Quit,
}

/// What to transform, not yet held against what the provider has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Job {
    /// A model, a capability and an input, as far as they are said.
    pub(super) words: Vec<String>,
    /// Options, and further inputs by their roles: `NAME=VALUE`.
    pub(super) pairs: Vec<String>,
    /// What is no model, no capability and no option, whatever it looks like.
    pub(super) literal: Vec<String>,
    pub(super) output: Option<PathBuf>,
}

/// Reads a line; an empty one is nothing. One that begins with no command is a text; a slash before the
/// first word says that it is a command.
pub(super) fn parse(line: &str) -> Result<Option<Command>, Failure> {
    let line = line.trim();
    let first = line.split_whitespace().next().unwrap_or_default();
    let named = first.strip_prefix('/').unwrap_or(first);
    let named = ALIASES.iter().find(|(alias, _)| *alias == named).map_or(named, |(_, command)| command);
    let known = COMMANDS.iter().find(|(name, ..)| *name == named);
    let Some((name, takes, _)) = known else {
        return match first.strip_prefix('/') {
            Some(unknown) => Err(unknown_command(unknown)),
            None if line.is_empty() => Ok(None),
            None => Ok(Some(Command::Say(line.to_owned()))),
        };
    };
    let rest = line[first.len()..].trim_start();
    let words = shlex::split(rest).ok_or_else(|| {
        Failure::usage(format!("`{name}`: a quote is not closed")).hint("write a quote that stands for itself as \\\"")
    })?;
    if takes.is_empty() && !words.is_empty() {
        // `help me write a poem` is more likely a text.
        return Ok(Some(Command::Say(line.to_owned())));
    }
    command(name, words).map(Some)
}

fn command(name: &str, words: Vec<String>) -> Result<Command, Failure> {
    Ok(match name {
        "run" => Command::Run(job(name, words)?),
        "estimate" => Command::Estimate(job(name, words)?),
        "cancel" => Command::Cancel,
        "wait" => Command::Wait,
        "configure" if words.is_empty() => {
            return Err(
                Failure::usage("`configure` takes settings").hint("such as `configure baseUrl=http://127.0.0.1:8080`")
            );
        }
        "configure" => Command::Configure(words),
        "models" => Command::Models,
        "health" => Command::Health,
        "ping" => Command::Ping,
        "restart" => Command::Restart,
        "build" => Command::Build,
        "filter" => Command::Filter(words),
        "hide" => Command::Hide(words),
        "quit" => Command::Quit,
        _ => Command::Help,
    })
}

fn job(name: &str, words: Vec<String>) -> Result<Job, Failure> {
    let mut job = Job::default();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--" => job.literal.extend(words.by_ref()),
            "-o" | "--output" => {
                let file = words.next().ok_or_else(|| {
                    Failure::usage(format!("`{name} … {word}`: FILE is missing")).hint("such as `run a fox -o fox.png`")
                })?;
                job.output = Some(file.into());
            }
            _ if is_pair(&word) => job.pairs.push(word),
            _ => job.words.push(word),
        }
    }
    if job.words.is_empty() && job.literal.is_empty() {
        return Err(Failure::usage(format!("`{name}`: INPUT is missing"))
            .hint(format!("such as `{name} hello`, or `{name} image.png`; `help` lists what there is")));
    }
    Ok(job)
}

/// Tells whether a word is `NAME=VALUE`; a URL with a query is none.
fn is_pair(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

fn unknown_command(word: &str) -> Failure {
    let names: Vec<_> = COMMANDS.iter().map(|(name, ..)| *name).collect();
    Failure::usage(format!("there is no command `{word}`")).hint(format!("there are {}", names.join(", ")))
}

/// Returns what `help` prints.
pub(super) fn help() -> String {
    let width = COMMANDS.iter().map(|(name, takes, _)| name.len() + takes.len() + 1).filter(|width| *width < 40).max();
    let width = width.unwrap_or_default();
    let lines = COMMANDS.iter().map(|(name, takes, does)| {
        let usage = format!("{name} {takes}");
        match usage.len() > width + 1 {
            true => format!("{usage}\n{:width$}  {does}", ""),
            false => format!("{usage:width$}  {does}"),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Command {
        parse(line).ok().flatten().unwrap_or_else(|| panic!("{line}"))
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_line_is_a_command_or_a_text() {
        assert!(parse("  ").ok().unwrap().is_none());
        assert_eq!(read("hello world"), Command::Say("hello world".to_owned()));
        assert_eq!(read(" \"quoted\" 'tis "), Command::Say("\"quoted\" 'tis".to_owned()));
        for (line, expected) in
            [("quit", Command::Quit), ("/exit", Command::Quit), ("?", Command::Help), ("ping", Command::Ping)]
        {
            assert_eq!(read(line), expected, "{line}");
        }
        assert_eq!(read("help me"), Command::Say("help me".to_owned()));
        assert_eq!(read("filter"), Command::Filter(vec![]));
        assert_eq!(read("hide ping stderr"), Command::Hide(words(&["ping", "stderr"])));
        assert_eq!(read("configure a=1 b='x y'"), Command::Configure(words(&["a=1", "b=x y"])));
        for (line, expected) in [
            ("/nonsense x", "there is no command `nonsense`"),
            ("run", "`run`: INPUT is missing"),
            ("run 'x", "`run`: a quote is not closed"),
            ("run x -o", "`run … -o`: FILE is missing"),
            ("configure", "`configure` takes settings"),
        ] {
            assert_eq!(
                parse(line).err().map(|failure| failure.message().to_owned()).as_deref(),
                Some(expected),
                "{line}"
            );
        }
    }

    #[test]
    fn a_job_has_words_options_and_an_output() {
        let expected = Job {
            words: words(&["echo", "hello"]),
            pairs: words(&["times=3"]),
            literal: vec![],
            output: Some("a b.txt".into()),
        };
        assert_eq!(read("run echo hello times=3 -o 'a b.txt'"), Command::Run(expected));
        let expected = Job { words: words(&["http://x/?a=b", "=", "1=2"]), ..Job::default() };
        assert_eq!(read("run http://x/?a=b = 1=2"), Command::Run(expected));
        let literal = Job { literal: words(&["a=b", "-o", "x"]), ..Job::default() };
        assert_eq!(read("estimate -- a=b -o x"), Command::Estimate(literal));
    }

    #[test]
    fn help_names_every_command() {
        let help = help();
        assert!(
            COMMANDS.iter().all(|(name, _, does)| help.contains(&format!("{name} ")) && help.contains(does)),
            "{help}"
        );
        assert!(help.lines().all(|line| line.chars().count() < 100), "{help}");
    }
}
