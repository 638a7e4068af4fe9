//! Many who ask at once, machines that crash, and networks that are not there: rows 61, 62 and 71 of
//! the table in `tests/README.md`, through the commands and programs that people run.

use std::fs;
use std::path::Path;

use futures_util::future::join_all;
use prizm_tests::{Fault, NpmRegistry, Running, eventually};

use crate::shelf::{Shelf, manifest_with};

/// Makes `acme/slow`, whose build takes a while and leaves a line in a file; returns the file.
fn slow(shelf: &Shelf, seconds: &str) -> std::path::PathBuf {
    let witness = shelf.home.file("built");
    let build =
        format!("[build]\ncommand = [\"sh\", \"-c\", \"sleep {seconds}; echo built >> {}\"]\n", witness.display());
    let manifest = manifest_with("good", "\"text-to-text\", \"text-to-image\"", &build);
    shelf.git.repository("acme/slow").commit("main", &[("prizm.toml", &manifest)]);
    witness
}

/// Row 61.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_of_four_threads_build_once() {
    let shelf = Shelf::new();
    let witness = slow(&shelf, "0.5");
    let probe = Path::new(env!("CARGO_BIN_EXE_load_probe"));
    let asked = (0..8).map(|_| {
        let mut command = shelf.home.command(probe);
        command.args(["github:acme/slow", "4"]);
        Running::start(command).ended()
    });
    for ended in join_all(asked.collect::<Vec<_>>()).await {
        assert_eq!(ended.ok(), "0\n1\n2\n3\n");
    }
    assert_eq!(fs::read_to_string(witness).unwrap().lines().count(), 1);
    // The last request of a fetch says that it is done.
    let packs = shelf.git.received().iter().filter(|request| request.body.ends_with(b"done\n")).count();
    assert_eq!((packs, shelf.stored()), (1, 1));
    shelf.nothing_is_half_done();
}

/// Row 69: whoever waits is told for what.
#[tokio::test]
async fn who_waits_for_another_process_is_told() {
    let shelf = Shelf::new();
    let witness = shelf.home.file("begun");
    let build = format!(
        "[build]\ncommand = [\"sh\", \"-c\", \"touch {0}; until [ -e {0}.go ]; do sleep 0.05; done\"]\n",
        witness.display()
    );
    let manifest = manifest_with("good", "\"text-to-text\", \"text-to-image\"", &build);
    shelf.git.repository("acme/slow").commit("main", &[("prizm.toml", &manifest)]);
    let first = shelf.home.start(&["run", "github:acme/slow", "hi"]);
    eventually("the first builds", || witness.exists().then_some(())).await;
    let printed = shelf.home.path().join("printed");
    let mut second = shelf.home.prizm(&["run", "github:acme/slow", "hi"]);
    second.stderr(fs::File::create(&printed).unwrap());
    let second = Running::start(second);
    let says =
        || fs::read_to_string(&printed).unwrap().contains("waiting for another process that installs github:acme/slow");
    eventually("the second says that it waits", || says().then_some(())).await;
    fs::write(shelf.home.file("begun.go"), "").unwrap();
    assert_eq!((first.ended().await.ok(), second.ended().await.ok()), ("hi\n", "hi\n"));
}

/// Row 62.
#[tokio::test]
async fn forty_kills_leave_nothing_half_done() {
    let shelf = Shelf::new();
    slow(&shelf, "0.05");
    let mut landed = 0;
    for number in 0..40 {
        if shelf.stored() > 0 {
            landed += 1;
            shelf.lose_store();
        }
        let running = shelf.home.start(&["run", "github:acme/slow", "hi"]);
        // Where it is by then differs from run to run, which is what this is about.
        tokio::time::sleep(std::time::Duration::from_millis(number * 9)).await;
        running.kill().await;
        shelf.home.processes().gone_within(5).await;
        let verified = shelf.home.run(&["cache", "verify", "--json"]).await.json();
        assert!(verified.as_array().unwrap().iter().all(|entry| entry["damage"].is_null()), "{verified}");
        shelf.nothing_is_half_done();
    }
    assert!(landed < 40, "some were killed before the end");
    shelf.loads("github:acme/slow").await;
    shelf.nothing_is_half_done();
}

/// Row 62: what is thrown away is where the next start looks for it, and nowhere else.
#[tokio::test]
async fn a_fetch_that_is_given_up_leaves_nothing_anywhere() {
    let (shelf, registry) = (Shelf::new(), NpmRegistry::start());
    shelf.reconfigure("stallSeconds = 2", &format!("stallSeconds = 50\nnpm = \"{}\"", registry.url()));
    shelf.reconfigure("allow = [", "allow = [\"npm:*\", ");
    shelf.echo();
    shelf.fault(Fault::HangAfter(20));
    registry.publish("echo", "1.0.0", &[("package.json", "{}")]);
    registry.fault("echo", Fault::Hang);
    for signal in [libc::SIGINT, libc::SIGKILL] {
        for (url, directory) in [("github:acme/echo", "objects"), ("npm:echo", "package.json")] {
            let temporary = tempfile::tempdir().unwrap();
            let mut command = shelf.home.prizm(&["run", url, "hi"]);
            command.env("TMPDIR", temporary.path());
            shelf.git.reset_requests();
            registry.reset_requests();
            let running = Running::start(command);
            let scratch = || find(&shelf.home.path().join("store/staging"), directory);
            let asks = || shelf.git.requests().len() > 1 || !registry.requests().is_empty();
            eventually("it waits for the server", || (scratch() && asks()).then_some(())).await;
            running.signal(signal);
            running.ended().await;
            shelf.home.processes().gone_within(5).await;
            let left: Vec<_> = fs::read_dir(temporary.path()).unwrap().flatten().map(|entry| entry.path()).collect();
            assert!(left.is_empty(), "{url}: {left:?}");
            if signal == libc::SIGKILL {
                shelf.home.run(&["cache", "list"]).await.ok();
            }
            shelf.nothing_is_half_done();
        }
    }
}

/// Tells whether something of this name is below a directory.
fn find(directory: &Path, name: &str) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.file_name() == name || find(&entry.path(), name))
}

/// Row 71.
#[tokio::test]
async fn what_is_pinned_needs_no_network_at_all() {
    let shelf = Shelf::new();
    shelf.echo();
    shelf.loads("github:acme/echo").await;
    let without = async |arguments: &[&str]| {
        let mut command = shelf.home.command(Path::new("unshare"));
        command
            .args(["--user", "--map-current-user", "--net", "--"])
            .arg(prizm_tests::program("prizm"))
            .args(arguments);
        Running::start(command).ended().await
    };
    for arguments in [&["run", "github:acme/echo", "hi"][..], &["run", "github:acme/echo", "hi", "--frozen"]] {
        assert_eq!(without(arguments).await.ok(), "hi\n");
    }
    let other = without(&["run", "github:acme/echo@other", "hi"]).await;
    assert!(other.failed(5).contains("cannot be asked"), "{other}");
    let other = without(&["run", "github:acme/echo@other", "hi", "--offline"]).await;
    assert!(other.failed(5).contains("the network is off"), "{other}");
}
