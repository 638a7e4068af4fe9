//! A sequence of named steps: each timed, the first failure ends it and says how to reproduce it.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::sh::Argv;

/// The steps run so far.
#[derive(Debug)]
pub struct Steps {
    root: PathBuf,
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// No step yet; commands run in the repository at `root`.
    pub fn new(root: &Path) -> Steps {
        Steps { root: root.to_path_buf(), done: Vec::new() }
    }

    /// Runs a command as a step.
    pub fn command(&mut self, name: &str, argv: &Argv) -> Result<()> {
        let root = self.root.clone();
        self.step(name, argv, || argv.run(&root))
    }

    /// Runs `work`, which `reproduce` would run again.
    pub fn step(&mut self, name: &str, reproduce: &dyn Display, work: impl FnOnce() -> Result<()>) -> Result<()> {
        eprintln!("── {name}: {reproduce}");
        let start = Instant::now();
        let outcome = work();
        let took = start.elapsed();
        match outcome {
            Ok(()) => {
                eprintln!("── {name}: ok, {}\n", Seconds(took));
                self.done.push((name.to_owned(), took));
                Ok(())
            }
            Err(error) => Err(anyhow!(
                "{name} failed after {}: {error:#}\nto reproduce it, at the top of the repository:\n    {reproduce}",
                Seconds(took)
            )),
        }
    }
}

/// The table of times.
impl Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.done.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max("total".len());
        for (name, took) in &self.done {
            writeln!(f, "{name:width$}  {:>9}", Seconds(*took).to_string())?;
        }
        let total = self.done.iter().map(|(_, took)| *took).sum();
        write!(f, "{:width$}  {:>9}", "total", Seconds(total).to_string())
    }
}

struct Seconds(Duration);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_step_and_the_line_that_reproduces_it() {
        let root = tempfile::tempdir().unwrap();
        let mut steps = Steps::new(root.path());
        steps.command("first", &Argv::new("true")).unwrap();
        let error = steps.command("second", &Argv::new("false").variable("A", "b c")).unwrap_err().to_string();
        assert!(error.starts_with("second failed after "), "{error}");
        assert!(error.contains("exit status: 1"), "{error}");
        assert!(error.ends_with("\n    A='b c' false"), "{error}");
        assert_eq!(steps.done.len(), 1, "only what succeeded is counted");
    }

    #[test]
    fn the_table_lists_every_step_and_the_total() {
        let done =
            vec![("clippy".to_owned(), Duration::from_millis(1500)), ("tests".to_owned(), Duration::from_secs(61))];
        let steps = Steps { root: PathBuf::new(), done };
        assert_eq!(steps.to_string(), "clippy      1.5 s\ntests      61.0 s\ntotal      62.5 s");
    }
}
