//! The job's directory and nothing beyond it.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::host::{Host, code_of, message_of};
use crate::lab::Lab;

fn job_dir() -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    fs::write(dir.path().join("in/a.png"), b"picture").unwrap();
    dir
}

fn copy(dir: Option<&TempDir>, path: &str, name: &str) -> Value {
    let mut params = json!({
        "model": "lab", "capability": "x-test/files", "jobId": "j",
        "inputs": [{"kind": "image", "mime": "image/png", "path": path}],
        "options": {"name": name},
    });
    if let Some(dir) = dir {
        params["jobDir"] = json!(dir.path());
    }
    params
}

#[tokio::test]
async fn inputs_are_read_and_outputs_written_beneath_it() {
    let (dir, mut host) = (job_dir(), Host::new(Lab::new(1).0).await);
    let answer = host.call(1, "transform", copy(Some(&dir), "in/a.png", "frames/1.png")).await;
    let outputs = &answer["result"]["outputs"];
    assert_eq!(*outputs, json!([{"kind": "image", "mime": "image/png", "path": "out/frames/1.png"}]));
    assert_eq!(fs::read(dir.path().join("out/frames/1.png")).unwrap(), b"picture");
    assert_eq!(host.seen[0]["method"], "$/chunk");
    assert_eq!(host.seen[0]["params"], json!({"id": 1, "seq": 1, "path": "out/frames/1.png"}));
}

#[tokio::test]
async fn inputs_that_leave_it_are_refused() {
    let (dir, mut host) = (job_dir(), Host::new(Lab::new(1).0).await);
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("secret"), b"secret").unwrap();
    symlink(outside.path(), dir.path().join("in/link")).unwrap();
    let absolute = outside.path().join("secret").display().to_string();
    let cases = [
        ("../secret", "leaves the job's directory"),
        ("in/../../secret", "leaves the job's directory"),
        (&*absolute, "leaves the job's directory"),
        ("", "leaves the job's directory"),
        ("in\\..\\a", "leaves the job's directory"),
        ("in/link/secret", "links out of the job's directory"),
        ("in/missing.png", "cannot be read: No such file"),
        ("in", "cannot be read: Is a directory"),
    ];
    for (path, expected) in cases {
        let answer = host.call(1, "transform", copy(Some(&dir), path, "x")).await;
        assert_eq!(code_of(&answer), 1203, "{path}");
        assert!(message_of(&answer).contains(expected), "{path}: {answer}");
    }
    assert!(!dir.path().join("out").exists());
}

#[tokio::test]
async fn outputs_that_leave_it_are_refused() {
    let (dir, mut host) = (job_dir(), Host::new(Lab::new(1).0).await);
    for name in ["../x", "/tmp/prizm-escape", "", "a/../../x", ".."] {
        let answer = host.call(1, "transform", copy(Some(&dir), "in/a.png", name)).await;
        assert_eq!(code_of(&answer), -32603, "{name}");
        assert!(message_of(&answer).contains("is no name for an output"), "{answer}");
    }
    assert!(!dir.path().join("x").exists() && !dir.path().join("out").exists());
}

#[tokio::test]
async fn a_job_without_a_directory_is_told_so() {
    let mut host = Host::new(Lab::new(1).0).await;
    let answer = host.call(1, "transform", copy(None, "in/a.png", "x")).await;
    assert_eq!(code_of(&answer), -32602);
    assert!(message_of(&answer).contains("`jobDir`"), "{answer}");
}
