use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Barrier;

use super::*;

const FILES: &[(&str, &[u8])] =
    &[("prizm.toml", b"[provider]"), ("provider.py", b"#!/usr/bin/env python3\n"), ("pkg/data.bin", &[0, 1, 2])];

fn id() -> ProviderId {
    "echo".parse().unwrap()
}

fn staged(home: &Path) -> usize {
    home.join("store/staging").read_dir().unwrap().count()
}

#[test]
fn files_arrive_whole_and_read_only() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    let path = store.unpack(&id(), "1.0.0", FILES).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("echo-") && name.len() == 5 + HASH_DIGITS, "{name}");
    for (name, bytes) in FILES {
        assert_eq!(fs::read(path.join(name)).unwrap(), *bytes);
    }
    let mode = |name| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("prizm.toml"), mode("provider.py"), mode("pkg/data.bin")), (0o444, 0o555, 0o444));
    assert_eq!(staged(home.path()), 0);
}

#[test]
fn the_name_is_the_content() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    let unpack = |version, files: &[(&str, &[u8])]| store.unpack(&id(), version, files).unwrap();
    let path = unpack("1.0.0", FILES);
    let mut reversed = FILES.to_vec();
    reversed.reverse();
    assert_eq!(unpack("1.0.0", &reversed), path);
    let others: BTreeSet<_> = [
        unpack("1.0.1", FILES),
        unpack("1.0.0", &FILES[1..]),
        unpack("1.0.0", &[("ab", b"c")]),
        unpack("1.0.0", &[("a", b"bc")]),
    ]
    .into();
    assert_eq!(others.len(), 4);
    assert!(!others.contains(&path));
}

#[test]
fn an_entry_that_is_there_is_used_and_a_damaged_one_replaced() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    let path = store.unpack(&id(), "1.0.0", FILES).unwrap();
    fs::write(path.join("extra"), "").unwrap();
    assert_eq!(store.unpack(&id(), "1.0.0", FILES).unwrap(), path);
    assert!(path.join("extra").exists());
    let damages: &[fn(&Path)] = &[
        |path| fs::remove_file(path.join("pkg/data.bin")).unwrap(),
        |path| fs::remove_file(path.join(".prizm-ok")).unwrap(),
        |path| fs::set_permissions(path.join("provider.py"), fs::Permissions::from_mode(0o444)).unwrap(),
        |path| fs::remove_file(path.join("prizm.toml")).and_then(|()| fs::write(path.join("prizm.toml"), "")).unwrap(),
    ];
    for damage in damages {
        damage(&path);
        assert_eq!(store.unpack(&id(), "1.0.0", FILES).unwrap(), path);
        assert!(!path.join("extra").exists());
        for (name, bytes) in FILES {
            assert_eq!(fs::read(path.join(name)).unwrap(), *bytes);
        }
    }
    assert_eq!(staged(home.path()), 0);
}

#[test]
fn eight_at_once_get_one_whole_entry() {
    let home = tempfile::tempdir().unwrap();
    let large = vec![7; 3 << 20];
    let mut files = FILES.to_vec();
    files.push(("weights/large.bin", &large));
    let barrier = Barrier::new(8);
    let paths: BTreeSet<PathBuf> = std::thread::scope(|scope| {
        let one = || {
            // A store of its own has locks of its own, as another process would.
            let store = Store::open(home.path()).unwrap();
            barrier.wait();
            let path = store.unpack(&id(), "1.0.0", &files).unwrap();
            assert_eq!(fs::metadata(path.join("weights/large.bin")).unwrap().len(), large.len() as u64);
            path
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(paths.len(), 1);
    assert_eq!(home.path().join("store/bundled").read_dir().unwrap().count(), 1);
    assert_eq!(staged(home.path()), 0);
}

#[test]
fn opening_sweeps_what_a_crash_left_but_not_what_is_at_work() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    let staging = home.path().join("store/staging");
    let at_work = store.staging().unwrap();
    for name in ["dead", "begun", "forgotten"] {
        fs::create_dir_all(staging.join(name).join("deep")).unwrap();
    }
    fs::write(staging.join("dead/owner"), "").unwrap();
    fs::create_dir_all(staging.join("dead/read-only/deep")).unwrap();
    fs::set_permissions(staging.join("dead/read-only"), fs::Permissions::from_mode(0o555)).unwrap();
    let left = || staging.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect::<BTreeSet<_>>();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::open(staging.join("forgotten")).unwrap().set_modified(long_ago).unwrap();
    let making = Lock::share_directory(&staging).unwrap();
    Store::open(home.path()).unwrap();
    assert_eq!(left().len(), 3, "what is new may be in the making: {:?}", left());
    drop(making);
    Store::open(home.path()).unwrap();
    assert_eq!(left().len(), 1, "{:?}", left());
    assert!(at_work.tree().exists(), "its owner lives");
    drop(at_work);
    assert_eq!(left().len(), 0);
}

/// Row 69: whoever waits for another process is told, and does not wait for ever.
#[tokio::test(start_paused = true)]
async fn a_holder_that_never_ends_is_told_in_the_end() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    let _held = store.lock("file:///srv/x", || unreachable!()).await.unwrap();
    let mut waited = false;
    let error = store.lock("file:///srv/x", || waited = true).await.unwrap_err();
    assert!(waited);
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(error.to_string(), "another process has been installing `file:///srv/x` for more than 90 minutes");
    assert!(error.hint().unwrap().contains("lsof"), "{error:?}");
    store.lock("file:///srv/y", || unreachable!()).await.unwrap();
}

/// Whoever wants a share of what another process keeps to itself is told, too.
#[test]
fn a_share_is_not_waited_for_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("KEY.use");
    let held = Lock::try_take(&path).unwrap().unwrap();
    let error = Lock::share_within(&path, std::time::Duration::from_millis(100)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(error.to_string().contains("KEY.use"), "{error}");
    drop(held);
    let _one = Lock::share(&path).unwrap();
    let _other = Lock::share(&path).unwrap();
}

/// A build of a directory is waited for as an install is.
#[tokio::test(start_paused = true)]
async fn a_build_that_never_ends_is_told_in_the_end() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    let place = store.build_place(Path::new("/srv/x"));
    let _held = place.lock(|| unreachable!()).await.unwrap();
    let error = place.lock(|| {}).await.unwrap_err();
    assert!(error.to_string().contains("`/srv/x` for more than 90 minutes"), "{error}");
}

#[test]
fn bad_names_and_bad_homes_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(home.path()).unwrap();
    for name in ["../escape", "/etc/escape", "a/../../escape"] {
        let error = store.unpack(&id(), "1.0.0", &[(name, b"")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(home.path().join("store/bundled").read_dir().unwrap().count(), 0);
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Store::open(&file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("/file` cannot be used"), "{error}");
    assert!(error.hint().unwrap().contains("PRIZM_HOME"));
}
