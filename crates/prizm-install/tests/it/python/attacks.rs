//! What a repository, or a package, may try. Row 53.

use std::fs;
use std::io::{ErrorKind as IoErrorKind, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;

use prizm_install::ErrorKind;

use super::building;
use super::packages::Packages;
use crate::common::Place;
use crate::installs::{alone, output};

/// A build back end, and a `setup.py`, that leave a word of where they ran.
const BACKEND: &str = r#"
import os, zipfile
def note(what):
    with open(os.environ.get("PROOF", "PROOF_PATH"), "a") as file:
        network = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
        told = sorted(name for name in os.environ if name.startswith("PIP_INDEX") or name.startswith("PIP_FIND"))
        file.write(f"{what} {network} {told} {os.environ['HOME']}\n")
note("read")
def build_wheel(directory, config_settings=None, metadata_directory=None):
    note("build")
    with zipfile.ZipFile(os.path.join(directory, "sourced-1.0-py3-none-any.whl"), "w") as wheel:
        wheel.writestr("sourced.py", "VALUE = 'built'\n")
        wheel.writestr("sourced-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: sourced\nVersion: 1.0\n")
        wheel.writestr("sourced-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("sourced-1.0.dist-info/RECORD", "")
    return "sourced-1.0-py3-none-any.whl"
"#;
const BUILD_SYSTEM: &str = "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";

/// Packages of which one is a source only, and where its code leaves a word.
fn sources() -> (Packages, PathBuf) {
    let packages = Packages::new();
    let proof = packages.path().join("proof");
    let backend = BACKEND.replace("PROOF_PATH", proof.to_str().unwrap());
    let setup = format!("open({:?}, 'a').write('setup.py')\n", proof.to_str().unwrap());
    let source = packages.source(
        "sourced",
        "1.0",
        &[("backend.py", &backend), ("pyproject.toml", BUILD_SYSTEM), ("PKG-INFO", "Name: sourced\nVersion: 1.0\n")],
    );
    packages.source("old", "1.0", &[("setup.py", &setup), ("PKG-INFO", "Name: old\nVersion: 1.0\n")]);
    let by_url = format!("sourced @ file://{}", source.display());
    packages.wheel_that_requires("carrier", "1.0", &by_url, &[("carrier.py", "")]);
    (packages, proof)
}

/// Row 53: neither a package without a wheel nor one that a wheel asks for by its URL runs.
#[tokio::test]
async fn a_source_is_not_built_unless_the_policy_lets_it() {
    let (packages, proof) = sources();
    if !alone("python::attacks::a_source_is_not_built_unless_the_policy_lets_it", &packages.only()) {
        return assert!(!proof.exists());
    }
    let proof = Packages::of_environment().path().join("proof");
    for (wanted, says) in [
        ("sourced==1.0", "no wheel of `sourced==1.0` was found for Python 3."),
        ("old", "no wheel of `old` was found"),
        ("carrier", "a dependency is no wheel"),
    ] {
        let place = Place::new(&[("requirements.txt", wanted), ("provider.py", "")]);
        let error = place.install_plainly().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Build, "{error:?}");
        assert!(error.to_string().starts_with(says), "{error:?}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("ask its author") && hint.contains("pythonSources = true"), "{hint}");
        assert!(!proof.exists(), "{wanted}: {}", fs::read_to_string(&proof).unwrap());
    }
}

/// Row 53: what the policy lets be built has neither network nor what pip knows of servers.
#[tokio::test]
async fn a_source_that_is_built_has_no_network() {
    let (packages, _) = sources();
    if !alone("python::attacks::a_source_that_is_built_has_no_network", &packages.only()) {
        return;
    }
    let packages = Packages::of_environment();
    let provider = "import sourced; print(sourced.VALUE)";
    let place = Place::new(&[("requirements.txt", "carrier\n"), ("provider.py", provider)]);
    let installed = place.install(|installer| installer.builds(building())).await.unwrap();
    assert_eq!(output(&installed), "built\n");
    let proof = fs::read_to_string(packages.path().join("proof")).unwrap();
    let home = place.home().join("store/staging").display().to_string();
    assert!(proof.lines().any(|line| line.starts_with("build ")), "{proof}");
    assert!(proof.lines().all(|line| line.contains(" ['lo'] [] ") && line.contains(&home)), "{proof}");
    let lock = fs::read_to_string(installed.root.join(".prizm/requirements.lock")).unwrap();
    assert!(lock.contains("sourced==1.0 --hash=sha256:"), "{lock}");
}

/// An index that the user chose, which serves one wheel, and counts nothing.
fn serve(listener: TcpListener, wheel: Vec<u8>) {
    for stream in listener.incoming().flatten() {
        let mut stream = stream;
        let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
        while !request.windows(4).any(|window| window == b"\r\n\r\n") {
            match stream.read(&mut buffer) {
                Ok(read @ 1..) => request.extend_from_slice(&buffer[..read]),
                _ => break,
            }
        }
        let body = match String::from_utf8_lossy(&request).lines().next().unwrap_or_default() {
            line if line.contains(".whl ") => wheel.clone(),
            line if line.contains("/good/ ") => {
                b"<a href='/good-1.0-py3-none-any.whl'>good-1.0-py3-none-any.whl</a>".to_vec()
            }
            _ => Vec::new(),
        };
        let head = format!("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", body.len());
        // A client that went away is no matter.
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    }
}

/// Row 53: no file of the repository has a say in where packages come from.
#[tokio::test]
async fn the_repositorys_configuration_redirects_nothing() {
    let index = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/simple", index.local_addr().unwrap());
    let packages = Packages::new();
    packages.wheel("good", "1.0", &[("good.py", "VALUE = 'good'\n")]);
    let wheel = fs::read(packages.path().join("good-1.0-py3-none-any.whl")).unwrap();
    std::thread::spawn(move || serve(index, wheel));
    // The user's own configuration, in their home: HOME itself is another while things are built.
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join(".config/pip")).unwrap();
    fs::write(home.path().join(".config/pip/pip.conf"), format!("[global]\nindex-url = {url}\nno-binary = good\n"))
        .unwrap();
    let environment = [("HOME", home.path().to_str().unwrap()), ("PIP_FIND_LINKS", ""), ("XDG_CONFIG_HOME", "")];
    if !alone("python::attacks::the_repositorys_configuration_redirects_nothing", &environment) {
        return;
    }
    let evil = TcpListener::bind("127.0.0.1:0").unwrap();
    evil.set_nonblocking(true).unwrap();
    let address = format!("http://{}", evil.local_addr().unwrap());
    let pip = format!("[global]\nindex-url = {address}/simple\nextra-index-url = {address}/other\n");
    let setup = format!("[easy_install]\nindex_url = {address}/simple\n");
    let uv = format!("[[index]]\nurl = \"{address}/simple\"\ndefault = true\n");
    let project =
        format!("[project]\nname = \"echo\"\ndependencies = [\"good\"]\n[[tool.uv.index]]\nurl = \"{address}\"\n");
    let place = Place::new(&[
        ("pyproject.toml", &project),
        ("pip.conf", &pip),
        (".pip/pip.conf", &pip),
        (".config/pip/pip.conf", &pip),
        ("setup.cfg", &setup),
        (".pydistutils.cfg", &setup),
        ("uv.toml", &uv),
        (".python-version", "2.0.1\n"),
        ("pip.py", "raise SystemExit('the repository has taken the place of pip')\n"),
        ("venv.py", "raise SystemExit('the repository has taken the place of venv')\n"),
        ("provider.py", "import good; print(good.VALUE)"),
    ]);
    // A copy of a directory leaves out what is there, but a repository may hold it.
    fs::create_dir_all(place.source_dir().join("venv")).unwrap();
    fs::write(place.source_dir().join("venv/pip.conf"), &pip).unwrap();
    fs::write(place.source_dir().join("venv/pyvenv.cfg"), "home = /nowhere\n").unwrap();
    let installed = place.install_plainly().await.unwrap();
    assert_eq!(output(&installed), "good\n");

    for line in [format!("--index-url {address}/simple"), format!("--extra-index-url={address}"), "-e .".to_owned()] {
        let text = format!("good\n{line}\n");
        let place = Place::new(&[("requirements.txt", &text), ("provider.py", "")]);
        let error = place.install_plainly().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Policy, "{error:?}");
        assert!(error.to_string().contains("line 2 of `requirements.txt`"), "{error}");
    }
    assert_eq!(evil.accept().unwrap_err().kind(), IoErrorKind::WouldBlock, "nobody asked the repository's index");
}

/// Row 53: `.pth` files.
#[tokio::test]
async fn code_that_runs_before_anybody_imports_it_is_refused() {
    let packages = Packages::new();
    packages.wheel("runs", "1.0", &[("runs.py", ""), ("runs.pth", "import sys; sys.stdout.write('early ')\n")]);
    packages.wheel("leads", "1.0", &[("leads.py", ""), ("leads.pth", "/srv/evil\n")]);
    packages.wheel("custom", "1.0", &[("sitecustomize.py", "print('early')\n")]);
    if !alone("python::attacks::code_that_runs_before_anybody_imports_it_is_refused", &packages.only()) {
        return;
    }
    let place = |names: &str| Place::new(&[("requirements.txt", names), ("provider.py", "print('late')")]);
    for (names, says) in [
        ("leads", "what is outside of the provider: `leads.pth` (`/srv/evil`)"),
        ("custom\nruns", "before anybody imports it: `runs.pth` (`import sys; sys.stdout.write"),
    ] {
        let error = place(names).install_plainly().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Policy, "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(names.contains("custom"), error.to_string().ends_with("`sitecustomize.py`"), "{error}");
    }
    let place = place("runs");
    let allowed = place.install(|installer| installer.builds(building())).await.unwrap();
    let printed = output(&allowed);
    assert!(printed.starts_with("early ") && printed.ends_with("late\n"), "{printed}");
}
