//! What only a real process can show.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use libtest_mimic::Trial;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};

use crate::child::{Plugin, command, initialize, job, read, script};

pub fn all() -> Vec<Trial> {
    let tests: &[(&str, fn())] = &[
        ("a_provider_holds_a_whole_conversation", a_provider_holds_a_whole_conversation),
        ("what_is_printed_never_reaches_the_channel", what_is_printed_never_reaches_the_channel),
        #[cfg(target_os = "linux")]
        ("children_inherit_nothing_of_the_channel", children_inherit_nothing_of_the_channel),
        ("run_by_hand_it_says_how_to_run_it", run_by_hand_it_says_how_to_run_it),
        ("a_terminal_is_a_hand_too", a_terminal_is_a_hand_too),
        ("the_end_of_stdin_ends_it_at_once", the_end_of_stdin_ends_it_at_once),
        ("the_end_of_stdin_answers_what_is_ready", the_end_of_stdin_answers_what_is_ready),
        ("a_closed_stdout_ends_it_with_a_reason", a_closed_stdout_ends_it_with_a_reason),
        ("files_serve_as_a_channel", files_serve_as_a_channel),
        ("sockets_serve_as_a_channel", sockets_serve_as_a_channel),
        ("stdout_and_stderr_may_be_one_pipe", stdout_and_stderr_may_be_one_pipe),
        ("two_hundred_large_jobs_pass_through_pipes", two_hundred_large_jobs_pass_through_pipes),
        ("the_log_is_json_lines", the_log_is_json_lines),
        ("exit_ends_it_though_a_thread_is_stuck", exit_ends_it_though_a_thread_is_stuck),
    ];
    let trial = |(name, test): (&str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    tests.iter().copied().map(trial).collect()
}

fn text(answer: &Value) -> &str {
    answer["result"]["outputs"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

fn a_provider_holds_a_whole_conversation() {
    let mut plugin = Plugin::spawn("echo");
    let declaration = plugin.initialize();
    assert_eq!(declaration["result"]["provider"]["id"], "echo");
    assert_eq!(declaration["result"]["models"][0]["id"], "echo");
    assert_eq!(plugin.call(1, "configure", json!({"config": {}, "services": {}}))["result"], json!({"ready": true}));
    let mut params = job("echo", "hello");
    params["options"]["times"] = json!(3);
    plugin.request(2, "transform", params);
    let progress: Value = serde_json::from_str(&plugin.line().unwrap()).unwrap();
    assert_eq!(progress["method"], "$/progress");
    assert_eq!(text(&plugin.answer()), "hello hello hello");
    assert_eq!(plugin.call(3, "shutdown", json!({}))["result"], json!({}));
    plugin.send(&json!({"jsonrpc": "2.0", "method": "exit"}));
    let (status, stderr, _) = plugin.wait();
    assert_eq!((status.code(), &*stderr), (Some(0), ""));
}

/// Starts the rude provider and passes over what it prints before it calls `serve`.
fn rude(role: &str) -> Plugin {
    let mut plugin = Plugin::spawn(role);
    assert_eq!(plugin.line().unwrap(), "printed before serve");
    plugin.initialize();
    plugin
}

fn what_is_printed_never_reaches_the_channel() {
    let mut plugin = rude("rude");
    let answer = plugin.call(3, "transform", job("rude", "print"));
    assert_eq!(text(&answer), "exit status: 0", "the child read an empty stdin and ended");
    assert_eq!(plugin.call(4, "ping", json!({}))["result"], json!({}));
    drop(plugin.stdin.take());
    let (status, stderr, _) = plugin.wait();
    assert_eq!(status.code(), Some(0));
    for printed in ["printed by the program", "printed by a child", "forged"] {
        assert!(stderr.contains(printed), "{stderr}");
    }
}

/// Lists descriptors as only Linux can.
#[cfg(target_os = "linux")]
fn children_inherit_nothing_of_the_channel() {
    let mut plugin = rude("rude");
    let channel = plugin.channel.map(|inode| format!("pipe:[{inode}]"));
    plugin.call(3, "transform", job("rude", "print"));
    drop(plugin.stdin.take());
    let (_, stderr, _) = plugin.wait();
    // The child has listed its descriptors.
    let listed: Vec<&str> = stderr.lines().filter(|line| line.contains(" -> ")).collect();
    assert!(listed.iter().any(|line| line.contains(" 0 -> /dev/null")), "{stderr}");
    assert!(listed.iter().any(|line| line.contains(" 1 -> pipe:")), "{stderr}");
    for pipe in channel {
        assert!(!stderr.contains(&pipe), "{pipe} in {stderr}");
    }
}

fn run_by_hand_it_says_how_to_run_it() {
    let plugin = Plugin::start(command("echo").env_remove("PRIZM_PLUGIN"));
    assert_says_how_to_run_it(plugin);
}

fn a_terminal_is_a_hand_too() {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    assert_says_how_to_run_it(Plugin::start(command("echo").stdin(terminal)));
}

fn assert_says_how_to_run_it(mut plugin: Plugin) {
    assert_eq!(plugin.line(), None, "nothing is said on stdout");
    let (status, stderr, _) = plugin.wait();
    assert_eq!(status.code(), Some(64));
    assert_eq!(stderr, "`echo` is a Prizm provider, which Prizm starts. Try: prizm run echo INPUT\n");
}

fn the_end_of_stdin_ends_it_at_once() {
    let mut plugin = rude("rude");
    plugin.request(1, "transform", job("rude", "stuck"));
    plugin.call(2, "ping", json!({}));
    drop(plugin.stdin.take());
    let (status, _, took) = plugin.wait();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

fn the_end_of_stdin_answers_what_is_ready() {
    let mut plugin = Plugin::spawn("echo");
    plugin.stdin.take().unwrap().write_all(script().as_bytes()).unwrap();
    assert_eq!(plugin.answer()["id"], 0);
    assert_eq!(plugin.answer()["id"], 1);
    assert_eq!(plugin.line(), None);
    assert_eq!(plugin.wait().0.code(), Some(0));
}

fn a_closed_stdout_ends_it_with_a_reason() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = command("echo");
    let mut plugin = Plugin::start(command.stdout(writer));
    // This process holds the other end too, as long as the command lives.
    drop((command, reader));
    // A process that another test is just starting may hold the reading end for a moment, so one
    // answer may still find it open.
    let mut stdin = plugin.stdin.take().unwrap();
    while stdin.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").is_ok() {
        std::thread::yield_now();
    }
    let (status, stderr, _) = plugin.wait();
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("cannot write to the host: "), "{stderr}");
}

fn files_serve_as_a_channel() {
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(script().as_bytes()).unwrap();
    input.rewind().unwrap();
    let mut output = tempfile::tempfile().unwrap();
    let plugin = Plugin::start(command("echo").stdin(input).stdout(output.try_clone().unwrap()));
    assert_eq!(plugin.wait().0.code(), Some(0));
    output.rewind().unwrap();
    let said = read(output);
    let frames: Vec<Value> = said.split_whitespace().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(frames.len(), 2, "{said}");
    assert_eq!(frames[1], json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
}

fn sockets_serve_as_a_channel() {
    use std::io::{BufRead, BufReader};
    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let theirs = OwnedFd::from(theirs);
    let mut command = command("echo");
    let plugin = Plugin::start(command.stdin(theirs.try_clone().unwrap()).stdout(theirs));
    drop(command);
    ours.write_all(script().as_bytes()).unwrap();
    let mut lines = BufReader::new(&ours).lines().map(Result::unwrap).filter(|line| !line.is_empty());
    for id in [0, 1] {
        let answer: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
        assert_eq!(answer["id"], id);
    }
    ours.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(plugin.wait().0.code(), Some(0));
}

fn stdout_and_stderr_may_be_one_pipe() {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = command("echo");
    command.stdin(Stdio::piped()).stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut plugin = Plugin::start(&mut command);
    drop(command);
    plugin.request(0, "initialize", initialize());
    let mut stdin = plugin.stdin.take().unwrap();
    stdin.write_all(b"nonsense\n").unwrap();
    drop(stdin);
    let said = read(File::from(OwnedFd::from(reader)));
    assert_eq!(plugin.wait().0.code(), Some(0));
    assert!(said.contains("\"id\":0") && said.contains("not a JSON object"), "{said}");
}

fn two_hundred_large_jobs_pass_through_pipes() {
    let mut plugin = Plugin::spawn("echo");
    plugin.initialize();
    let body = "b".repeat(64 * 1024);
    for id in 1..=200 {
        plugin.request(id, "transform", job("echo", &format!("{id} {body}")));
    }
    let mut answered = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let answer = plugin.answer();
        let id = answer["id"].as_u64().unwrap();
        assert_eq!(text(&answer), format!("{id} {body}"));
        assert!(answered.insert(id), "{id} was answered twice");
    }
}

fn the_log_is_json_lines() {
    let mut plugin = rude("logging");
    assert_eq!(text(&plugin.call(1, "transform", job("rude", "log"))), "logged");
    drop(plugin.stdin.take());
    let (_, stderr, _) = plugin.wait();
    let lines: Vec<Value> = stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = json!({
        "level": "info", "msg": "began", "target": "process::providers", "fields": {"steps": 5, "model": "m"},
    });
    assert_eq!(lines, [expected]);
}

fn exit_ends_it_though_a_thread_is_stuck() {
    let mut plugin = rude("rude");
    plugin.request(1, "transform", job("rude", "stuck"));
    plugin.call(2, "ping", json!({}));
    plugin.send(&json!({"jsonrpc": "2.0", "method": "exit"}));
    let (status, _, took) = plugin.wait();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
}
