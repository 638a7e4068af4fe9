//! Ctrl-C and `kill -9`, at every moment: what was started ends, and nothing is left behind.

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use prizm_tests::{Home, Running, eventually, within};

fn home(line: &str) -> Home {
    let home = Home::new();
    home.configure_hostile(line);
    home
}

/// Starts a command and waits until the plugin misbehaves.
async fn begun(home: &Home, mode: &str, arguments: &[&str]) -> Running {
    let running = home.start(arguments);
    eventually(mode, || (home.confessions(mode) == 1).then_some(())).await;
    running
}

/// No process, no job, no half of a file.
async fn nothing_is_left(home: &Home) {
    home.processes().gone_within(5).await;
    assert_eq!((home.work(), home.files()), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn an_interrupt_cancels_the_job() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let home = home("never-answer");
        let running = begun(&home, "never-answer", &["run", "hostile/file", "hi", "-o", "x.png"]).await;
        running.signal(signal);
        let ended = running.ended().await;
        assert_eq!(ended.failed(130), "error: cancelled\n");
        nothing_is_left(&home).await;
    }
    let home = home("never-answer");
    let running = begun(&home, "never-answer", &["run", "hostile", "hi", "--json"]).await;
    running.signal(libc::SIGINT);
    assert_eq!(running.ended().await.error(130)["kind"], "cancelled");
    nothing_is_left(&home).await;
}

#[tokio::test]
async fn an_interrupt_is_heard_while_it_gets_ready() {
    let home = home("configure-startup-forever");
    let running = begun(&home, "configure-startup-forever", &["run", "hostile", "hi"]).await;
    running.signal(libc::SIGINT);
    running.ended().await.failed(130);
    nothing_is_left(&home).await;
    for command in ["providers", "doctor"] {
        let home = self::home("configure-startup-forever");
        let running = begun(&home, "configure-startup-forever", &[command, "--json"]).await;
        running.signal(libc::SIGINT);
        assert_eq!(running.ended().await.error(130)["kind"], "cancelled", "{command}");
        nothing_is_left(&home).await;
    }
}

/// Returns how many bytes are in a pipe.
fn unread(pipe: &std::io::PipeWriter) -> i32 {
    let mut bytes = 0;
    // SAFETY: the descriptor is open, and the kernel writes one `int` to the address.
    assert_eq!(unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &mut bytes) }, 0);
    bytes
}

#[tokio::test]
async fn an_interrupt_is_heard_while_stdin_is_read() {
    let home = home("good");
    let mut command = home.prizm(&["run", "hostile", "-"]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    command.stdin(Stdio::from(reader));
    let running = Running::start(command);
    writer.write_all(b"half of a poem").unwrap();
    eventually("it reads stdin", || (unread(&writer) == 0).then_some(())).await;
    running.signal(libc::SIGINT);
    within(10, "the end, though stdin is open", running.ended()).await.failed(130);
    drop(writer);
    nothing_is_left(&home).await;
}

#[tokio::test]
async fn an_interrupt_ends_a_build() {
    let home = Home::new();
    let begun = home.path().join("begun");
    let build = format!("touch '{}'; sleep 300", begun.display());
    let manifest = format!(
        "[provider]\nid = \"slow\"\nname = \"Slow\"\nversion = \"1.0.0\"\ntype = \"local\"\nprotocol = \"1.0\"\n\
         capabilities = [\"text-to-text\"]\n[build]\ncommand = [\"sh\", \"-c\", \"{build}\"]"
    );
    let url = home.provider("slow", &[("prizm.toml", &manifest)]);
    let running = home.start(&["run", &url, "hi"]);
    eventually("it builds", || begun.exists().then_some(())).await;
    running.signal(libc::SIGINT);
    running.ended().await.failed(130);
    nothing_is_left(&home).await;
    assert!(home.staged().is_empty(), "{:?}", home.staged());
}

#[tokio::test]
async fn a_second_interrupt_leaves_at_once() {
    let home = home("ignores-everything");
    // The job is begun when a part of its result is there.
    let mut command = home.prizm(&["run", "hostile", "hi", "--option", "delayMs=300000", "--option", "chunks=1"]);
    let printed = home.path().join("printed");
    command.stdout(std::fs::File::create(&printed).unwrap());
    let running = Running::start(command);
    eventually("it works", || (std::fs::read_to_string(&printed).unwrap() == "hi").then_some(())).await;
    running.signal(libc::SIGINT);
    eventually("it was asked to leave", || (home.confessions("ignores-everything") > 0).then_some(())).await;
    let started = Instant::now();
    running.signal(libc::SIGINT);
    let ended = running.ended().await;
    // The ladder of a graceful stop takes ten seconds with a plugin that ignores every rung.
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    ended.failed(130);
    nothing_is_left(&home).await;
}

#[tokio::test]
async fn nothing_outlives_a_command_that_is_killed() {
    for (mode, arguments) in [
        ("never-answer-initialize", ["run", "hostile", "hi"]),
        ("configure-never", ["run", "hostile", "hi"]),
        ("never-answer", ["run", "hostile/file", "hi"]),
        ("fork-child-mid-call", ["run", "hostile/echo", "hi"]),
        ("fork-child-at-start", ["run", "hostile/echo", "-"]),
    ] {
        let home = home(mode);
        let mut command = home.prizm(&arguments);
        let (reader, _writer) = std::io::pipe().unwrap();
        command.stdin(Stdio::from(reader));
        let running = Running::start(command);
        eventually(mode, || (home.confessions(mode) == 1).then_some(())).await;
        let forks = usize::from(mode.starts_with("fork-child"));
        let children = eventually("its own child runs", || Some(home.pids()).filter(|pids| pids.len() == forks)).await;
        running.kill().await;
        home.processes().gone_within(2).await;
        assert!(children.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}/exe")).exists()), "{mode}");
        assert!(home.files().is_empty(), "{mode}: {:?}", home.files());
    }
}

#[tokio::test]
async fn what_a_killed_command_left_in_the_home_is_swept_by_the_next() {
    let home = home("never-answer");
    let running = begun(&home, "never-answer", &["run", "hostile/file", "hi"]).await;
    running.kill().await;
    home.processes().gone_within(2).await;
    assert_eq!(home.work().len(), 1, "{:?}", home.work());
    assert_eq!(home.run(&["run", "hostile", "behave"]).await.ok(), "behave\n");
    nothing_is_left(&home).await;
}
