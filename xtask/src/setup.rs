//! `cargo xtask setup`: what the tests need and Rust does not bring.

mod programs;

use std::path::Path;

use anyhow::{Result, anyhow, bail};

use crate::setup::programs::{Found, Program};
use crate::sh::Argv;

/// Installs what is missing, or says how to.
pub fn run(root: &Path) -> Result<()> {
    components(root)?;
    let wanting = survey(root)?;
    if wanting.is_empty() {
        eprintln!("setup: the tests have what they need");
        return Ok(());
    }
    let packages = packages(&wanting);
    if which::which("apt-get").is_err() {
        bail!("{}; install them with this system's package manager", describe(&wanting));
    }
    let Some(prefix) = privilege(root) else {
        let line = install(&["sudo"], &packages).map(|argv| argv.to_string()).join(" && ");
        bail!("{}; to install what is missing, run:\n    {line}", describe(&wanting));
    };
    for argv in install(prefix, &packages) {
        eprintln!("{argv}");
        argv.run(root).map_err(|error| anyhow!("`{argv}` failed: {error:#}"))?;
    }
    let wanting = survey(root)?;
    if !wanting.is_empty() {
        bail!("{} even after apt-get installed its newest; install a newer release by hand", describe(&wanting));
    }
    Ok(())
}

/// rustfmt and clippy are parts of the toolchain, which a minimal one lacks.
fn components(root: &Path) -> Result<()> {
    let mut missing = Vec::new();
    for (component, probe) in [("rustfmt", "cargo fmt --version"), ("clippy", "cargo clippy --version")] {
        if !Argv::new(probe).output(root)?.status.success() {
            missing.push(component);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let argv = Argv::new("rustup component add").args(missing.iter().copied());
    if which::which("rustup").is_err() {
        bail!("cargo lacks {}; without rustup (`{argv}`) install them as cargo was installed", missing.join(" and "));
    }
    eprintln!("{argv}");
    argv.run(root).map_err(|error| anyhow!("`{argv}` failed: {error:#}"))
}

/// The programs that are missing or too old, with what is there.
fn survey(root: &Path) -> Result<Vec<(&'static Program, Found)>> {
    let mut wanting = Vec::new();
    for program in programs::NEEDED {
        let found = program.find(root)?;
        if !found.satisfies(program.oldest) {
            wanting.push((program, found));
        }
    }
    Ok(wanting)
}

fn describe(wanting: &[(&Program, Found)]) -> String {
    let each = wanting.iter().map(|(program, found)| format!("`{}` {found}, {program}", program.name));
    each.collect::<Vec<_>>().join("; ")
}

fn packages(wanting: &[(&Program, Found)]) -> Vec<&'static str> {
    let mut packages: Vec<_> = wanting.iter().map(|(program, _)| program.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// The words to put before a command so that it may install packages: none for root; none at all without a password.
fn privilege(root: &Path) -> Option<&'static [&'static str]> {
    let succeeds = |line: &str| Argv::new(line).output(root).is_ok_and(|output| output.status.success());
    let user = Argv::new("id -u").output(root).ok()?;
    match user.stdout.trim_ascii() {
        b"0" => Some(&[]),
        _ if succeeds("sudo -n true") => Some(&["sudo", "-n"]),
        _ => None,
    }
}

fn install(prefix: &[&str], packages: &[&str]) -> [Argv; 2] {
    let apt_get = |line: &str| {
        let words = prefix.iter().copied().chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        Argv::from_words(words).args(line.split(' '))
    };
    [apt_get("update"), apt_get("install --yes --no-install-recommends").args(packages.iter().copied())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_is_installed_once() {
        let ffmpeg = programs::NEEDED.iter().filter(|program| program.package == "ffmpeg");
        let wanting: Vec<_> = ffmpeg.map(|program| (program, Found::Nothing)).collect();
        assert_eq!(wanting.len(), 2, "ffmpeg and ffprobe");
        assert_eq!(packages(&wanting), ["ffmpeg"]);
    }

    #[test]
    fn the_lines_are_what_a_person_would_run() {
        let lines = install(&["sudo"], &["ffmpeg", "git"]).map(|argv| argv.to_string());
        assert_eq!(lines[0], "sudo env DEBIAN_FRONTEND=noninteractive apt-get update");
        let expected =
            "sudo env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ffmpeg git";
        assert_eq!(lines[1], expected);
    }

    #[test]
    fn what_is_missing_is_described_with_its_purpose() {
        let python = programs::NEEDED.iter().find(|program| program.name == "python3").unwrap();
        let text = describe(&[(python, Found::Version(3, 8))]);
        assert_eq!(text, "`python3` is version 3.8, 3.11 or newer is needed (runs the providers in Python)");
        assert!(describe(&[(python, Found::Nothing)]).starts_with("`python3` is missing, 3.11 or newer"));
    }
}
