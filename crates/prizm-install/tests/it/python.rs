//! Providers in Python: their wheels, their environment, and what their repositories may not do.

mod attacks;
mod no_deps;
pub mod packages;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use prizm_install::{BuildOptions, ErrorKind, Lockfile, Mode};

use crate::common::{PROVIDER, Place, Recorder};
use crate::installs::{alone, output};
use packages::{Packages, with_path};

/// The files of a directory that mention a text.
fn mentioning(directory: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let meta = path.symlink_metadata().unwrap();
            let bytes = match (meta.is_dir(), meta.is_symlink()) {
                (true, _) => {
                    left.push(path);
                    continue;
                }
                (_, true) => fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes(),
                _ => fs::read(&path).unwrap(),
            };
            if memchr::memmem::find(&bytes, text.as_bytes()).is_some() {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// With the real pip and the real index: resolved once, moved, offline.
#[tokio::test]
async fn wheels_make_an_environment_that_can_be_moved_and_built_again_offline() {
    let provider = "import helper, six, sys, dateutil.parser\n\
                    print(six.__version__, dateutil.parser.parse('2020-02-03').year, sys.prefix, helper.WHERE)\n";
    let place = Place::new(&[
        ("requirements.txt", "six==1.16.0\n"),
        ("pyproject.toml", "[project]\nname = \"echo\"\ndependencies = [\"python-dateutil==2.9.0.post0\"]\n"),
        ("provider.py", provider),
        ("helper.py", "WHERE = __file__\n"),
        ("broken.py", "def (:\n"),
    ]);
    let recorder = Arc::new(Recorder::default());
    let installed = place.install(|installer| installer.reporter(recorder.clone())).await.unwrap();
    assert_eq!(installed.argv, ["./.venv/bin/python3", "-B", "provider.py"]);
    let root = installed.root.display().to_string();
    assert_eq!(output(&installed), format!("1.16.0 2020 {root}/.venv {root}/helper.py\n"));
    let stages: Vec<_> = recorder.stages();
    assert_eq!(stages, ["resolve", "fetch", "dependencies", "dependencies", "dependencies", "build", "validate"]);

    assert_eq!(mentioning(&installed.root, "/staging/"), [""; 0], "nothing names where it was made");
    let lock = fs::read_to_string(installed.root.join(".prizm/requirements.lock")).unwrap();
    let packages: Vec<_> = lock.lines().skip(1).map(|line| line.split(" --hash=sha256:").next().unwrap()).collect();
    assert_eq!(packages, ["python-dateutil==2.9.0.post0", "six==1.16.0"]);
    let pinned = Lockfile::load(&place.lock()).unwrap().entries()[0].build.recipe.clone();
    assert_eq!((pinned.name.as_str(), pinned.dependency_lock_generated), ("python/1", true));
    assert!(pinned.dependency_lock.unwrap().starts_with(".prizm/requirements.lock sha256:"));
    assert_eq!(pinned.tools.keys().collect::<Vec<_>>(), ["pip", "python"]);

    let mut moved = installed.clone();
    moved.root = place.home().join("elsewhere/tree");
    fs::rename(installed.root.parent().unwrap(), place.home().join("elsewhere")).unwrap();
    let root = moved.root.display().to_string();
    assert_eq!(output(&moved), format!("1.16.0 2020 {root}/.venv {root}/helper.py\n"));
    drop((installed, moved));

    fs::remove_dir_all(place.home().join("store")).unwrap();
    let offline = |installer: prizm_install::Installer| installer.mode(Mode { offline: true, ..Mode::default() });
    let again = place.install(offline).await.unwrap();
    assert!(output(&again).starts_with("1.16.0 2020 "));
    assert_eq!(fs::read_to_string(again.root.join(".prizm/requirements.lock")).unwrap(), lock);

    let other = Place::new(&[("requirements.txt", "six==1.16.0\n"), ("provider.py", "")]);
    let error = other.install(offline).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Offline, "{error:?}");
    assert!(error.to_string().contains("`six==1.16.0`"), "{error}");
}

#[tokio::test]
async fn a_provider_without_dependencies_gets_no_environment() {
    let script =
        "[project]\nname = \"my-echo\"\nrequires-python = \">=3.9\"\n[project.scripts]\necho = \"my_echo.cli:main\"\n";
    let place = Place::new(&[
        ("pyproject.toml", script),
        ("src/my_echo/__init__.py", ""),
        ("src/my_echo/cli.py", "import os\ndef main():\n    os.chdir('/')\n    import my_echo.late\n"),
        ("src/my_echo/late.py", "print('late', end='')\n"),
        (".venv/pyvenv.cfg", "home = /evil\n"),
        ("venv/pyvenv.cfg", "home = /evil\n"),
    ]);
    let installed = place.install_plainly().await.unwrap();
    assert_eq!(installed.argv[..3], ["python3", "-B", "-c"]);
    assert_eq!(output(&installed), "late");
    assert!(!installed.root.join(".venv").exists() && !installed.root.join("venv").exists());
    assert!(installed.root.join("src/my_echo/__pycache__").is_dir(), "it is compiled");
    assert!(place.store().verify().unwrap()[0].damage.is_none(), "to run it writes nothing");

    let run = format!("{PROVIDER}[run]\ncommand = [\"python3\", \"main.py\"]\n");
    let place = Place::new(&[("requirements.txt", "# none\n"), ("main.py", "print('run')"), ("prizm.toml", &run)]);
    let installed = place.install_plainly().await.unwrap();
    assert_eq!(installed.argv, ["python3", "main.py"]);

    let place = Place::new(&[("pyproject.toml", "[project]\nname = \"x\"\nrequires-python = \">=3.99\"\n")]);
    let error = place.install_plainly().await.unwrap_err();
    assert!(error.to_string().starts_with("the provider needs Python >=3.99"), "{error}");
    let place = Place::new(&[("pyproject.toml", "[project]\nname = \"x\"\n"), ("lib.py", "")]);
    let error = place.install_plainly().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EntryPoint);
    assert!(error.to_string().contains("`x/__main__.py`, `provider.py`, `main.py`"), "{error}");
}

#[tokio::test]
async fn the_repositorys_own_lock_counts_and_its_hashes_too() {
    let packages = Packages::new();
    packages.wheel("leaf", "1.0", &[("leaf.py", "VALUE = 'leaf'\n")]);
    if !alone("python::the_repositorys_own_lock_counts_and_its_hashes_too", &packages.only()) {
        return;
    }
    let packages = Packages::of_environment();
    let hash = packages.hash("leaf-1.0-py3-none-any.whl");
    let run = format!(
        "{PROVIDER}[build]\ncommand = [\"sh\", \"-c\", \"test -x .venv/bin/python3 && echo 'BUILT = 1' > made.py\"]\n\
         [run]\ncommand = [\"python\", \"provider.py\", \"word\"]\n"
    );
    let lock = format!("leaf==1.0 \\\n  --hash=sha256:{hash}\n");
    let provider = "import leaf, made, sys; print(leaf.VALUE, made.BUILT, sys.argv[1])\n";
    let place = Place::new(&[("requirements.txt", &lock), ("provider.py", provider), ("prizm.toml", &run)]);
    let installed = place.install_plainly().await.unwrap();
    assert_eq!(installed.argv, ["./.venv/bin/python3", "provider.py", "word"]);
    assert_eq!(output(&installed), "leaf 1 word\n");
    let pinned = Lockfile::load(&place.lock()).unwrap().entries()[0].build.recipe.clone();
    assert!(pinned.dependency_lock.unwrap().starts_with("requirements.txt sha256:"));
    assert!(!pinned.dependency_lock_generated && !installed.root.join(".prizm").exists());

    let lock = lock.replace(&hash, &"0".repeat(64));
    let place = Place::new(&[("requirements.txt", &lock), ("provider.py", provider)]);
    let error = place.install_plainly().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error:?}");
}

/// Row 56.
#[tokio::test]
async fn a_missing_python_or_pip_is_told_before_anything_is_fetched() {
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().to_str().unwrap().to_owned();
    if !alone("python::a_missing_python_or_pip_is_told_before_anything_is_fetched", &[("PATH", &path)]) {
        return;
    }
    let place = Place::new(&[("requirements.txt", "six\n"), ("provider.py", "print(1)")]);
    let error = place.install_plainly().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Build);
    assert_eq!(error.to_string(), "a provider in Python needs `python3`, which was not found");
    assert!(error.hint().unwrap().contains("apt install python3 python3-pip python3-venv"), "{error:?}");
    assert!(!place.home().join("cache").exists());
}

#[tokio::test]
async fn a_python_without_pip_serves_providers_without_dependencies() {
    let bare = packages::bare_python();
    if !alone(
        "python::a_python_without_pip_serves_providers_without_dependencies",
        &[("PATH", &with_path(bare.path()))],
    ) {
        return;
    }
    let place = Place::new(&[("requirements.txt", "six\n"), ("provider.py", "print(1)")]);
    let error = place.install_plainly().await.unwrap_err();
    assert_eq!(error.to_string(), "a provider with dependencies needs pip, and `python3` has none");
    fs::write(place.source_dir().join("requirements.txt"), "").unwrap();
    assert_eq!(output(&place.install_plainly().await.unwrap()), "1\n");
}

#[tokio::test]
async fn an_index_that_cannot_be_reached_is_told() {
    let environment =
        [("PIP_INDEX_URL", "http://127.0.0.1:9/simple"), ("PIP_RETRIES", "1"), ("PIP_CONFIG_FILE", "/dev/null")];
    if !alone("python::an_index_that_cannot_be_reached_is_told", &environment) {
        return;
    }
    let place = Place::new(&[("requirements.txt", "prizm-no-such\n"), ("provider.py", "")]);
    let error = place.install_plainly().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fetch, "{error:?}");
    assert_eq!(fs::read_dir(place.home().join("store/staging")).unwrap().count(), 0);
}

fn building() -> BuildOptions {
    BuildOptions { python_sources: true, ..BuildOptions::default() }
}
