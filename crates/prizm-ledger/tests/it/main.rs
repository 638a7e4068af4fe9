//! The ledger through its own interface: real files, real threads, real processes.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod budgets;
mod decisions;
mod files;
mod learned;
mod model;
mod processes;
mod sessions;

use std::path::PathBuf;

use prizm_ledger::Ledger;
use tempfile::TempDir;

/// A directory with the file of a ledger, which is not there yet.
struct Home {
    directory: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("ledger.db")
    }

    fn open(&self) -> Ledger {
        Ledger::open(&self.path()).unwrap()
    }

    /// Returns the names of the files that are there.
    fn files(&self) -> Vec<String> {
        let entries = self.directory.path().read_dir().unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Does something in many threads, each with one of several connections to the same file.
fn in_threads(home: &Home, threads: usize, connections: usize, work: impl Fn(usize, &Ledger) + Sync) {
    let ledgers: Vec<_> = (0..connections).map(|_| home.open()).collect();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (work, ledger) = (&work, &ledgers[thread % connections]);
            scope.spawn(move || work(thread, ledger));
        }
    });
}
