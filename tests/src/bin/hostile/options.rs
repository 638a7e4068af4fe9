//! The command line. Options come by argument because a plugin's environment is an allow-list.

use std::path::PathBuf;
use std::time::Duration;

use crate::mode::{self, Mode};

/// What `--help` prints.
pub const HELP: &str = "\
hostile MODE [OPTIONS]   a plugin on stdin and stdout that misbehaves as MODE says
hostile --list           every mode, one a line

  --full              also give pictures back, report by default, and keep deadlines
  --witness FILE      append the mode's name, a line, whenever it misbehaves
  --times N           misbehave N times, counted in the witness file, then be good
  --ms N              milliseconds, where a mode waits or works
  --count N           how many, where a mode repeats itself
  --megabytes N       how much, where a mode floods
  --file FILE         a file that a mode writes, such as the ids of its children
  --lifetime SECONDS  die by SIGALRM after so long, 600 by default, 0 for never

A transform whose text is `behave` is answered well in every mode. Every model takes the options
`delayMs` (how long the job takes), `progress` (how many reports) and `chunks` (how many parts).
";

/// What is to be done.
pub enum Command {
    /// Be a plugin.
    Run(Options),
    /// Print the modes.
    List,
    /// Print the help.
    Help,
}

/// How to misbehave.
pub struct Options {
    /// The mode.
    pub mode: &'static Mode,
    /// Whether it is the whole provider, to which every rule applies.
    pub full: bool,
    /// Where to own up.
    pub witness: Option<PathBuf>,
    /// How often, over all runs.
    pub times: Option<usize>,
    /// Where a mode writes what the test wants to know.
    pub file: Option<PathBuf>,
    /// Seconds until the plugin dies by itself; none for never.
    pub lifetime: u32,
    ms: Option<u64>,
    count: Option<u64>,
    megabytes: Option<u64>,
}

impl Options {
    /// Reads the arguments after the program's name.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
        let first = arguments.next().ok_or("which mode? `hostile --list` prints them")?;
        match first.as_str() {
            "--list" => return Ok(Command::List),
            "--help" => return Ok(Command::Help),
            _ => {}
        }
        let mode = mode::find(&first).ok_or_else(|| format!("no mode `{first}`; `hostile --list` prints them"))?;
        let mut options = Self {
            mode,
            full: false,
            witness: None,
            times: None,
            file: None,
            lifetime: 600,
            ms: None,
            count: None,
            megabytes: None,
        };
        while let Some(name) = arguments.next() {
            if name == "--full" {
                options.full = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("`{name}` wants a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("`{name}` wants a number, not `{value}`"));
            match name.as_str() {
                "--witness" => options.witness = Some(value.into()),
                "--file" => options.file = Some(value.into()),
                "--times" => options.times = Some(usize::try_from(number()?).unwrap_or(usize::MAX)),
                "--ms" => options.ms = Some(number()?),
                "--count" => options.count = Some(number()?),
                "--megabytes" => options.megabytes = Some(number()?),
                "--lifetime" => options.lifetime = u32::try_from(number()?).unwrap_or(u32::MAX),
                _ => return Err(format!("no option `{name}`; see `hostile --help`")),
            }
        }
        if options.times.is_some() && options.witness.is_none() {
            return Err("`--times` counts in the witness file: add `--witness FILE`".to_owned());
        }
        Ok(Command::Run(options))
    }

    /// How long, else `default` milliseconds.
    pub fn wait(&self, default: u64) -> Duration {
        Duration::from_millis(self.ms.unwrap_or(default))
    }

    /// How many, else `default`.
    pub fn count(&self, default: u64) -> u64 {
        self.count.unwrap_or(default)
    }

    /// How many bytes, else `default` megabytes.
    pub fn bytes(&self, default: u64) -> u64 {
        self.megabytes.unwrap_or(default).saturating_mul(1 << 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn numbers_replace_defaults() {
        let Ok(Command::Run(options)) = parse("good --ms 5 --full --count 7 --witness w --times 2") else { panic!() };
        assert!(options.full);
        assert_eq!(options.wait(100), Duration::from_millis(5));
        assert_eq!((options.count(1), options.bytes(3), options.times), (7, 3 << 20, Some(2)));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, expected) in [
            ("", "which mode?"),
            ("sweet", "no mode `sweet`"),
            ("good --ms", "`--ms` wants a value"),
            ("good --ms soon", "`--ms` wants a number, not `soon`"),
            ("good --nicely 1", "no option `--nicely`"),
            ("good --times 1", "add `--witness FILE`"),
        ] {
            let Err(message) = parse(line) else { panic!("{line}") };
            assert!(message.contains(expected), "{message}");
        }
    }
}
