//! One misbehaviour, looked at from every side: the named error, its time, the confession, the
//! recovery, and what is left.

use std::sync::Arc;
use std::time::Duration;

use prizm_host::{Call, Error, ErrorKind, Plugin, PluginSpec, Stage};
use prizm_tests::{Lab, ask, eventually, picture, quiet, said, within};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Seconds within which a misbehaviour must have become an error, on a busy machine.
const BOUND: u64 = 30;
/// Cases that run at once.
const AT_ONCE: usize = 6;

/// What a misbehaviour comes to.
#[derive(Clone, Copy)]
pub struct Failure {
    line: &'static str,
    kind: ErrorKind,
    stage: Stage,
    says: &'static str,
    stderr: &'static [&'static str],
    call: fn() -> Call,
    change: fn(&mut PluginSpec),
    survives: bool,
}

/// A plugin that misbehaves as `line` says makes a call fail with this kind, at this stage, with a
/// message that says this. It is over with the process.
pub const fn failure(line: &'static str, kind: ErrorKind, stage: Stage, says: &'static str) -> Failure {
    Failure { line, kind, stage, says, stderr: &[], call: || ask("hello"), change: |_| {}, survives: false }
}

/// The same, but the plugin lives on and does its next job well.
pub const fn bad_answer(line: &'static str, kind: ErrorKind, stage: Stage, says: &'static str) -> Failure {
    Failure { survives: true, ..failure(line, kind, stage, says) }
}

impl Failure {
    /// The error repeats these lines, in this order.
    pub const fn stderr(self, lines: &'static [&'static str]) -> Self {
        Self { stderr: lines, ..self }
    }

    /// The call is another one.
    pub const fn call(self, call: fn() -> Call) -> Self {
        Self { call, ..self }
    }

    /// The call asks for a picture.
    pub const fn picture(self) -> Self {
        self.call(|| picture("hello"))
    }

    /// The call has little time.
    pub const fn hurry(self) -> Self {
        self.call(|| Call { timeout: Some(Duration::from_millis(700)), ..ask("hello") })
    }

    /// The specification is another one.
    pub const fn spec(self, change: fn(&mut PluginSpec)) -> Self {
        Self { change, ..self }
    }

    fn mode(&self) -> &'static str {
        self.line.split(' ').next().unwrap_or_default()
    }

    fn comes_after_start(&self) -> bool {
        matches!(self.stage, Stage::Input | Stage::Call | Stage::Output)
    }
}

/// Checks one misbehaviour.
pub async fn check(case: Failure) {
    let lab = crate::lab();
    let mode = case.mode();
    // Misbehaving once, the plugin can show that the host lives on.
    let plugin = lab.plugin_with(&format!("{} --times 1", case.line), case.change);
    if case.comes_after_start() {
        within(BOUND, mode, plugin.start()).await.unwrap_or_else(|error| panic!("{mode} does not start: {error:?}"));
    }
    let result = within(BOUND, mode, plugin.transform((case.call)(), quiet)).await;
    let error = result.err().unwrap_or_else(|| panic!("{mode} is not found out"));
    is(&error, &case);
    eventually(mode, || (lab.confessions(mode) == 1).then_some(())).await;
    recovers(&plugin, mode).await;
    let expected = if case.survives || !case.comes_after_start() { 1 } else { 2 };
    assert_eq!(plugin.stats().starts, expected, "{mode}: starts");
    lab.close(&plugin).await;
}

fn is(error: &Error, case: &Failure) {
    let mode = case.mode();
    assert_eq!((error.kind(), error.stage()), (case.kind, case.stage), "{mode}: {error:?}");
    assert!(error.to_string().contains(case.says), "{mode} should say `{}`: {error:?}", case.says);
    assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{mode} has no remedy: {error:?}");
    let mut lines = error.stderr().iter();
    for expected in case.stderr {
        assert!(lines.any(|line| line.contains(expected)), "{mode} should repeat `{expected}`: {error:?}");
    }
}

/// The same handle does the next job well.
pub async fn recovers(plugin: &Plugin, what: &str) {
    let answer = within(BOUND, what, plugin.transform(ask("behave"), quiet)).await;
    assert_eq!(said(&answer.unwrap_or_else(|error| panic!("{what}: the next call fails: {error:?}"))), "behave");
}

/// A plugin that misbehaves as `line` says answers `hello` with this all the same, and so the next
/// time, without a restart.
pub async fn check_tolerated((line, answer): (&'static str, &'static str)) {
    let lab = crate::lab();
    let mode = line.split(' ').next().unwrap_or_default();
    let plugin = lab.plugin(line);
    for _ in 0..2 {
        let outcome = within(BOUND, mode, plugin.transform(ask("hello"), quiet)).await;
        assert_eq!(said(&outcome.unwrap_or_else(|error| panic!("{mode}: {error:?}"))), answer, "{mode}");
    }
    recovers(&plugin, mode).await;
    assert!(lab.confessions(mode) > 0, "{mode} has not misbehaved");
    let stats = plugin.stats();
    assert_eq!((stats.starts, stats.failures, stats.pending), (1, 0, 0), "{mode}");
    lab.close(&plugin).await;
}

/// Runs many cases, some at once; panics with all that failed.
pub async fn all<C: Copy, F>(cases: &[C], run: fn(C) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = JoinSet::new();
    for case in cases {
        let (room, case) = (Arc::clone(&room), run(*case));
        tasks.spawn(async move {
            let _turn = room.acquire().await;
            case.await;
        });
    }
    let mut failed = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            let panic = error.into_panic();
            let text = panic.downcast_ref::<String>().cloned();
            failed.push(text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default());
        }
    }
    assert!(failed.is_empty(), "{} of {} cases failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

/// The laboratory's host does not know more of its plugin than a manifest says.
pub fn manifest(spec: &mut PluginSpec) {
    spec.expected.id = Some("hostile".parse().unwrap());
    spec.expected.capabilities = Some(vec!["text-to-text".parse().unwrap(), "text-to-image".parse().unwrap()]);
}

/// A plugin of this line in a laboratory of its own, started.
pub async fn started(line: &str, change: impl FnOnce(&mut PluginSpec)) -> (Lab, Plugin) {
    let lab = crate::lab();
    let plugin = lab.plugin_with(line, change);
    within(BOUND, line, plugin.start()).await.unwrap();
    (lab, plugin)
}
