//! The end of a session: as a host ends it, or at once.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::Session;
use crate::process::Exit;
use crate::session::record::State;
use crate::stage::Finished;
use crate::verdict::Stop;

/// How long `exit`, the end of stdin and SIGTERM may take, in the specification's seconds.
pub(crate) const EXIT: f64 = 2.0;
pub(crate) const TERM: f64 = 3.0;

/// How long what a plugin started may take to follow it.
const FOLLOW: f64 = 1.0;

impl Session<'_> {
    /// Ends the session as a host does, where nothing has gone wrong yet, and judges how it ends.
    pub(crate) fn finish(mut self) -> Result<(), Stop> {
        if self.is_at_fault() || !self.stage.facts().ends_well {
            return Ok(());
        }
        self.end_politely()
    }

    /// `shutdown`, `exit`, and the process must be gone.
    pub(crate) fn end_politely(&mut self) -> Result<(), Stop> {
        self.shut_down()?;
        self.exit()
    }

    /// Asks the plugin to finish.
    pub(crate) fn shut_down(&mut self) -> Result<(), Stop> {
        let answer = self.call("shutdown", Some(json!({})))?;
        match answer.outcome {
            Ok(_) => Ok(()),
            Err(refusal) => Err(self.broken("EN-1", format!("`shutdown` was answered with {refusal}"))),
        }
    }

    /// Tells the plugin to leave, and waits until it has.
    pub(crate) fn exit(&mut self) -> Result<(), Stop> {
        self.notify("exit", None);
        match self.gone(EXIT, "EN-4", "after `exit`")? {
            Exit::Code(0) => Ok(()),
            exit => {
                self.fault("EN-5", format!("after `exit` the process ended with {exit}, not with code 0"));
                Ok(())
            }
        }
    }

    /// Waits until the process is gone, and what it started with it.
    pub(crate) fn gone(&mut self, within: f64, rule: &'static str, since: &str) -> Result<Exit, Stop> {
        let limit = self.seconds(within);
        let Some(exit) = self.await_exit(limit) else {
            if self.stage.plan.stop.is_on() {
                return Err(Stop::Interrupted);
            }
            let limit = super::ask::round(limit.as_secs_f64());
            return Err(self.broken(rule, format!("{since} the process was still there {limit} s later")));
        };
        self.check_survivors();
        Ok(exit)
    }

    /// Waits until the process has ended and all that it wrote is read.
    pub(crate) fn await_exit(&self, limit: Duration) -> Option<Exit> {
        let due = Instant::now() + limit;
        let ended = |state: &State| state.exit.map(|(exit, _)| exit);
        let exit = self.record.wait(ended, |_| due, || self.stage.plan.stop.is_on())?;
        // The rest of what it wrote is on its way.
        let read = Instant::now() + Duration::from_secs(2);
        self.record.wait(|state| state.is_read().then_some(()), |_| read, || false);
        Some(exit)
    }

    fn check_survivors(&mut self) {
        self.see(&["EN-9"]);
        let until = Instant::now() + self.seconds(FOLLOW);
        loop {
            let survivors = self.process.survivors();
            let Some(first) = survivors.first() else { return };
            if Instant::now() >= until {
                let (pid, name) = (first.pid, first.name.escape_debug());
                let why = format!("{} of its processes outlived it, such as `{name}` (pid {pid})", survivors.len());
                return self.fault("EN-9", why);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn hand_over(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        self.record.killed();
        self.process.signal(Signal::KILL);
        self.process.end();
        let read = Instant::now() + Duration::from_secs(2);
        self.record.wait(|state| state.is_read().then_some(()), |_| read, || false);
        for job in std::mem::take(&mut self.jobs) {
            if let Some(why) = job.changed_after_answer() {
                self.fault("MD-7", why);
            }
        }
        let transcript = std::mem::take(&mut self.record.state().transcript);
        let (faults, seen) = (std::mem::take(&mut self.faults), std::mem::take(&mut self.seen));
        self.stage.take(Finished { transcript, faults, seen });
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.hand_over();
    }
}
