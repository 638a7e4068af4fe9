use std::time::Instant;

use super::*;

/// Starts a shell script that prints its group and then its child's, and waits for ever.
async fn sleeper() -> (Running, Pid, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let script = "sleep 600 & echo $$ > new && mv new group && wait";
    let running = Invocation::new(["sh", "-c", script], directory.path()).start().unwrap().unwrap();
    let path = directory.path().join("group");
    until("the script runs", || path.exists()).await;
    let group = std::fs::read_to_string(path).unwrap().trim().parse().unwrap();
    (running, Pid::from_raw(group).unwrap(), directory)
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "not within 20 s: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether a process of the group runs; those that only wait to be reaped do not.
fn is_alive(group: Pid) -> bool {
    let listing = std::fs::read_dir("/proc").unwrap();
    listing.flatten().filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok()).any(|stat| {
        let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[2] == group.as_raw_nonzero().to_string() && !matches!(fields[0], "Z" | "X")
    })
}

#[tokio::test]
async fn dropping_kills_the_group() {
    let (running, group, _directory) = sleeper().await;
    assert!(is_alive(group));
    drop(running);
    until("the group is gone", || !is_alive(group)).await;
}

#[tokio::test]
async fn the_end_of_the_leash_alone_kills_the_group() {
    // As when this process is killed: nothing of ours runs, the kernel closes the pipe.
    let (mut running, group, _directory) = sleeper().await;
    running.leash = None;
    until("the group is gone", || !is_alive(group)).await;
}

#[tokio::test]
async fn what_a_tool_leaves_running_is_killed_and_delays_nothing() {
    let script = "sleep 600 & echo $$; exit 0";
    let running = Invocation::new(["sh", "-c", script], Path::new("/")).start().unwrap().unwrap();
    let mut group = String::new();
    let start = Instant::now();
    let status = running.wait(|line| group = line.shown(), |_| {}).await.unwrap();
    assert!(status.success());
    assert!(start.elapsed() < Duration::from_secs(20));
    let group = Pid::from_raw(group.parse().unwrap()).unwrap();
    until("the group is gone", || !is_alive(group)).await;
}

#[tokio::test]
async fn a_child_that_left_the_group_with_the_output_delays_little() {
    let script = "setsid sh -c 'echo $$; exec sleep 600' & read -r _ < ready; exit 0";
    let directory = tempfile::tempdir().unwrap();
    let ready = directory.path().join("ready");
    rustix::fs::mkfifoat(rustix::fs::CWD, &ready, rustix::fs::Mode::RWXU).unwrap();
    let running = Invocation::new(["sh", "-c", script], directory.path()).start().unwrap().unwrap();
    let mut stray = None;
    let start = Instant::now();
    let on_stdout = |line: Line<'_>| {
        stray = line.shown().parse().ok().and_then(Pid::from_raw);
        std::fs::write(&ready, "go\n").unwrap();
    };
    assert!(running.wait(on_stdout, |_| {}).await.unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(20));
    kill_process_group(stray.unwrap(), Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_tool_gets_no_input_no_secret_and_its_words_unchanged() {
    let arguments = ["sh", "-c", r#"cat; env; printf '%s|' "$@""#, "sh", "a b", "$HOME", "*", ""];
    let running = Invocation::new(arguments, Path::new("/")).start().unwrap().unwrap();
    let mut lines = Vec::new();
    assert!(running.wait(|line| lines.push(line.shown()), |_| {}).await.unwrap().success());
    assert_eq!(lines.pop().unwrap(), "a b|$HOME|*||");
    assert!(lines.iter().any(|line| line.starts_with("PATH=")), "{lines:?}");
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(!lines.iter().any(|line| line.starts_with("CARGO_MANIFEST_DIR=")), "{lines:?}");
}

#[tokio::test]
async fn a_crash_leaves_no_memory_behind_where_it_is_told_so() {
    let limits = Invocation::new(["sh", "-c", "ulimit -c; ulimit -H -c"], Path::new("/"));
    let mut lines = Vec::new();
    let running = limits.without_core_dumps().start().unwrap().unwrap();
    assert!(running.wait(|line| lines.push(line.shown()), |_| {}).await.unwrap().success());
    assert_eq!(lines, ["0", "0"]);
}

#[test]
fn a_command_is_shown_as_it_is_typed() {
    let invocation = Invocation::new(["make", "a b", "$x"], Path::new("/srv/my dir"));
    assert_eq!(invocation.to_string(), "make 'a b' '$x'");
    assert_eq!(invocation.by_hand(), "cd '/srv/my dir' && make 'a b' '$x'");
    let other = Invocation::new(["make"], Path::new("/")).typed_as(&invocation);
    assert_eq!(other.to_string(), invocation.to_string());
}
