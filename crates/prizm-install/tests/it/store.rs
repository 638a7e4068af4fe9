//! The store: what is in it stays as it was made, whoever dies, interferes or runs out of something.

mod crash;
mod faults;
mod touch;

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use prizm_install::{Error, ErrorKind, Installed, Lockfile, Revision};

use crate::common::{PROVIDER, Place};
use crate::installs::{Job, output};

/// A provider that is a script, which needs no build, and a file of data.
fn script(text: &str) -> Place {
    let run = format!("{PROVIDER}[run]\ncommand = [\"sh\", \"provider.sh\"]\n");
    Place::new(&[("prizm.toml", &run), ("provider.sh", text), ("data/one", "one\n"), ("data/two", "two\n")])
}

/// A repository in the directory of the source, whose commits can be named.
struct Repository {
    place: Place,
    repository: git2::Repository,
}

impl Repository {
    fn new(place: Place) -> Self {
        let repository = git2::Repository::init(place.source_dir()).unwrap();
        let made = Self { place, repository };
        made.commit("refs/heads/main");
        made
    }

    /// Commits all files to a branch.
    fn commit(&self, branch: &str) {
        let mut index = self.repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        let tree = self.repository.find_tree(index.write_tree().unwrap()).unwrap();
        let author = git2::Signature::new("a", "a@example.com", &git2::Time::new(1_700_000_000, 0)).unwrap();
        let parent = self.repository.find_reference(branch).ok().map(|found| found.peel_to_commit().unwrap());
        let parents: Vec<_> = parent.iter().collect();
        self.repository.commit(Some(branch), &author, &author, "m", &tree, &parents).unwrap();
    }

    fn job(&self, reference: &str) -> Job {
        let job = self.place.job();
        Job { identifier: format!("{}?ref={reference}", job.identifier), ..job }
    }

    async fn update(&self, reference: &str) -> Result<Installed, Error> {
        let job = self.job(reference);
        let request = prizm_install::Request { update: true, ..job.request() };
        job.installer().install(&request).await
    }
}

fn write(path: &Path, bytes: &[u8]) {
    // For a test that is not run as root; what a test changes is changed for good.
    let mode = fs::metadata(path).unwrap().permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o200)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn open_directory(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Row 65: a changed length, mode, name or link is noticed at the next load, and made good.
#[tokio::test]
async fn a_damaged_entry_is_put_aside_and_made_again() {
    let place = script("cat data/one");
    type Damage = fn(&Path);
    let damages: &[(&str, Damage)] = &[
        ("truncated", |root| write(&root.join("data/one"), b"")),
        ("rewritten", |root| write(&root.join("data/one"), b"eno\n")),
        ("removed", |root| {
            open_directory(&root.join("data"));
            fs::remove_file(root.join("data/two")).unwrap();
        }),
        ("added", |root| {
            open_directory(&root.join("data"));
            fs::write(root.join("data/three"), "").unwrap();
        }),
        ("mode", |root| fs::set_permissions(root.join("provider.sh"), fs::Permissions::from_mode(0o555)).unwrap()),
        ("replaced by a link", |root| {
            open_directory(&root.join("data"));
            fs::remove_file(root.join("data/one")).unwrap();
            std::os::unix::fs::symlink("two", root.join("data/one")).unwrap();
        }),
        ("edited through another name", |root| {
            let other = root.ancestors().nth(4).unwrap().join("other-name");
            fs::hard_link(root.join("data/one"), &other).unwrap();
            write(&other, b"changed\n");
            fs::remove_file(other).unwrap();
        }),
        ("the record", |root| {
            let entry = root.parent().unwrap().join("entry.json");
            let text = fs::read_to_string(&entry).unwrap().replace("provider.sh", "provider.xx");
            fs::write(entry, text).unwrap();
        }),
        ("no record", |root| fs::remove_file(root.parent().unwrap().join("entry.json")).unwrap()),
    ];
    for (what, damage) in damages {
        let root = place.install_plainly().await.unwrap().root;
        damage(&root);
        let again = place.install_plainly().await.unwrap();
        assert_eq!((&again.root, output(&again).as_str()), (&root, "one\n"), "{what}");
        assert_eq!(place.store().verify().unwrap().iter().filter(|entry| entry.damage.is_some()).count(), 0, "{what}");
        assert_eq!(place.job().staged(), 0, "{what}");
    }
}

/// Row 65: a flipped bit of a file whose length and time are as they were is noticed by who reads it.
#[tokio::test]
async fn a_flipped_bit_is_noticed_when_everything_is_read() {
    let place = script("cat data/one");
    let root = place.install_plainly().await.unwrap().root;
    let (path, meta) = (root.join("data/one"), fs::metadata(root.join("data/one")).unwrap());
    write(&path, b"onf\n");
    fs::File::open(&path).unwrap().set_modified(meta.modified().unwrap()).unwrap();
    assert_eq!(output(&place.install_plainly().await.unwrap()), "onf\n", "a load reads no file");
    let entries = place.store().verify().unwrap();
    assert_eq!(entries[0].damage.as_deref(), Some("`data/one` is not as it was"));
    assert!(!root.exists() && place.store().entries().unwrap().is_empty());
    assert_eq!(output(&place.install_plainly().await.unwrap()), "one\n");
}

/// Row 65: a damaged entry that somebody runs is replaced, and its files stay until nobody does.
#[tokio::test]
async fn what_is_put_aside_stays_for_whoever_runs_it() {
    let place = script("cat data/one");
    let running = place.install_plainly().await.unwrap();
    // As a plugin has it, whose working directory it is.
    let held = fs::File::open(&running.root).unwrap();
    let of_running = |name: &str| Path::new("/proc/self/fd").join(held.as_raw_fd().to_string()).join(name);
    write(&running.root.join("data/one"), b"changed\n");
    let again = place.install_plainly().await.unwrap();
    assert_eq!(output(&again), "one\n");
    assert_eq!(fs::read_to_string(of_running("data/two")).unwrap(), "two\n");
    place.store();
    assert_eq!(fs::read_to_string(of_running("data/two")).unwrap(), "two\n", "nor does a sweep take it away");
    drop((running, again));
    place.store();
    assert!(!of_running("data/two").exists());
    assert_eq!(place.job().staged(), 0);
}

/// What is shared by two who asked for it by different names is shown to each by theirs.
#[tokio::test]
async fn whoever_was_first_gives_no_name_to_the_next() {
    let repository = Repository::new(script("cat data/one"));
    let main = repository.repository.find_reference("refs/heads/main").unwrap().peel(git2::ObjectType::Commit).unwrap();
    repository.repository.tag_lightweight("v1", &main, false).unwrap();
    let first = repository.job("v1").install().await.unwrap();
    for _ in ["now", "from the store"] {
        let second = repository.job("main").install().await.unwrap();
        assert_eq!((&second.root, second.identifier), (&first.root, repository.job("main").identifier));
        let Some(Revision::Git(revision)) = second.revision else { panic!("{:?}", second.revision) };
        assert_eq!(revision.reference.as_deref(), Some("refs/heads/main"));
    }
    let place = script("cat data/one");
    let first = place.install_plainly().await.unwrap();
    let other = script("cat data/one");
    let job = Job { home: place.home(), identifier: other.job().identifier };
    for _ in ["now", "from the store"] {
        let second = job.install().await.unwrap();
        assert_eq!((&second.root, &second.identifier), (&first.root, &job.identifier));
    }
}

/// A home that is reached through a link is one like any other.
#[tokio::test]
async fn a_home_behind_a_link_is_a_home() {
    let manifest = format!("{PROVIDER}[build]\ncommand = [\"true\"]\n");
    let place = Place::new(&[("prizm.toml", &manifest), ("echo", "#!/bin/sh\necho hello\n")]);
    fs::set_permissions(place.source_dir().join("echo"), fs::Permissions::from_mode(0o755)).unwrap();
    let link = place.home().with_file_name("link");
    fs::create_dir(place.home()).unwrap();
    std::os::unix::fs::symlink(place.home(), &link).unwrap();
    let installed = Job { home: link, ..place.job() }.install().await.unwrap();
    assert_eq!(output(&installed), "hello\n");
}

/// Row 66: what a lock says is compared, and neither run nor kept in the store.
#[tokio::test]
async fn an_edited_lock_poisons_nothing() {
    let repository = Repository::new(script("cat data/one"));
    let main = repository.repository.find_reference("refs/heads/main").unwrap().peel(git2::ObjectType::Commit).unwrap();
    repository.repository.tag_lightweight("v1", &main, false).unwrap();
    let job = repository.job("v1");
    let good = job.install().await.unwrap();
    let text = fs::read_to_string(job.lock()).unwrap();
    let locked = Lockfile::load(&job.lock()).unwrap().entries()[0].clone();

    // What is started is what the store knows, not what the lock says.
    fs::write(job.lock(), text.replace("\"provider.sh\"", "\"/tmp/evil.sh\"")).unwrap();
    let installed = job.install().await.unwrap();
    assert_eq!((installed.argv, &installed.root), (good.argv.clone(), &good.root));

    // Other content than this commit has.
    let evil = format!("b3:{}", "0".repeat(64));
    fs::write(job.lock(), text.replace(&locked.source_hash, &evil)).unwrap();
    let error = job.install().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error:?}");
    assert!(error.to_string().contains(&evil) && error.to_string().contains(&locked.source_hash), "{error}");

    // The content of another commit, under the name of this one.
    fs::write(repository.place.source_dir().join("data/one"), "other\n").unwrap();
    repository.commit("refs/heads/other");
    let other = repository.job("other").install().await.unwrap();
    assert_eq!(output(&other), "other\n");
    let of_other =
        Lockfile::load(&job.lock()).unwrap().by_request(&repository.job("other").identifier).cloned().unwrap();
    fs::write(job.lock(), text.replace(&locked.source_hash, &of_other.source_hash)).unwrap();
    assert_eq!(job.install().await.unwrap_err().kind(), ErrorKind::Mismatch);

    // With the lock as it was, and for a project that has none, all is as it was.
    fs::write(job.lock(), &text).unwrap();
    assert_eq!(output(&job.install().await.unwrap()), "one\n");
    let request = prizm_install::Request::new(job.identifier.parse().unwrap(), job.home.join("project/prizm.lock"));
    assert_eq!(output(&job.installer().install(&request).await.unwrap()), "one\n");
    assert!(job.store().verify().unwrap().iter().all(|entry| entry.damage.is_none()));
}

/// Row 67: a lock that cannot be read stops an install, and stays as it is.
#[tokio::test]
async fn a_lock_that_cannot_be_read_is_left_alone() {
    let place = script("cat data/one");
    place.install_plainly().await.unwrap();
    let good = fs::read_to_string(place.lock()).unwrap();
    for bad in [good.replace("version = 1", "version = 2"), format!("<<<<<<< ours\n{good}"), "\u{0}".to_owned()] {
        fs::write(place.lock(), &bad).unwrap();
        let error = place.install_plainly().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{error:?}");
        assert!(error.to_string().contains("prizm.lock") && error.hint().is_some(), "{error:?}");
        assert_eq!(fs::read_to_string(place.lock()).unwrap(), bad);
    }
    let windows = good.replace('\n', "\r\n");
    fs::write(place.lock(), &windows).unwrap();
    assert_eq!(output(&place.install_plainly().await.unwrap()), "one\n");
    assert_eq!(fs::read_to_string(place.lock()).unwrap(), windows, "what is pinned already is not written again");
}

/// Row 68: what somebody uses is not removed, and who comes too late builds again.
#[test]
fn entries_are_pruned_while_others_load_them() {
    let place = script("cat data/one");
    let load = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for _ in 0..25 {
            let installed = runtime.block_on(place.install_plainly()).unwrap();
            for (name, text) in [("data/one", "one\n"), ("data/two", "two\n"), ("provider.sh", "cat data/one")] {
                assert_eq!(fs::read_to_string(installed.root.join(name)).unwrap(), text);
            }
        }
    };
    let mut pruned = 0;
    std::thread::scope(|scope| {
        let loaders: Vec<_> = (0..4).map(|_| scope.spawn(load)).collect();
        while !loaders.iter().all(|loader| loader.is_finished()) {
            pruned += place.store().prune(&BTreeSet::new(), false).unwrap().removed.len();
            assert!(place.store().verify().unwrap().iter().all(|entry| entry.damage.is_none()));
        }
    });
    assert!(pruned > 0, "something was pruned meanwhile");
    let held = tokio::runtime::Runtime::new().unwrap().block_on(place.install_plainly()).unwrap();
    assert_eq!(place.store().prune(&BTreeSet::new(), false).unwrap().in_use.len(), 1);
    drop(held);
    assert_eq!(place.store().prune(&BTreeSet::new(), false).unwrap().removed.len(), 1);
    assert_eq!(place.job().staged(), 0);
}

/// Row 70: an update that fails leaves what was there, and what was pinned.
#[tokio::test]
async fn a_failed_update_leaves_the_old_one_usable() {
    let repository = Repository::new(script("cat data/one"));
    let (job, manifest) = (repository.job("main"), repository.place.source_dir().join("prizm.toml"));
    let old = job.install().await.unwrap();
    let (lock, good) = (fs::read(job.lock()).unwrap(), fs::read_to_string(&manifest).unwrap());
    for bad in ["nonsense", &format!("{good}[build]\ncommand = [\"false\"]\n")] {
        fs::write(&manifest, bad).unwrap();
        repository.commit("refs/heads/main");
        repository.update("main").await.unwrap_err();
        assert_eq!(fs::read(job.lock()).unwrap(), lock);
        let still = job.install().await.unwrap();
        assert_eq!((&still.root, output(&still).as_str()), (&old.root, "one\n"));
        assert_eq!(job.staged(), 0);
    }
    fs::write(&manifest, good).unwrap();
    fs::write(repository.place.source_dir().join("data/one"), "new\n").unwrap();
    repository.commit("refs/heads/main");
    assert_eq!(output(&repository.update("main").await.unwrap()), "new\n");
    assert_eq!(output(&job.install().await.unwrap()), "new\n");
    assert_eq!(output(&old), "one\n", "whoever uses the old one keeps it");
}
