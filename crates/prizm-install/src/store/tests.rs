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
    let part = home.path().join("store/staging/part/deep");
    fs::create_dir_all(&part).unwrap();
    let lock = Lock::take_within(&store.lock_file(), std::time::Duration::from_secs(10)).unwrap();
    Store::open(home.path()).unwrap();
    assert!(part.exists());
    drop(lock);
    Store::open(home.path()).unwrap();
    assert_eq!(staged(home.path()), 0);
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
