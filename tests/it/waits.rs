//! What a command does not wait for: a stranger's file without an end, or a lock that somebody keeps.

use std::ffi::CString;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;

use prizm_tests::{Home, eventually, within};

fn make_pipe(path: &Path) {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: the path is a string that ends with a zero.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
}

#[tokio::test]
async fn a_project_whose_files_have_no_end_is_refused_at_once() {
    type Put = fn(&Path);
    let puts: [(&str, Put); 2] = [("a pipe", make_pipe), ("a device", |path| symlink("/dev/zero", path).unwrap())];
    for name in [".prizm/config.toml", "prizm.lock"] {
        for (what, put) in puts {
            let home = Home::new();
            fs::create_dir(home.file(".prizm")).unwrap();
            put(&home.file(name));
            let ended = within(10, what, home.run(&["list", "--json"])).await;
            let error = ended.error(if name == "prizm.lock" { 4 } else { 2 });
            let says = error["message"].as_str().unwrap();
            assert!(says.contains(name) && says.contains("not a regular file"), "{what}: {ended}");
        }
    }
}

/// Whether the command has this file open: it waits for its lock.
fn waits_for(home: &Home, path: &Path) -> bool {
    let pids = home.processes().running("prizm");
    pids.iter().any(|pid| {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|open| fs::read_link(open.path()).ok()).any(|open| open == path)
    })
}

#[tokio::test]
async fn an_interrupt_is_heard_while_another_process_keeps_a_lock() {
    let home = Home::new();
    let url = home.hostile("good");
    home.run(&["run", &url, "hi"]).await.ok();
    let entry = fs::read_dir(home.path().join("store/artifacts")).unwrap().next().unwrap().unwrap();
    let used = home.path().join("store/locks").join(entry.file_name()).with_extension("use");
    for (path, command) in [(used, ["run", &url, "hi"]), (home.path(), ["remove", &url, "--quiet"])] {
        let held = File::open(&path).unwrap();
        held.lock().unwrap();
        let running = home.start(&command);
        eventually("it waits", || waits_for(&home, &path).then_some(())).await;
        running.signal(libc::SIGINT);
        within(2, "the end, though the lock is held", running.ended()).await.failed(130);
        home.processes().gone_within(5).await;
    }
    assert!(home.staged().is_empty(), "{:?}", home.staged());
    home.run(&["run", &url, "hi"]).await.ok();
}

/// A first load waits for the lock of PRIZM_HOME last, to pin what it has made.
#[tokio::test]
async fn an_interrupt_is_heard_while_a_provider_is_pinned() {
    let home = Home::new();
    let url = home.hostile("good");
    let held = File::open(home.path()).unwrap();
    held.lock().unwrap();
    let running = home.start(&["run", &url, "hi"]);
    eventually("it waits", || waits_for(&home, &home.path()).then_some(())).await;
    running.signal(libc::SIGINT);
    within(2, "the end, though the lock is held", running.ended()).await.failed(130);
    home.processes().gone_within(5).await;
    assert!(home.staged().is_empty(), "{:?}", home.staged());
    drop(held);
    home.run(&["run", &url, "hi"]).await.ok();
}
