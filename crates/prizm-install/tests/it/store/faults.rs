//! A full disk, a disk that cannot be written, too few descriptors, programs that are held open.

use std::fs;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use prizm_install::{ErrorKind, InPlace, install_in_place};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::script;
use crate::common::{PROVIDER, Place};
use crate::installs::{Job, itself, output, passed};

/// Ways to run a command where it may mount something that nobody else sees.
const MOUNTING: &[&[&str]] = &[&["--mount"], &["--user", "--map-root-user", "--mount"]];

/// Has a test run behind a shell script, which ends in `exec "$@"`; where the machine lets it, with
/// file systems of its own, which the variable MOUNTS tells.
fn behind(job: &Job, test: &str, script: &str) -> Command {
    let test = job.command(test);
    let works =
        |way: &&&[&str]| command("unshare").args(**way).arg("true").status().is_ok_and(|status| status.success());
    let mut wrapped = match MOUNTING.iter().find(works) {
        Some(way) => {
            let mut wrapped = command("unshare");
            wrapped.args(*way).arg("sh").env("MOUNTS", "1");
            wrapped
        }
        None => command("sh"),
    };
    wrapped.args(["-ec", script, "sh"]).arg(std::env::current_exe().unwrap()).args(test.get_args());
    wrapped.envs(test.get_envs().filter_map(|(name, value)| Some((name, value?))));
    wrapped
}

#[expect(clippy::disallowed_methods, reason = "a test mounts and limits")]
fn command(program: &str) -> Command {
    Command::new(program)
}

fn mounts() -> bool {
    std::env::var_os("MOUNTS").is_some()
}

/// Leaves room for so many bytes: on the disk of the home, which a file fills, or else in each file.
fn leave_room(home: &Path, bytes: u64) {
    if !mounts() {
        return setrlimit(Resource::Fsize, Rlimit { current: Some(bytes), maximum: None }).unwrap();
    }
    let mut filler = fs::OpenOptions::new().append(true).create(true).open(home.join("filler")).unwrap();
    while std::io::Write::write_all(&mut filler, &[0; 4096]).is_ok() {}
    let filled = filler.metadata().unwrap().len();
    filler.set_len(filled.saturating_sub(bytes)).unwrap();
}

/// Row 63: wherever the room ends, the error says so, nothing half-made stays, and more room is enough.
#[tokio::test]
async fn a_full_disk_is_told_and_leaves_nothing() {
    if let Some(job) = Job::of_parent() {
        let (mut failures, mut bytes) = (0, 64 * 1024);
        loop {
            leave_room(&job.home, bytes);
            match job.install().await {
                Ok(installed) => break assert_eq!(output(&installed), "one\n"),
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::Store | ErrorKind::Build), "{error:?}");
                    assert!(error.hint().is_some(), "{error:?}");
                }
            }
            failures += 1;
            bytes += 64 * 1024;
            assert!(bytes < 8 * 1024 * 1024, "it fits in 8 MB");
            assert_eq!(job.staged(), 0);
            assert!(job.store().entries().unwrap().iter().all(|entry| entry.damage.is_none()));
        }
        return assert!(failures > 2, "the room ended {failures} times");
    }
    let place = script("cat data/one");
    fs::write(place.source_dir().join("data/large"), vec![7; 300 * 1024]).unwrap();
    let run = format!(
        "{PROVIDER}[build]\ncommand = [\"cp\", \"data/large\", \"made\"]\n[run]\ncommand = [\"sh\", \"provider.sh\"]\n"
    );
    fs::write(place.source_dir().join("prizm.toml"), run).unwrap();
    fs::create_dir_all(place.home()).unwrap();
    let mount =
        "trap '' XFSZ; [ -z \"$MOUNTS\" ] || mount -t tmpfs -o size=16m tmpfs \"$PRIZM_TEST_HOME\"; exec \"$@\"";
    passed(&mut behind(&place.job(), "store::faults::a_full_disk_is_told_and_leaves_nothing", mount));
}

/// Row 63: from a store that cannot be written what is there is loaded, and what is not is told.
#[tokio::test]
async fn a_store_that_cannot_be_written_can_be_read() {
    if let Some(job) = Job::of_parent() {
        if !mounts() {
            // Root writes whatever the modes say: `a_home_that_may_not_be_written_is_told` is all there is.
            return;
        }
        assert_eq!(output(&job.install().await.unwrap()), "one\n");
        let other = script("cat data/two");
        let error = Job { identifier: other.job().identifier, ..job }.install().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{error:?}");
        assert!(error.hint().unwrap().contains("PRIZM_HOME"), "{error:?}");
        return;
    }
    let place = script("cat data/one");
    place.install_plainly().await.unwrap();
    let mount = "[ -z \"$MOUNTS\" ] || { mount --bind \"$PRIZM_TEST_HOME\" \"$PRIZM_TEST_HOME\"; \
                 mount -o remount,ro,bind \"$PRIZM_TEST_HOME\"; }; exec \"$@\"";
    passed(&mut behind(&place.job(), "store::faults::a_store_that_cannot_be_written_can_be_read", mount));
}

/// Row 63: with too few descriptors an install fails where they end, cleanly, and works with more.
#[test]
fn too_few_descriptors_are_told() {
    let Some(job) = Job::of_parent() else {
        let place = script("cat data/one");
        return passed(&mut place.job().command("store::faults::too_few_descriptors_are_told"));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let installer = job.installer();
    let request = job.request();
    setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum: Some(256) }).unwrap();
    let mut taken = Vec::new();
    while let Ok(file) = fs::File::open("/dev/null") {
        taken.push(file);
    }
    let mut failures = 0;
    loop {
        match runtime.block_on(installer.install(&request)) {
            Ok(installed) => break drop(installed),
            Err(error) => {
                assert!(error.to_string().contains("Too many open files") || error.hint().is_some(), "{error:?}")
            }
        }
        failures += 1;
        taken.pop().expect("with all of them it works");
    }
    drop(taken);
    assert!(failures > 2, "they ended {failures} times");
    assert!(job.store().verify().unwrap().iter().all(|entry| entry.damage.is_none()));
    assert_eq!(job.staged(), 0);
}

/// Row 64: what is written by one thread and executed by another is not held open by a third.
#[test]
fn programs_that_were_just_written_start() {
    let work = |thread: usize| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let manifest = format!("{PROVIDER}[build]\ncommand = [\"./build\"]\n[run]\ncommand = [\"sh\", \"made\"]\n");
        let place = Place::new(&[("prizm.toml", &manifest)]);
        let store = place.store();
        for round in 0..25 {
            let text = format!("#!/bin/sh\necho 'echo {thread} {round}' > made\n");
            let program = place.source_dir().join("build");
            let _ = fs::remove_file(&program);
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(&program).unwrap();
            std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
            drop(file);
            let installed =
                runtime.block_on(install_in_place(&place.source(), &store, InPlace::default(), &())).unwrap();
            assert_eq!(output(&installed), format!("{thread} {round}\n"));
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || work(thread))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Has a test run by a user who is not root.
pub(super) fn unprivileged(test: &str, variable: &str) -> Command {
    let mut command = itself(test);
    if rustix::process::geteuid().is_root() {
        std::os::unix::process::CommandExt::uid(&mut command, 65534);
        std::os::unix::process::CommandExt::gid(&mut command, 65534);
    }
    command.env(variable, "1").env("HOME", "/nonexistent");
    command
}

/// Row 63: a home of somebody else.
#[tokio::test]
async fn a_home_that_may_not_be_written_is_told() {
    if std::env::var_os("PRIZM_TEST_UNPRIVILEGED").is_none() {
        let test = "store::faults::a_home_that_may_not_be_written_is_told";
        return passed(&mut unprivileged(test, "PRIZM_TEST_UNPRIVILEGED"));
    }
    let place = script("cat data/one");
    let root = place.install_plainly().await.unwrap().root;
    let set = |mode| {
        for name in ["", "store", "store/artifacts", "store/names", "store/locks", "store/staging"] {
            fs::set_permissions(place.home().join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set(0o555);
    assert_eq!(place.install_plainly().await.unwrap().root, root, "what is there is loaded");
    fs::write(place.source_dir().join("data/one"), "new").unwrap();
    let error = place.install_plainly().await.unwrap_err();
    let empty = prizm_install::Store::open(place.home().join("none")).unwrap_err();
    set(0o755);
    for error in [error, empty] {
        assert_eq!(error.kind(), ErrorKind::Store, "{error:?}");
        assert!(error.to_string().contains("Permission denied"), "{error}");
        assert!(error.hint().unwrap().contains("PRIZM_HOME"), "{error:?}");
    }
}
