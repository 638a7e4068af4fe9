//! Jobs of a session: their directories, their answers, and what they made.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Answer, Ask, Session};
use crate::job::JobSpec;
use crate::judge;
use crate::media::snapshot::Snapshot;
use crate::verdict::Stop;

/// A job's directory.
#[derive(Debug)]
pub(crate) struct JobDir {
    path: PathBuf,
    before: Snapshot,
    /// What was in it when the answer came.
    answered: Mutex<Option<Snapshot>>,
}

impl JobDir {
    /// Returns what has changed in it since its answer.
    pub(super) fn changed_after_answer(&self) -> Option<String> {
        let change = self.change()?;
        Some(format!("after the job's answer something changed in its `jobDir`: {change}"))
    }

    fn change(&self) -> Option<String> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.as_ref()?.changed(&Snapshot::of(&self.path))
    }
}

/// A job that was sent.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) ask: Ask,
    pub(crate) capability: String,
    pub(crate) directory: Option<Arc<JobDir>>,
}

/// A job that was answered.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) answer: Answer,
    directory: Option<Arc<JobDir>>,
}

impl Done {
    /// Returns the text of its first output, where that is inline.
    pub(crate) fn text(&self) -> Option<&str> {
        self.answer.outcome.as_ref().ok()?.pointer("/outputs/0/text")?.as_str()
    }

    /// Returns the files that it gives, as the host would find them.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let Some(directory) = &self.directory else { return Vec::new() };
        let outputs = self.answer.outcome.as_ref().ok().and_then(|result| result.get("outputs")?.as_array());
        let paths = outputs.into_iter().flatten().filter_map(|output| output.get("path")?.as_str());
        paths.map(|path| directory.path.join(path)).collect()
    }
}

impl Session<'_> {
    /// Makes what a job needs: its parameters, and a directory where a medium is a file.
    pub(crate) fn prepare(&mut self, spec: &JobSpec, with_directory: bool) -> Result<(Value, Option<PathBuf>), Stop> {
        let id = self.take_id();
        let job_id = format!("job-{id}");
        if spec.is_text_only() && !with_directory {
            return Ok((spec.params(&job_id, None)?, None));
        }
        let path = self.directory.path().join(format!("jobs/{job_id}"));
        let made = fs::create_dir_all(path.join("in")).and_then(|()| fs::create_dir(path.join("out")));
        made.map_err(|error| Stop::machine(format!("cannot make `{}`: {error}", path.display())))?;
        Ok((spec.params(&job_id, Some(&path))?, Some(path)))
    }

    /// Sends a job whose parameters were made by [`Session::prepare`].
    pub(crate) fn send_job(&mut self, spec: &JobSpec, params: Value, directory: Option<&Path>) -> Running {
        self.send_job_as(spec, params, directory, false)
    }

    /// Sends a job, in ASCII with escapes where `is_escaped`.
    pub(crate) fn send_job_as(
        &mut self,
        spec: &JobSpec,
        params: Value,
        directory: Option<&Path>,
        is_escaped: bool,
    ) -> Running {
        let directory = directory.map(|path| {
            let before = Snapshot::of(path).without_outputs();
            Arc::new(JobDir { path: path.to_owned(), before, answered: Mutex::default() })
        });
        let ask = if is_escaped { self.ask_escaped("transform", &params) } else { self.ask("transform", Some(params)) };
        Running { ask, capability: spec.capability.clone(), directory }
    }

    /// Sends a job, in other words where `change` changes them.
    pub(crate) fn start_job(&mut self, spec: &JobSpec, change: impl FnOnce(&mut Value)) -> Result<Running, Stop> {
        let (mut params, directory) = self.prepare(spec, false)?;
        change(&mut params);
        Ok(self.send_job(spec, params, directory.as_deref()))
    }

    /// Waits for a job's answer, and judges what it made.
    pub(crate) fn finish_job(&mut self, running: Running) -> Result<Done, Stop> {
        self.finish_job_as(running, "MD-4")
    }

    /// Waits for a job's answer; `missing` is the rule that is broken where an output is not there.
    pub(crate) fn finish_job_as(&mut self, running: Running, missing: &'static str) -> Result<Done, Stop> {
        let answer = self.answer(&running.ask)?;
        let path = running.directory.as_ref().map(|directory| directory.path.as_path());
        if let Ok(result) = &answer.outcome {
            self.see(&["TR-2", "MD-1", "MD-2"]);
            if result.pointer("/outputs/0/path").is_some() {
                self.see(&["MD-3", "MD-4", "MD-5"]);
            }
            for fault in judge::result::faults(result, &running.capability, path) {
                let rule = if fault.rule == judge::result::MISSING { missing } else { fault.rule };
                self.fault(rule, fault.why);
            }
        }
        if let Some(directory) = &running.directory {
            self.see(&["MD-6", "MD-7"]);
            let now = Snapshot::of(&directory.path);
            if let Some(change) = directory.before.changed(&now.clone().without_outputs()) {
                self.fault("MD-6", format!("in the `jobDir`, {change}"));
            }
            *directory.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
            self.jobs.push(Arc::clone(directory));
        }
        Ok(Done { answer, directory: running.directory })
    }

    /// Does a job.
    pub(crate) fn job(&mut self, spec: &JobSpec, change: impl FnOnce(&mut Value)) -> Result<Done, Stop> {
        let running = self.start_job(spec, change)?;
        self.finish_job(running)
    }

    /// Does a job that is no ordinary one: that it is not answered breaks `rule`.
    pub(crate) fn odd_job(
        &mut self,
        spec: &JobSpec,
        rule: &'static str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Done, Stop> {
        let mut running = self.start_job(spec, change)?;
        running.ask = running.ask.or(rule);
        self.finish_job(running)
    }

    /// Watches the directories of the jobs that were answered, until something changes in them, at most so long.
    pub(crate) fn watch_jobs(&self, within: Duration) {
        let until = Instant::now() + within;
        let is_changed = |job: &Arc<JobDir>| job.change().is_some();
        while Instant::now() < until && !self.jobs.iter().any(is_changed) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Does a job that succeeded in another session; that it fails in this one breaks `rule`.
    pub(crate) fn good_job(
        &mut self,
        spec: &JobSpec,
        rule: &'static str,
        change: impl FnOnce(&mut Value),
    ) -> Result<Done, Stop> {
        let done = self.odd_job(spec, rule, change)?;
        match &done.answer.outcome {
            Ok(_) => Ok(done),
            Err(refusal) => Err(self.broken(rule, format!("the job was answered with {refusal}"))),
        }
    }
}
