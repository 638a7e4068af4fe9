//! `[build] noDeps`: what is listed is everything.

use prizm_install::{ErrorKind, InPlace, install_in_place};

use super::packages::Packages;
use crate::common::{PROVIDER, Place, Recorder};
use crate::installs::{alone, output};

const SAYS: &str = "import top; print(top.VALUE)\n";

fn place(requirements: &str, no_deps: bool) -> Place {
    let manifest = format!("{PROVIDER}[build]\nnoDeps = {no_deps}\n");
    Place::new(&[("prizm.toml", &manifest), ("requirements.txt", requirements), ("provider.py", SAYS)])
}

#[tokio::test]
async fn what_a_wheel_requires_is_left_out_where_the_manifest_says_so() {
    let packages = Packages::new();
    packages.wheel_that_requires("top", "1.0", "nowhere-2718>=1", &[("top.py", "VALUE = 'top'\n")]);
    if !alone("python::no_deps::what_a_wheel_requires_is_left_out_where_the_manifest_says_so", &packages.only()) {
        return;
    }
    let error = place("top==1.0\n", false).install_plainly().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Build, "{error:?}");
    assert!(error.to_string().contains("no wheel of `nowhere-2718>=1`"), "{error}");
    assert_eq!(output(&place("top==1.0\n", true).install_plainly().await.unwrap()), "top\n");

    // Hashes count as ever.
    let hash = Packages::of_environment().hash("top-1.0-py3-none-any.whl");
    let locked = format!("top==1.0 --hash=sha256:{hash}\n");
    assert_eq!(output(&place(&locked, true).install_plainly().await.unwrap()), "top\n");
    let error = place(&locked.replace(&hash, &"0".repeat(64)), true).install_plainly().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error:?}");
}

#[tokio::test]
async fn in_place_it_is_the_same() {
    let packages = Packages::new();
    packages.wheel_that_requires("top", "1.0", "nowhere-2718>=1", &[("top.py", "VALUE = 'top'\n")]);
    if !alone("python::no_deps::in_place_it_is_the_same", &packages.only()) {
        return;
    }
    let recorder = Recorder::default();
    let build =
        async |place: &Place| install_in_place(&place.source(), &place.store(), InPlace::default(), &recorder).await;
    let error = build(&place("top==1.0\n", false)).await.unwrap_err();
    assert!(error.log().iter().any(|line| line.contains("nowhere-2718")), "{error:?}");
    let place = place("top==1.0\n", true);
    let built = build(&place).await.unwrap();
    assert_eq!(crate::common::output(&built), "top\n");
    let stages = recorder.stages.lock().unwrap();
    assert_eq!(stages.last().unwrap().1, "python3 -m pip install -r requirements.txt --no-deps");
}

#[tokio::test]
async fn elsewhere_it_means_nothing_and_that_is_said() {
    let manifest = format!("{PROVIDER}[build]\nnoDeps = true\n[run]\ncommand = [\"node\", \"x.js\"]\n");
    for files in [&[("package.json", "{}"), ("x.js", "")][..], &[("x.js", "")]] {
        let place = Place::new(&[&[("prizm.toml", &*manifest)], files].concat());
        let by_pipeline = place.install_plainly().await.unwrap_err();
        let in_place = install_in_place(&place.source(), &place.store(), InPlace::default(), &()).await.unwrap_err();
        for error in [by_pipeline, in_place] {
            assert_eq!(error.kind(), ErrorKind::Manifest);
            assert!(error.to_string().starts_with("`[build] noDeps` in `prizm.toml` is for Python"), "{error}");
        }
    }
}
