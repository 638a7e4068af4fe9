//! Processes that install at once, and that die or stop while they do.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use prizm_install::{Lockfile, Store};
use rustix::process::{Pid, Signal, kill_process};

use crate::common::{PROVIDER, Place, Recorder, until};
use crate::installs::{Job, passed};

/// A provider whose build says that it runs, and waits for a word.
fn waiting() -> Place {
    let place = Place::new(&[("provider.sh", "")]);
    let at = place.source_dir().parent().unwrap().display().to_string();
    let script = format!("echo x >> {at}/built; until [ -e {at}/go ]; do sleep 0.02; done");
    let run = format!(
        "{PROVIDER}[build]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n[run]\ncommand = [\"sh\", \"provider.sh\"]\n"
    );
    fs::write(place.source_dir().join("prizm.toml"), run).unwrap();
    place
}

fn built(place: &Place) -> usize {
    let path = place.source_dir().parent().unwrap().join("built");
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

fn go(place: &Place) {
    fs::write(place.source_dir().parent().unwrap().join("go"), "").unwrap();
}

fn start(job: &Job, test: &str) -> Child {
    job.command(test).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Row 61.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_processes_of_four_threads_build_once() {
    if let Some(job) = Job::of_parent() {
        let recorder = Arc::new(Recorder::default());
        let installs: Vec<_> = (0..4)
            .map(|_| {
                let (job, recorder) = (job.clone(), recorder.clone());
                tokio::spawn(async move { job.installer().reporter(recorder).install(&job.request()).await })
            })
            .collect();
        // All ask before any of them can have it.
        let has_asked = || recorder.stages().iter().filter(|stage| matches!(stage.as_str(), "wait" | "build")).count();
        until("all of this process ask", || has_asked() == 4).await;
        fs::write(job.home.join(format!("asks-{}", std::process::id())), "").unwrap();
        let mut roots = BTreeSet::new();
        for install in installs {
            roots.insert(install.await.unwrap().unwrap().root);
        }
        return assert_eq!(roots.len(), 1);
    }
    let place = waiting();
    let job = place.job();
    job.store();
    let asking = || {
        let names = fs::read_dir(&job.home).unwrap().flatten().map(|entry| entry.file_name());
        names.filter(|name| name.as_encoded_bytes().starts_with(b"asks-")).count()
    };
    let test = "store::crash::eight_processes_of_four_threads_build_once";
    let children: Vec<_> = (0..8)
        .map(|_| {
            let mut command = job.command(test);
            std::thread::spawn(move || passed(&mut command))
        })
        .collect();
    until("all processes ask", || asking() == 8 || children.iter().any(|child| child.is_finished())).await;
    go(&place);
    children.into_iter().for_each(|child| child.join().unwrap());
    assert_eq!((built(&place), job.store().entries().unwrap().len(), job.staged()), (1, 1, 0));
}

/// Row 62: at forty points of an install its process is killed.
#[tokio::test]
async fn a_crash_at_any_point_leaves_nothing_that_can_be_seen() {
    const RUNS: u32 = 40;
    if let Some(job) = Job::of_parent() {
        job.install().await.unwrap();
        return;
    }
    let test = "store::crash::a_crash_at_any_point_leaves_nothing_that_can_be_seen";
    let script = "for n in 1 2 3 4; do cp -r data made$n; done";
    let run =
        format!("{PROVIDER}[build]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n[run]\ncommand = [\"sh\", \"x\"]\n");
    let place = Place::new(&[("prizm.toml", &run)]);
    fs::create_dir(place.source_dir().join("data")).unwrap();
    for number in 0..30 {
        fs::write(place.source_dir().join(format!("data/{number}")), vec![number; 4096]).unwrap();
    }
    let job = place.job();
    let round = |number: u32| fs::write(place.source_dir().join("round"), number.to_string()).unwrap();
    round(RUNS);
    let start_of_whole = Instant::now();
    assert!(start(&job, test).wait().unwrap().success());
    let whole = start_of_whole.elapsed();
    for number in 0..RUNS {
        round(number);
        let mut child = start(&job, test);
        std::thread::sleep(whole * number / RUNS);
        child.kill().unwrap();
        child.wait().unwrap();
        // What the killed process was about to start may live a moment longer, with its locks.
        until("the next start has swept", || {
            Store::open(&job.home).unwrap();
            job.staged() == 0
        })
        .await;
        for entry in job.store().entries().unwrap() {
            assert_eq!(entry.damage, None, "killed after {:?}", whole * number / RUNS);
        }
        Lockfile::load(&job.lock()).unwrap();
    }
    let entries = job.store().verify().unwrap();
    assert!(
        !entries.is_empty() && entries.iter().all(|entry| entry.damage.is_none() && entry.files == 152),
        "{entries:?}"
    );
    round(0);
    job.install().await.unwrap();
    assert_eq!(job.staged(), 0);
}

/// Row 69: the lock of a dead process is nobody's, though its file is there.
#[tokio::test]
async fn the_lock_file_of_a_dead_process_stops_nobody() {
    if let Some(job) = Job::of_parent() {
        job.install().await.unwrap();
        return;
    }
    let place = waiting();
    let job = place.job();
    let mut child = start(&job, "store::crash::the_lock_file_of_a_dead_process_stops_nobody");
    until("the other process builds", || built(&place) == 1).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fs::read_dir(job.home.join("store/locks")).unwrap().count() > 0);
    go(&place);
    tokio::time::timeout(Duration::from_secs(60), job.install()).await.expect("nobody holds the lock").unwrap();
    assert_eq!((built(&place), job.staged()), (2, 0));
}

/// Row 69: whoever waits for a process that is stopped is told so, and gets what that makes in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_process_is_waited_for_and_that_is_said() {
    if let Some(job) = Job::of_parent() {
        job.install().await.unwrap();
        return;
    }
    let place = waiting();
    let job = place.job();
    let mut child = start(&job, "store::crash::a_stopped_process_is_waited_for_and_that_is_said");
    until("the other process builds", || built(&place) == 1).await;
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::STOP).unwrap();
    go(&place);
    let recorder = Arc::new(Recorder::default());
    let (installer, request) = (job.installer().reporter(recorder.clone()), job.request());
    let second = tokio::spawn(async move { installer.install(&request).await });
    until("it is told", || recorder.stages().contains(&"wait".to_owned())).await;
    assert!(!second.is_finished());
    let waits = recorder.stages.lock().unwrap().clone();
    assert_eq!(waits[0].1, format!("waiting for another process that installs {}", job.identifier));
    kill_process(pid, Signal::CONT).unwrap();
    second.await.unwrap().unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(built(&place), 1, "it took what the other made");
}
