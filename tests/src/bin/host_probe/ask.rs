//! One call, to be cut short by whoever kills this process.

use prizm_host::{Error, Outcome, Plugin, PluginSpec};
use prizm_tests::{Processes, ask, eventually, quiet, said};
use serde_json::{Value, json};

/// Makes a call.
pub fn once(spec: PluginSpec) -> Value {
    crate::run(async {
        let plugin = Plugin::new(spec);
        crate::say(&json!({"at": "start"}));
        let report = report(&plugin.transform(ask("hello"), quiet).await);
        plugin.shutdown().await;
        report
    })
}

/// Makes a call to one plugin and then to another, killing the orphan guard in between.
pub fn twice(spec: PluginSpec) -> Value {
    crate::run(async {
        let (first, second) = (Plugin::new(spec.clone()), Plugin::new(spec));
        let started = async |plugin: &Plugin| plugin.start().await.map(drop);
        if let Err(error) = started(&first).await {
            return failure(&error);
        }
        kill_guard().await;
        if let Err(error) = started(&second).await {
            return failure(&error);
        }
        crate::say(&json!({"at": "call"}));
        let (one, two) = tokio::join!(first.transform(ask("one"), quiet), second.transform(ask("two"), quiet));
        json!([report(&one), report(&two)])
    })
}

/// Says what came of a call.
pub fn report(result: &Result<Outcome, Error>) -> Value {
    match result {
        Ok(outcome) => json!({"said": said(outcome)}),
        Err(error) => failure(error),
    }
}

fn failure(error: &Error) -> Value {
    json!({
        "kind": format!("{:?}", error.kind()),
        "stage": error.stage().as_str(),
        "message": error.to_string(),
        "hint": error.hint(),
        "stderr": error.stderr(),
    })
}

/// Kills this host's guard, and waits until the kernel has noticed.
async fn kill_guard() {
    let own = std::process::id();
    let guard = eventually("the guard runs", || guard_of(own)).await;
    // SAFETY: `kill` takes numbers; the guard is an unreaped child of this process.
    unsafe { libc::kill(guard, libc::SIGKILL) };
    let dead = || {
        let state = stat(guard).map(|(state, _)| state);
        (state.is_none() || state == Some('Z')).then_some(())
    };
    eventually("the guard is dead", dead).await;
}

fn guard_of(parent: u32) -> Option<i32> {
    let mark = std::path::Path::new("prizm-guard");
    let guards = Processes::marked(mark).running("prizm-guard");
    let guards = guards.into_iter().filter_map(|pid| i32::try_from(pid).ok());
    guards.into_iter().find(|pid| stat(*pid).is_some_and(|(_, its_parent)| its_parent == parent))
}

/// The state and the parent of a process.
fn stat(pid: i32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit(") ").next()?.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
