//! Waits until the author has changed something.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::screen::Screen;
use super::sources::{Sources, is_written_by_tools};

/// How long nothing may happen before what happened is looked at.
const QUIET: Duration = Duration::from_millis(60);
/// How long it may go on until it is looked at all the same.
const STORM: Duration = Duration::from_secs(1);
/// How often it is looked where the system does not tell.
const LOOK: Duration = Duration::from_secs(1);
/// Whether each directory is watched by itself, so that those which are left out cost nothing.
const EACH: bool = cfg!(target_os = "linux");
/// Builds in a row that change sources, until these are left out.
const PATIENCE: u32 = 2;

/// Watches the sources of a provider.
pub(super) struct Watch {
    root: PathBuf,
    sources: Sources,
    events: mpsc::UnboundedReceiver<()>,
    /// Tells of events; none where the system cannot.
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
    /// When it is looked at without being told.
    next_look: Instant,
    /// When something happened that has not been looked at: first and last.
    pending: Option<(Instant, Instant)>,
    /// What the last builds in a row have changed, and how many.
    by_builds: (Vec<PathBuf>, u32),
}

impl Watch {
    /// Begins to watch.
    pub(super) fn start(root: &Path, screen: &Screen) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Whoever only reads changes nothing.
            if !matches!(event, Ok(notify::Event { kind: EventKind::Access(_), .. })) {
                let _ = sender.send(());
            }
        });
        let mut watch = Self {
            root: root.to_owned(),
            sources: Sources::new(root),
            events,
            watcher: None,
            watched: BTreeSet::new(),
            next_look: Instant::now() + LOOK,
            pending: None,
            by_builds: (Vec::new(), 0),
        };
        match watcher {
            Ok(watcher) => watch.watcher = Some(watcher),
            Err(error) => watch.look_by_itself(screen, &error),
        }
        watch.look(screen);
        watch
    }

    /// Waits for changes of the author's, and returns their names. Nothing is lost when it is dropped while
    /// it waits.
    pub(super) async fn changed(&mut self, screen: &Screen) -> Vec<String> {
        loop {
            let Some((first, last)) = self.pending else {
                self.happened().await;
                let now = Instant::now();
                self.pending = Some((now, now));
                continue;
            };
            tokio::select! {
                biased;
                () = sleep_until((last + QUIET).min(first + STORM)) => {}
                Some(()) = self.events.recv() => {
                    self.pending = Some((first, Instant::now()));
                    continue;
                }
            }
            self.pending = None;
            let changed = self.look(screen);
            if !changed.is_empty() {
                return self.names(&changed);
            }
        }
    }

    /// Notes how everything is when a build begins.
    pub(super) fn build_begins(&mut self, screen: &Screen) {
        self.pending = None;
        self.look(screen);
    }

    /// Returns the names of what was changed during a build, which is to be built again: unless it is the
    /// build that changes it each time.
    pub(super) fn build_ended(&mut self, screen: &Screen) -> Vec<String> {
        if screen.has_built() {
            self.sources.set_has_build(true);
        }
        let mut changed = self.look(screen);
        changed.retain(|path| !is_written_by_tools(path));
        let again = !changed.is_empty() && changed == self.by_builds.0;
        self.by_builds = (changed.clone(), if again { self.by_builds.1 + 1 } else { 1 });
        if changed.is_empty() || self.by_builds.1 <= PATIENCE {
            return self.names(&changed);
        }
        let names = self.names(&changed);
        screen.note(format!(
            "each build changes {}, which is not watched any more; name it in `.gitignore`",
            names.join(", ")
        ));
        changed.into_iter().for_each(|path| self.sources.leave_out(path));
        Vec::new()
    }

    /// Leaves a file out: a result that was saved among the sources.
    pub(super) fn leave_out(&mut self, path: &Path) {
        if let Ok(path) = path.canonicalize() {
            self.sources.leave_out(path);
        }
    }

    async fn happened(&mut self) {
        match self.watcher {
            // The sender lives as long as the watcher.
            Some(_) => drop(self.events.recv().await),
            None => {
                sleep_until(self.next_look).await;
                self.next_look = Instant::now() + LOOK;
            }
        }
    }

    /// Looks at everything, and watches the directories that are there.
    fn look(&mut self, screen: &Screen) -> Vec<PathBuf> {
        let mut changed = BTreeSet::new();
        loop {
            changed.extend(self.sources.look());
            let directories = self.sources.directories().clone();
            let any_new = directories.difference(&self.watched).next().is_some();
            self.watched = directories;
            // All of them: one that was removed and made again is another.
            self.watch(screen);
            if !any_new {
                return changed.into_iter().collect();
            }
            // What came into a new directory before it was watched is seen by another look.
        }
    }

    fn watch(&mut self, screen: &Screen) {
        let Some(watcher) = &mut self.watcher else { return };
        let (directories, mode) = match EACH {
            true => (self.watched.iter().collect(), RecursiveMode::NonRecursive),
            false => (vec![&self.root], RecursiveMode::Recursive),
        };
        let failed = directories.into_iter().find_map(|directory| {
            // One that has gone meanwhile needs no watch.
            watcher.watch(directory, mode).err().filter(|_| directory.is_dir())
        });
        if let Some(error) = failed {
            self.look_by_itself(screen, &error);
        }
    }

    fn look_by_itself(&mut self, screen: &Screen, error: &notify::Error) {
        self.watcher = None;
        screen.note(format!("the system does not tell what changes ({error}): it is looked at every second"));
    }

    fn names(&self, paths: &[PathBuf]) -> Vec<String> {
        let relative = paths.iter().map(|path| path.strip_prefix(&self.root).unwrap_or(path));
        relative.map(|path| path.to_string_lossy().into_owned()).collect()
    }
}
