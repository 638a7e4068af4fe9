//! Homes in which bundled providers are installed already.

use std::fs;
use std::time::UNIX_EPOCH;

use crate::cli::{Home, program};

impl Home {
    /// Makes one in which providers that come with `prizm` are installed. All of them share a store, so that
    /// the first installs them for the others.
    ///
    /// # Panics
    /// They cannot be installed.
    pub async fn with_installed(ids: &[&str]) -> Self {
        /// Seconds that the first may take.
        const LONG: u64 = 300;
        /// Where a home stands in what is shared.
        const HERE: &str = "@HOME@";
        let home = Self::new();
        let prizm = program("prizm");
        let shared = prizm.with_file_name("installed");
        fs::create_dir_all(shared.join("store")).expect("a directory for the tests");
        std::os::unix::fs::symlink(shared.join("store"), home.path().join("store")).expect("a link to the store");
        let meta = fs::metadata(&prizm).expect("the program");
        let built = meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let pinned = shared.join(format!("{}-{}.lock", ids.join("-"), built.unwrap_or_default().as_nanos()));
        let turn = fs::File::create(shared.join("turn")).expect("a file for the tests");
        turn.lock().expect("one at a time");
        let (lock, at) = (home.path().join("bundled.lock"), home.path().display().to_string());
        match fs::read_to_string(&pinned) {
            Ok(text) => fs::write(&lock, text.replace(HERE, &at)).expect("a lock"),
            Err(_) => {
                for id in ids {
                    home.start(&["models", id, "--refresh"]).ended_within(LONG).await.ok();
                }
                let text = fs::read_to_string(&lock).expect("what was installed is pinned");
                fs::write(&pinned, text.replace(&at, HERE)).expect("what is shared");
            }
        }
        home
    }
}
