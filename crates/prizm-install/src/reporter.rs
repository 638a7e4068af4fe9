//! Who is told how far an install has come.

/// Listens to an install. Calls come in order, from the task that installs; they must not block.
///
/// `()` listens to nothing.
pub trait Reporter: Send + Sync {
    /// A stage begins: `resolve`, `wait`, `fetch`, `dependencies`, `build` or `validate`, and what it is about.
    fn stage(&self, stage: &str, detail: &str);

    /// A build wrote a line, of bounded length and without control characters.
    fn output(&self, line: &str);

    /// So many bytes, of so many if that is known, have come.
    fn progress(&self, done: u64, total: Option<u64>) {
        let _ = (done, total);
    }
}

impl Reporter for () {
    fn stage(&self, _stage: &str, _detail: &str) {}

    fn output(&self, _line: &str) {}
}
