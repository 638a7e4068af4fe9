//! A breach of a rule: where, what, and what to do about it.

use std::fmt;

/// One breach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    path: String,
    line: Option<usize>,
    what: String,
    remedy: String,
}

impl Fault {
    /// A breach by the file at `path`.
    pub fn of_file(path: &str, what: impl Into<String>, remedy: impl Into<String>) -> Fault {
        Fault { path: path.to_owned(), line: None, what: what.into(), remedy: remedy.into() }
    }

    /// A breach by one line (from 1) of the file at `path`.
    pub fn of_line(path: &str, line: usize, what: impl Into<String>, remedy: impl Into<String>) -> Fault {
        Fault { line: Some(line), ..Fault::of_file(path, what, remedy) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}\n    {}", self.what, self.remedy)
    }
}
