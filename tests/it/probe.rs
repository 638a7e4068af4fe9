//! A host in a process of its own.

use std::process::Stdio;

use prizm_host::PluginCommand;
use prizm_tests::{Lab, within};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A host that runs.
pub struct Probe {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Probe {
    /// Starts one with a scenario and a plugin.
    pub fn start(lab: &Lab, scenario: &str, plugin: &PluginCommand) -> Self {
        Self::start_with(lab, scenario, plugin, |_| {})
    }

    /// Starts one whose own process is made otherwise.
    pub fn start_with(lab: &Lab, scenario: &str, plugin: &PluginCommand, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(crate::HOST_PROBE);
        command.arg(scenario).arg(lab.file("work")).args(plugin.argv());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdout }
    }

    /// Returns the next line that it prints.
    pub async fn line(&mut self) -> Value {
        let line = within(90, "the host's next line", self.stdout.next_line()).await.unwrap();
        serde_json::from_str(&line.expect("the host has ended without a word")).unwrap()
    }

    /// Returns its last line, once it has ended well.
    pub async fn report(mut self) -> Value {
        let mut last = Value::Null;
        while let Some(line) = within(90, "the host's report", self.stdout.next_line()).await.unwrap() {
            last = serde_json::from_str(&line).unwrap();
        }
        let status = within(10, "the host's end", self.child.wait()).await.unwrap();
        assert!(status.success(), "the host ended with {status} after {last}");
        last
    }

    /// Returns how it ended.
    pub async fn status(mut self) -> std::process::ExitStatus {
        within(30, "the host's end", self.child.wait()).await.unwrap()
    }

    /// Kills its whole group with SIGKILL and waits until it is gone.
    pub async fn kill_group(mut self) {
        let group = i32::try_from(self.child.id().unwrap()).unwrap();
        // SAFETY: `kill` takes numbers; the group is that of an unreaped child.
        assert_eq!(unsafe { libc::kill(-group, libc::SIGKILL) }, 0);
        within(10, "the host's end", self.child.wait()).await.unwrap();
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub async fn kill(mut self) {
        within(10, "the host's end", self.child.kill()).await.unwrap();
    }
}
