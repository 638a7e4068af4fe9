//! What this machine saw first under a name that must never lead to anything else.
//!
//! A tag can be moved and a package published again; the ledger notices it without a server, in every
//! project of the machine.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::error::quoted;
use crate::lock::Lock;
use crate::{Error, ErrorKind};

const PATIENCE: Duration = Duration::from_secs(30);

/// `ledger.jsonl` in PRIZM_HOME: a line for each name, never changed.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    name: String,
    revision: String,
    source_hash: String,
    /// Seconds since 1970.
    first_seen: u64,
}

impl Ledger {
    pub(crate) fn new(home: &Path) -> Self {
        Self { path: home.join("ledger.jsonl") }
    }

    /// Compares what a name leads to with what it led to first; the hash only where the files are there.
    pub(crate) fn check(&self, name: &str, revision: &str, source_hash: Option<&str>) -> Result<(), Error> {
        let Some(first) = self.find(name)? else { return Ok(()) };
        let (what, then, now) = if first.revision != revision {
            ("revision", first.revision.as_str(), revision)
        } else {
            match source_hash.filter(|now| *now != first.source_hash) {
                Some(now) => ("content", first.source_hash.as_str(), now),
                None => return Ok(()),
            }
        };
        let message = format!("`{name}` is not what this machine saw first: its {what} was {then}, and is {now} now");
        Err(Error::new(ErrorKind::Mismatch, message).with_hint(format!(
            "ask its author why it was moved; to accept it, remove the line of `{name}` from {}",
            quoted(&self.path)
        )))
    }

    /// Tells whether this machine has seen a name.
    pub(crate) fn knows(&self, name: &str) -> Result<bool, Error> {
        Ok(self.find(name)?.is_some())
    }

    /// Remembers what a name leads to. Where that is known it must be the same.
    pub(crate) fn record(&self, name: &str, revision: &str, source_hash: &str) -> Result<(), Error> {
        if self.knows(name)? {
            return self.check(name, revision, Some(source_hash));
        }
        let first_seen = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let line = Line {
            name: name.to_owned(),
            revision: revision.to_owned(),
            source_hash: source_hash.to_owned(),
            first_seen,
        };
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let locked = fs::create_dir_all(directory).and_then(|()| Lock::take_directory_within(directory, PATIENCE));
        let _lock = locked.map_err(|error| self.unusable(&error))?;
        // Another process may have seen it meanwhile, and something else.
        if self.knows(name)? {
            return self.check(name, revision, Some(source_hash));
        }
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(&self.path)?;
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            if !ends_with_newline(&file)? {
                // A crash cut the last line short; it must not take this one with it.
                text.insert(0, b'\n');
            }
            file.write_all(&text)?;
            file.sync_data()
        };
        write().map_err(|error| self.unusable(&error))
    }

    /// Finds the first line of a name. A line that was cut short says nothing.
    fn find(&self, name: &str) -> Result<Option<Line>, Error> {
        let file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.unusable(&error)),
        };
        let quoted_name = serde_json::to_string(name).unwrap_or_default();
        for line in io::BufReader::new(file).split(b'\n') {
            let line = line.map_err(|error| self.unusable(&error))?;
            // To search is much faster than to parse, and nearly all lines are of other names.
            if memchr::memmem::find(&line, quoted_name.as_bytes()).is_none() {
                continue;
            }
            if let Ok(line) = serde_json::from_slice::<Line>(&line)
                && line.name == name
            {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    fn unusable(&self, error: &io::Error) -> Error {
        Error::new(ErrorKind::Store, format!("the ledger {} cannot be used: {error}", quoted(&self.path)))
            .with_hint("check that PRIZM_HOME can be written and that there is room")
    }
}

fn ends_with_newline(mut file: &fs::File) -> io::Result<bool> {
    use std::io::{Read as _, Seek as _};
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(io::SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_one_thing_for_ever() {
        let home = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(home.path());
        ledger.check("github:a/b@v1", "c0ffee", Some("b3:1")).unwrap();
        ledger.record("github:a/b@v1", "c0ffee", "b3:1").unwrap();
        assert!(ledger.record("github:a/b@v1", "other", "b3:2").is_err());
        ledger.record("github:a/b@v1", "c0ffee", "b3:1").unwrap();
        Ledger::new(home.path()).check("github:a/b@v1", "c0ffee", Some("b3:1")).unwrap();
        ledger.check("github:a/b@v11", "x", Some("y")).unwrap();
        let moved = ledger.check("github:a/b@v1", "badbad", None).unwrap_err();
        assert_eq!(moved.kind(), ErrorKind::Mismatch);
        assert!(moved.to_string().contains("c0ffee") && moved.to_string().contains("badbad"), "{moved}");
        let changed = ledger.check("github:a/b@v1", "c0ffee", Some("b3:9")).unwrap_err();
        assert!(changed.to_string().contains("b3:1") && changed.to_string().contains("b3:9"), "{changed}");
        assert!(changed.hint().unwrap().contains("ledger.jsonl"));
    }

    #[test]
    fn a_line_that_was_cut_short_costs_nothing_but_itself() {
        let home = tempfile::tempdir().unwrap();
        let ledger = Ledger::new(home.path());
        ledger.record("a", "1", "b3:1").unwrap();
        let mut file = OpenOptions::new().append(true).open(&ledger.path).unwrap();
        file.write_all(b"{\"name\":\"b\",\"revi").unwrap();
        ledger.record("b", "2", "b3:2").unwrap();
        for (name, revision, hash) in [("a", "1", "b3:1"), ("b", "2", "b3:2")] {
            ledger.check(name, revision, Some(hash)).unwrap();
            assert!(ledger.check(name, "9", None).is_err());
        }
    }
}
