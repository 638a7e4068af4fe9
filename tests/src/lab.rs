//! A laboratory: a directory of one test's own, and hostile plugins that leave their traces in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use prizm_host::{Call, Event, Outcome, OutputSource, Plugin, PluginCommand, PluginSpec, Timing};
use prizm_protocol::Capability;
use tempfile::TempDir;

use crate::Processes;

/// The laboratory of one test.
pub struct Lab {
    dir: TempDir,
    hostile: PathBuf,
}

impl Lab {
    /// Makes one for the hostile plugin at this path.
    ///
    /// # Panics
    /// There is no room for it.
    pub fn new(hostile: impl Into<PathBuf>) -> Self {
        let dir = tempfile::Builder::new().prefix("prizm-lab-").tempdir().expect("a directory for the test");
        fs::create_dir(dir.path().join("work")).expect("a directory for jobs");
        Self { dir, hostile: hostile.into() }
    }

    /// Returns the directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Returns a path in the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the command of a hostile plugin: `line` is its mode and its options.
    pub fn hostile(&self, line: &str) -> PluginCommand {
        PluginCommand::new(self.hostile.clone())
            .args(line.split_whitespace())
            .args(["--lifetime", "300"])
            .arg("--witness")
            .arg(self.file("witness"))
            .arg("--file")
            .arg(self.file("file"))
    }

    /// Returns a specification with patience for a busy machine.
    pub fn spec(&self, command: PluginCommand) -> PluginSpec {
        PluginSpec { work_dir: self.file("work"), timing: timing(), ..PluginSpec::new(command) }
    }

    /// Returns a hostile plugin with patience for a busy machine.
    pub fn plugin(&self, line: &str) -> Plugin {
        self.plugin_with(line, |_| {})
    }

    /// Returns a hostile plugin with a changed specification.
    pub fn plugin_with(&self, line: &str, change: impl FnOnce(&mut PluginSpec)) -> Plugin {
        let mut spec = self.spec(self.hostile(line));
        change(&mut spec);
        Plugin::new(spec)
    }

    /// Returns how often a plugin owned up to its misbehaviour.
    pub fn confessions(&self, mode: &str) -> usize {
        let witness = fs::read_to_string(self.file("witness")).unwrap_or_default();
        witness.lines().filter(|line| *line == mode).count()
    }

    /// Returns the number that a plugin wrote into its file, once the line is whole.
    pub fn number(&self) -> Option<u32> {
        fs::read_to_string(self.file("file")).ok()?.strip_suffix('\n')?.lines().last()?.parse().ok()
    }

    /// Returns every process that a plugin of this test has started, itself included.
    pub fn processes(&self) -> Processes<'_> {
        Processes::marked(self.dir.path())
    }

    /// Shuts a plugin down and waits until nothing of this test is left: no process, no job directory.
    ///
    /// # Panics
    /// Something is left.
    pub async fn close(&self, plugin: &Plugin) {
        crate::within(20, "shutdown", plugin.shutdown()).await;
        self.processes().gone_within(5).await;
        let left = || fs::read_dir(self.file("work")).is_ok_and(|mut jobs| jobs.next().is_none()).then_some(());
        crate::eventually("no job directory is left", left).await;
    }
}

/// Patience for a busy machine. What a test wants to see pass is set by that test.
pub fn timing() -> Timing {
    Timing {
        initialize: Duration::from_secs(30),
        configure: Duration::from_secs(30),
        cancel_grace: Duration::from_secs(30),
        query: Duration::from_secs(30),
        ..Timing::default()
    }
}

/// A call that is answered with its text.
pub fn ask(text: &str) -> Call {
    Call::new("echo", Capability::TEXT_TO_TEXT).text(text)
}

/// A call that is answered with a picture.
pub fn picture(text: &str) -> Call {
    Call::new("file", Capability::TEXT_TO_IMAGE).text(text)
}

/// Ignores what happens on the way.
pub fn quiet(_: Event) {}

/// Returns the text that came out.
///
/// # Panics
/// Something else came out.
pub fn said(outcome: &Outcome) -> &str {
    match outcome.outputs.as_slice() {
        [output] => match &output.source {
            OutputSource::Text(text) => text,
            other => panic!("expected a text, not {other:?}"),
        },
        other => panic!("expected one output, not {other:?}"),
    }
}
