//! What can go wrong with the ledger.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// What the ledger's functions return.
pub type Result<T, E = LedgerError> = std::result::Result<T, E>;

/// How many of several decisions an error names.
const NAMED: usize = 5;

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The file is opened, and made where there is none.
    Open,
    /// A corrupt file is moved aside.
    Recover,
    /// What was learned is read, changed or forgotten.
    Learn,
    /// Money is reserved, spent or counted.
    Budget,
    /// A decision is written down or looked up.
    Decision,
    /// The candidate of a session is written down or looked up.
    Session,
}

impl Stage {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Recover => "recover",
            Self::Learn => "learn",
            Self::Budget => "budget",
            Self::Decision => "decision",
            Self::Session => "session",
        }
    }

    const fn doing(self) -> &'static str {
        match self {
            Self::Open => "open the file",
            Self::Recover => "move the corrupt file aside",
            Self::Learn => "keep what was learned",
            Self::Budget => "keep the budgets",
            Self::Decision => "keep the decisions",
            Self::Session => "keep the sessions",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why the ledger did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Other processes kept it locked for too long.
    #[error("the ledger `{}` is in use: cannot {} now", path.display(), stage.doing())]
    Busy {
        /// The file.
        path: PathBuf,
        /// What was being done.
        stage: Stage,
    },
    /// A later version of Prizm made the file, or changed it.
    #[error(
        "the ledger `{}` is from a later version of Prizm: its layout is {layout}, this version knows {known}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The layout of the file.
        layout: i64,
        /// The latest layout that is known here.
        known: i64,
    },
    /// The file cannot be read or written, or its directory.
    #[error("the ledger `{}` cannot be used: cannot {}: {source}", path.display(), stage.doing())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What was being done.
        stage: Stage,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is not as much left of a budget.
    #[error("the budget `{id}` is exhausted: {} of {} USD are left", usd(*left), usd(*limit))]
    Exhausted {
        /// The budget.
        id: String,
        /// What is left, in billionths of a dollar.
        left: u64,
        /// All of it, in billionths of a dollar.
        limit: u64,
        /// When some of it becomes free, in milliseconds since 1970; nothing where waiting does not help.
        next: Option<u64>,
    },
    /// A value is larger than is kept.
    #[error("{what} has {size} bytes, the ledger keeps at most {limit}")]
    TooLarge {
        /// What it is.
        what: String,
        /// Its size in bytes.
        size: u64,
        /// The largest size in bytes.
        limit: u64,
    },
    /// There is no such reservation or decision, or not any more.
    #[error("the ledger has no {what} `{id}`")]
    Unknown {
        /// What it is.
        what: &'static str,
        /// Its name.
        id: String,
    },
    /// The beginning of an id that several decisions have.
    #[error("`{prefix}` begins the ids of {} decisions: {}", ids.len(), named(ids))]
    Ambiguous {
        /// The beginning.
        prefix: String,
        /// The ids, newest first.
        ids: Vec<String>,
    },
}

impl LedgerError {
    /// Returns the remedy.
    pub fn hint(&self) -> String {
        match self {
            Self::Busy { .. } => "try again, or end the process that keeps it locked".to_owned(),
            Self::Newer { path, .. } => {
                format!("use the later version, or move `{}` away to begin a new ledger", path.display())
            }
            Self::Unusable { path, source, .. } => match source.downcast_ref().and_then(code) {
                Some(ErrorCode::DiskFull) => "free some space on the disk".to_owned(),
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
                    format!("move `{}` away to begin a new ledger", path.display())
                }
                _ => format!(
                    "see that `{}` is a directory that you may write, with the ledger in it, or set PRIZM_HOME to another",
                    directory(path).display()
                ),
            },
            Self::Exhausted { next: Some(_), .. } => "wait until some of it is free, or raise its limit".to_owned(),
            Self::Exhausted { .. } => "raise its limit".to_owned(),
            Self::TooLarge { .. } => "make it smaller".to_owned(),
            Self::Unknown { what: "reservation", .. } => "reserve anew: it was settled or released".to_owned(),
            Self::Unknown { .. } => "the last 200 decisions are kept".to_owned(),
            Self::Ambiguous { .. } => "write more of the id".to_owned(),
        }
    }
}

/// Why work on the database ended early, before it is known which file it is.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The database failed.
    Sql(rusqlite::Error),
    /// Files failed.
    Io(io::Error),
    /// The answer is no.
    Refused(LedgerError),
}

impl Fault {
    /// Whether what is in the file cannot be read as a ledger.
    pub(crate) fn is_corrupt(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        matches!(code(error), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
    }

    /// Whether the file is not there, although it was made.
    pub(crate) fn is_absence(&self) -> bool {
        match self {
            Self::Sql(error) => code(error) == Some(ErrorCode::CannotOpen),
            Self::Io(error) => error.kind() == io::ErrorKind::NotFound,
            Self::Refused(_) => false,
        }
    }

    /// Whether others keep the file locked.
    pub(crate) fn is_busy(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        matches!(code(error), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// Makes an error that names the file.
    pub(crate) fn at(self, path: &Path, stage: Stage) -> LedgerError {
        let path = path.to_owned();
        match self {
            Self::Refused(error) => error,
            fault if fault.is_busy() => LedgerError::Busy { path, stage },
            Self::Sql(error) => LedgerError::Unusable { path, stage, source: Box::new(error) },
            Self::Io(error) => LedgerError::Unusable { path, stage, source: Box::new(error) },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::Refused(error) => error.fmt(f),
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<LedgerError> for Fault {
    fn from(error: LedgerError) -> Self {
        Self::Refused(error)
    }
}

fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}

/// Returns the directory that a file is in.
pub(crate) fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses what is larger than is kept.
pub(crate) fn bounded(what: impl FnOnce() -> String, size: usize, limit: usize) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    Err(LedgerError::TooLarge { what: what(), size: size as u64, limit: limit as u64 })
}

/// Writes billionths as dollars, with as few digits as they have.
fn usd(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn named(ids: &[String]) -> String {
    let mut text = ids.iter().take(NAMED).map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    if ids.len() > NAMED {
        text.push_str(", …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_value() {
        let exhausted =
            LedgerError::Exhausted { id: "team".into(), left: 2_500_000, limit: 10_000_000_000, next: None };
        assert_eq!(exhausted.to_string(), "the budget `team` is exhausted: 0.0025 of 10 USD are left");
        let ids = (0..7).map(|n| format!("a{n}")).collect();
        let ambiguous = LedgerError::Ambiguous { prefix: "a".into(), ids };
        assert_eq!(ambiguous.to_string(), "`a` begins the ids of 7 decisions: `a0`, `a1`, `a2`, `a3`, `a4`, …");
    }
}
