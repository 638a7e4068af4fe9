//! The environment of a provider: made of wheels without the network, and free of its own path, so
//! that it works wherever it is moved.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::process::Invocation;
use crate::recipe::Site;
use crate::{Error, ErrorKind};

use super::interpreter::{Interpreter, Pip};
use super::wheels::{self, Wheels};
use super::{ENVIRONMENT, unwritable};

/// Modules that an interpreter imports by itself.
const IMPORTED: &[&str] = &["sitecustomize", "usercustomize"];

/// Makes the environment, and installs the wheels in it.
pub(super) async fn make(site: &Site<'_>, python: &Interpreter, pip: &Pip, wheels: &Wheels) -> Result<(), Error> {
    let place = site.root.join(ENVIRONMENT);
    let typed = Invocation::new(["python3", "-m", "venv", ENVIRONMENT], site.root);
    let mut argv: Vec<OsString> = vec![python.executable.clone().into()];
    argv.extend(["-I", "-m", "venv", "--without-pip", "--symlinks"].map(OsString::from));
    argv.push(place.clone().into());
    site.run("dependencies", &site.code_step(argv, site.scratch).typed_as(&typed)).await?;
    let configuration = fs::read_to_string(place.join("pyvenv.cfg")).map_err(|error| unwritable(&place, &error))?;

    let typed = Invocation::new(["python3", "-m", "pip", "install", "-r", "requirements.txt"], site.root);
    let install = site.code_step(install(site, pip, wheels)?, site.scratch);
    // What pip is told elsewhere is meant for other environments.
    site.run("dependencies", &install.set("PIP_CONFIG_FILE", "/dev/null").typed_as(&typed)).await?;
    refuse_code(site, &place)?;
    strip(&place, &configuration).map_err(|error| unwritable(&place, &error))
}

fn install(site: &Site<'_>, pip: &Pip, wheels: &Wheels) -> Result<Vec<OsString>, Error> {
    let list = site.scratch.join("install.txt");
    wheels::write(&list, &wheels.lock)?;
    let python = site.root.join(ENVIRONMENT).join("bin/python3");
    let mut argv: Vec<OsString> = vec![python.into(), "-I".into(), pip.runner.clone().into()];
    let words = ["install", "--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar", "off"];
    argv.extend(words.map(OsString::from));
    // Without a resolver: the wheels were resolved when they were fetched.
    argv.extend(["--no-cache-dir", "--no-compile", "--no-warn-script-location", "--no-deps"].map(OsString::from));
    argv.extend(["--root-user-action=ignore", "--no-index", "--require-hashes", "--find-links"].map(OsString::from));
    argv.extend([wheels.directory.clone().into(), "--requirement".into(), list.into()]);
    Ok(argv)
}

/// Refuses what an interpreter would run before the provider's first line, unless the policy allows it.
fn refuse_code(site: &Site<'_>, place: &Path) -> Result<(), Error> {
    let mut found = Vec::new();
    for packages in site_packages(place).map_err(|error| unwritable(place, &error))? {
        look(&packages, place, &mut found).map_err(|error| unwritable(&packages, &error))?;
    }
    found.sort_unstable();
    let leading: Vec<_> = found.iter().filter(|found| found.leads_out).map(|found| found.shown.as_str()).collect();
    if !leading.is_empty() {
        let message = format!("a dependency adds what is outside of the provider: {}", leading.join(", "));
        return Err(Error::new(ErrorKind::Policy, message).with_hint("ask its author to mend it"));
    }
    if site.allowed.python_sources || found.is_empty() {
        return Ok(());
    }
    let list: Vec<_> = found.iter().map(|found| found.shown.as_str()).collect();
    let message = format!("a dependency brings code that runs before anybody imports it: {}", list.join(", "));
    Err(Error::new(ErrorKind::Policy, message).with_hint(
        "leave the dependency out; or let packages run code when they are installed: \
         `pythonSources = true` under [policy] in config.toml",
    ))
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    shown: String,
    leads_out: bool,
}

/// The directories of installed packages.
fn site_packages(place: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(place.join("lib"))? {
        found.extend(Some(entry?.path().join("site-packages")).filter(|path| path.is_dir()));
    }
    Ok(found)
}

fn look(packages: &Path, place: &Path, found: &mut Vec<Found>) -> io::Result<()> {
    for entry in fs::read_dir(packages)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if IMPORTED.contains(&name.split('.').next().unwrap_or_default()) {
            found.push(Found { shown: format!("`{}`", name.escape_debug()), leads_out: false });
        }
        if !name.ends_with(".pth") {
            continue;
        }
        let bytes = fs::read(entry.path())?;
        for line in String::from_utf8_lossy(&bytes).split(['\n', '\r', '\u{b}', '\u{c}']) {
            let leads_out = match line.strip_prefix("import") {
                Some(rest) if rest.starts_with([' ', '\t']) => false,
                _ if line.starts_with('#') || stays_within(packages, place, line.trim_end()) => continue,
                _ => true,
            };
            let line: String = line.chars().take(60).collect();
            found.push(Found { shown: format!("`{}` (`{}`)", name.escape_debug(), line.escape_debug()), leads_out });
        }
    }
    Ok(())
}

/// Tells whether a line of a `.pth` file leads to what is in the environment.
fn stays_within(packages: &Path, place: &Path, line: &str) -> bool {
    let mut path = PathBuf::new();
    for part in packages.join(line).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path.starts_with(place)
}

/// Takes away what names the directory in which the environment was made.
fn strip(place: &Path, configuration: &str) -> io::Result<()> {
    let keeps = |line: &&str| !matches!(line.split('=').next().map(str::trim), Some("command" | "prompt"));
    let kept: String = configuration.lines().filter(keeps).map(|line| format!("{line}\n")).collect();
    fs::write(place.join("pyvenv.cfg"), kept)?;
    for entry in fs::read_dir(place.join("bin"))? {
        let entry = entry?;
        // Scripts begin with the path of the interpreter.
        let is_interpreter = entry.file_name().as_encoded_bytes().starts_with(b"python") && entry.path().is_symlink();
        match (is_interpreter, entry.file_type()?.is_dir()) {
            (true, _) => {}
            (false, true) => fs::remove_dir_all(entry.path())?,
            (false, false) => fs::remove_file(entry.path())?,
        }
    }
    for packages in site_packages(place)? {
        for entry in fs::read_dir(packages)? {
            let record = entry?.path().join("RECORD");
            if record.is_file() {
                let text = fs::read_to_string(&record)?;
                let kept = text.split_inclusive('\n').filter(|line| !line.starts_with("../../../bin/"));
                fs::write(&record, kept.collect::<String>())?;
            }
        }
    }
    Ok(())
}

/// Compiles all modules, so that nothing is written when they are imported. What does not compile is
/// left as it is: it may be meant for another Python.
pub(super) async fn compile(site: &Site<'_>, python: &Interpreter, has_environment: bool) -> Result<(), Error> {
    let executable =
        if has_environment { site.root.join(ENVIRONMENT).join("bin/python3") } else { python.executable.clone() };
    let mut argv: Vec<OsString> = vec![executable.into(), "-I".into(), "-c".into()];
    // The module itself would fail where one of the files does.
    argv.extend(["import compileall; compileall.main()", "-q", "-q", "-f", "-j", "0"].map(OsString::from));
    argv.extend(["--invalidation-mode", "unchecked-hash", "-s"].map(OsString::from));
    argv.extend([site.root.into(), site.root.into()]);
    let typed = Invocation::new(["python3", "-m", "compileall", "."], site.root);
    site.run("build", &site.code_step(argv, site.scratch).typed_as(&typed)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_by_itself_and_what_leads_out_is_found() {
        let place = tempfile::tempdir().unwrap();
        let packages = place.path().join("lib/python3.11/site-packages");
        fs::create_dir_all(&packages).unwrap();
        for (name, text) in [
            ("a.pth", "# import os\n\nsub\nimport os; os.system('x')\n"),
            ("b.pth", "ok\rimport\tos"),
            ("c.pth", "../../../../../srv/evil\n../site-packages\n"),
            ("d.pth", "/srv/evil"),
            ("sitecustomize.py", ""),
            ("usercustomize.cpython-311.so", ""),
            ("importer.pth", "importer\n"),
            ("six.py", "import os"),
        ] {
            fs::write(packages.join(name), text).unwrap();
        }
        let mut found = Vec::new();
        look(&site_packages(place.path()).unwrap()[0], place.path(), &mut found).unwrap();
        found.sort_unstable();
        let shown: Vec<_> = found.iter().map(|found| (found.shown.as_str(), found.leads_out)).collect();
        let expected = [
            ("`a.pth` (`import os; os.system(\\'x\\')`)", false),
            ("`b.pth` (`import\\tos`)", false),
            ("`c.pth` (`../../../../../srv/evil`)", true),
            ("`d.pth` (`/srv/evil`)", true),
            ("`sitecustomize.py`", false),
            ("`usercustomize.cpython-311.so`", false),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn nothing_that_names_the_place_stays() {
        let place = tempfile::tempdir().unwrap();
        let info = place.path().join("lib/python3.11/site-packages/x-1.dist-info");
        fs::create_dir_all(&info).unwrap();
        fs::create_dir(place.path().join("bin")).unwrap();
        fs::write(info.join("RECORD"), "x.py,,\n../../../bin/x,sha256=abc,3\nx-1.dist-info/RECORD,,\n").unwrap();
        std::os::unix::fs::symlink("/usr/bin/python3", place.path().join("bin/python3")).unwrap();
        for name in ["activate", "x", "python-x"] {
            fs::write(place.path().join("bin").join(name), "#!/staging/bin/python3\n").unwrap();
        }
        strip(place.path(), "home = /usr/bin\nversion = 3.11.2\ncommand = python3 -m venv /staging\n").unwrap();
        let text = |path: &str| fs::read_to_string(place.path().join(path)).unwrap();
        assert_eq!(text("pyvenv.cfg"), "home = /usr/bin\nversion = 3.11.2\n");
        assert_eq!(text("lib/python3.11/site-packages/x-1.dist-info/RECORD"), "x.py,,\nx-1.dist-info/RECORD,,\n");
        let left: Vec<_> =
            fs::read_dir(place.path().join("bin")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["python3"]);
    }
}
