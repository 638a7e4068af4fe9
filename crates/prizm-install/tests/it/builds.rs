//! What is built, how it is told, and what is left where.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use prizm_install::{ErrorKind, InPlace, install_in_place, resolve};

use crate::common::{PROVIDER, Place, Recorder, output, package, until};

#[tokio::test]
async fn a_package_is_built_into_the_store_and_again_quickly() {
    let place = Place::new(&package("fn main() { print!(\"one\") }"));
    let (store, before) = (place.store(), place.files());
    let recorder = Recorder::default();
    let installed = install_in_place(&place.source(), &store, InPlace::default(), &recorder).await.unwrap();
    assert_eq!(output(&installed), "one");
    assert_eq!(installed.root, place.source_dir());
    assert!(installed.identifier.ends_with("/my%20provider"), "{}", installed.identifier);
    assert_eq!((&installed.manifest, &installed.revision), (&None, &None));
    assert!(!Path::new(&installed.argv[0]).starts_with(place.source_dir()));
    assert_eq!(recorder.stages(), ["build"]);
    let compiled = |recorder: &Recorder| recorder.lines.lock().unwrap().iter().any(|line| line.contains("Compiling"));
    assert!(compiled(&recorder));

    let recorder = Recorder::default();
    install_in_place(&place.source(), &store, InPlace::default(), &recorder).await.unwrap();
    assert!(!compiled(&recorder));
    assert_eq!(place.files(), before, "a build writes nothing into the source");

    std::fs::write(place.source_dir().join("src/main.rs"), "fn main() { print!(\"two\") }").unwrap();
    assert_eq!(output(&install_in_place(&place.source(), &store, InPlace::default(), &()).await.unwrap()), "two");
}

#[tokio::test]
async fn a_failed_build_quotes_the_compiler() {
    let place = Place::new(&package("fn main() { let x: u8 = \"text\"; }"));
    let error = install_in_place(&place.source(), &place.store(), InPlace::default(), &()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Build);
    let by_hand = "cargo build --release --package echo --bin echo";
    assert_eq!(error.to_string(), format!("`{by_hand}` failed with exit status 101"));
    assert_eq!(error.hint().unwrap(), format!("run it by hand: cd '{}' && {by_hand}", place.source_dir().display()));
    assert!(error.log().iter().any(|line| line.contains("error[E0308]: mismatched types")), "{error:?}");
}

#[tokio::test]
async fn a_lock_file_that_is_out_of_date_is_left_alone() {
    let mut files = package("fn main() {}");
    files[1].1 = "version = 4\n\n[[package]]\nname = \"other\"\nversion = \"0.1.0\"\n";
    let place = Place::new(&files);
    let error = install_in_place(&place.source(), &place.store(), InPlace::default(), &()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Build);
    assert!(error.log().iter().any(|line| line.contains("--locked")), "{error:?}");
    assert_eq!(std::fs::read_to_string(place.source_dir().join("Cargo.lock")).unwrap(), files[1].1);
}

#[tokio::test]
async fn a_member_of_a_workspace_is_built_with_the_lock_of_its_root() {
    let member = "[package]\nname = \"echo\"\nversion = \"0.1.0\"\nedition.workspace = true\n";
    let root = "[workspace]\nresolver = \"3\"\nmembers = [\"echo\"]\n[workspace.package]\nedition = \"2024\"\n";
    let lock = package("")[1].1;
    let main = "fn main() { print!(\"member\") }";
    let place = Place::new(&[
        ("Cargo.toml", root),
        ("Cargo.lock", lock),
        ("echo/Cargo.toml", member),
        ("echo/src/main.rs", main),
    ]);
    let before = place.files();
    let source = prizm_install::FileSource::new(place.source_dir().join("echo")).unwrap();
    assert_eq!(output(&install_in_place(&source, &place.store(), InPlace::default(), &()).await.unwrap()), "member");
    assert_eq!(place.files(), before);
}

#[tokio::test]
async fn a_missing_lock_file_is_all_that_cargo_writes() {
    let mut files = package("fn main() { print!(\"new\") }");
    files.remove(1);
    let place = Place::new(&files);
    assert_eq!(
        output(&install_in_place(&place.source(), &place.store(), InPlace::default(), &()).await.unwrap()),
        "new"
    );
    assert_eq!(place.files(), ["Cargo.lock", "Cargo.toml", "src/main.rs"]);
}

#[tokio::test]
async fn a_build_command_runs_first_and_may_make_the_executable() {
    let manifest = format!("{PROVIDER}[build]\ncommand = [\"sh\", \"build.sh\"]\nenv = [\"CARGO_PKG_NAME\"]\n");
    let script = "echo out; echo err >&2\n\
        mkdir -p bin && printf '#!/bin/sh\\nprintf %s' \"$CARGO_PKG_NAME\" > bin/echo && chmod +x bin/echo\n";
    let place = Place::new(&[("prizm.toml", &manifest), ("build.sh", script)]);
    let recorder = Recorder::default();
    let installed = install_in_place(&place.source(), &place.store(), InPlace::default(), &recorder).await.unwrap();
    assert_eq!(installed.argv, [place.source_dir().join("bin/echo")]);
    assert_eq!(output(&installed), env!("CARGO_PKG_NAME"), "the manifest's variables reach the build");
    assert_eq!(installed.manifest.unwrap().provider.id, "echo");
    let mut lines = recorder.lines.lock().unwrap().clone();
    lines.sort();
    assert_eq!(lines, ["err", "out"]);
    assert_eq!(recorder.stages(), ["build"]);

    let plan = resolve(place.source_dir()).unwrap();
    assert_eq!(plan.requested_env(), ["CARGO_PKG_NAME"]);
    let built = prizm_install::build(&plan, &place.store(), &()).await.unwrap();
    assert_eq!(std::fs::read_to_string(&built.argv[0]).unwrap(), "#!/bin/sh\nprintf ", "nothing is granted by itself");
}

#[tokio::test]
async fn a_build_command_that_makes_nothing_or_fails_is_told() {
    for (script, kind, expected) in [
        ("exit 0", ErrorKind::EntryPoint, "has no entry point; looked for"),
        ("seq 1 80; echo last words; exit 7", ErrorKind::Build, "failed with exit status 7"),
    ] {
        let manifest = format!("{PROVIDER}[build]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n");
        let place = Place::new(&[("prizm.toml", &manifest)]);
        let error = install_in_place(&place.source(), &place.store(), InPlace::default(), &()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
        if kind == ErrorKind::Build {
            assert_eq!(error.log().len(), 50);
            assert!(error.log().contains(&"last words".to_owned()), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_script_needs_no_build() {
    let place = Place::new(&[("provider", "#!/bin/sh\nprintf script")]);
    let path = place.source_dir().join("provider");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let recorder = Recorder::default();
    let installed = install_in_place(&place.source(), &place.store(), InPlace::default(), &recorder).await.unwrap();
    assert_eq!(output(&installed), "script");
    assert!(recorder.stages().is_empty());

    let run = format!("{PROVIDER}[run]\ncommand = [\"sh\", \"-c\", \"printf run\"]\n");
    std::fs::write(place.source_dir().join("prizm.toml"), run).unwrap();
    assert_eq!(
        output(&install_in_place(&place.source(), &place.store(), InPlace::default(), &()).await.unwrap()),
        "run"
    );
}

#[tokio::test]
async fn a_source_that_is_not_there_is_named() {
    let place = Place::new(&[]);
    let error = install_in_place(&place.source(), &place.store(), InPlace::default(), &()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Source);
    assert_eq!(error.to_string(), format!("`{}` does not exist", place.source_dir().display()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_builds_of_one_directory_take_turns() {
    // The first build stops in the middle until the second is known to wait.
    let script = "printf x >> turns; [ $(wc -c < turns) -gt 1 ] || until [ -e go ]; do sleep 0.05; done; \
                  printf '#!/bin/sh' > echo; chmod +x echo";
    let manifest = format!("{PROVIDER}[build]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n");
    let place = Place::new(&[("prizm.toml", &manifest)]);
    let build = |recorder: &'static Recorder| {
        // Each has a store of its own, as another process would.
        let (source, store) = (place.source(), place.store());
        tokio::spawn(async move { install_in_place(&source, &store, InPlace::default(), recorder).await })
    };
    let [first, second]: [&'static Recorder; 2] = [Box::leak(Box::default()), Box::leak(Box::default())];
    let one = build(first);
    until("the first build runs", || place.source_dir().join("turns").exists()).await;
    let two = build(second);
    until("the second build waits", || second.stages().contains(&"wait".to_owned())).await;
    assert_eq!(std::fs::read_to_string(place.source_dir().join("turns")).unwrap(), "x");
    std::fs::write(place.source_dir().join("go"), "").unwrap();
    one.await.unwrap().unwrap();
    two.await.unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(place.source_dir().join("turns")).unwrap(), "xx");
    assert_eq!(first.stages(), ["build"]);
    let stages = second.stages.lock().unwrap();
    assert_eq!(stages[0].1, format!("waiting for another build of `{}`", place.source_dir().display()));
}
