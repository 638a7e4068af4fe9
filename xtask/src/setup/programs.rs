//! The programs that the tests run, as data, and how to tell which version is there.

use std::fmt;
use std::path::Path;

use anyhow::Result;

use crate::sh::Argv;

/// A program that the tests run.
#[derive(Debug)]
pub struct Program {
    /// Its name on `PATH`.
    pub name: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
    /// The argument that makes it print its version.
    version: &'static str,
    /// The oldest release that the tests pass with: that of Debian 12, but for Node.
    pub oldest: (u32, u32),
    /// What it is needed for.
    purpose: &'static str,
}

/// All of them.
pub const NEEDED: &[Program] = &[
    Program { name: "git", package: "git", version: "--version", oldest: (2, 39), purpose: "lists the files to check" },
    Program {
        name: "python3",
        package: "python3",
        version: "--version",
        oldest: (3, 11),
        purpose: "runs the providers in Python",
    },
    Program {
        name: "pip3",
        package: "python3-pip",
        version: "--version",
        oldest: (23, 0),
        purpose: "fetches what providers in Python depend on",
    },
    Program {
        name: "node",
        package: "nodejs",
        version: "--version",
        oldest: (20, 0),
        purpose: "runs the providers in JavaScript and TypeScript",
    },
    Program {
        name: "npm",
        package: "npm",
        version: "--version",
        oldest: (9, 2),
        purpose: "fetches packages and what providers in JavaScript depend on",
    },
    Program { name: "jq", package: "jq", version: "--version", oldest: (1, 6), purpose: "runs the provider in Bash" },
    Program {
        name: "perl",
        package: "perl",
        version: "-eprintf '%vd', $^V",
        oldest: (5, 36),
        purpose: "runs the provider in a language without an SDK",
    },
    Program {
        name: "unshare",
        package: "util-linux",
        version: "--version",
        oldest: (2, 38),
        purpose: "keeps builds from the network",
    },
    Program {
        name: "dockerd",
        package: "docker.io",
        version: "--version",
        oldest: (20, 10),
        purpose: "runs the containers of services",
    },
    Program {
        name: "docker-compose",
        package: "docker-compose",
        version: "--version",
        oldest: (1, 29),
        purpose: "starts the containers of services",
    },
    Program {
        name: "busybox",
        package: "busybox-static",
        version: "--help",
        oldest: (1, 35),
        purpose: "is what the containers of the tests are made of",
    },
    Program {
        name: "ffmpeg",
        package: "ffmpeg",
        version: "-version",
        oldest: (5, 1),
        purpose: "does the work of the ffmpeg provider",
    },
    Program {
        name: "ffprobe",
        package: "ffmpeg",
        version: "-version",
        oldest: (5, 1),
        purpose: "judges what the ffmpeg provider made",
    },
    Program {
        name: "flite",
        package: "flite",
        version: "-lv",
        oldest: (2, 2),
        purpose: "speaks for the speech provider",
    },
    Program {
        name: "espeak-ng",
        package: "espeak-ng",
        version: "--version",
        oldest: (1, 51),
        purpose: "speaks for the speech provider, in other languages",
    },
    Program {
        name: "dbus-daemon",
        package: "dbus",
        version: "--version",
        oldest: (1, 14),
        purpose: "is the bus of the keyring",
    },
    Program {
        name: "gnome-keyring-daemon",
        package: "gnome-keyring",
        version: "--version",
        oldest: (42, 0),
        purpose: "is the keyring that keeps keys",
    },
    Program {
        name: "ps",
        package: "procps",
        version: "--version",
        oldest: (3, 3),
        purpose: "shows whether a process was left behind",
    },
];

/// What is there of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It is not on `PATH`, or it does not run.
    Nothing,
    /// It runs, but names no release, as a build from a development branch does.
    Unnumbered,
    /// Its major and minor version.
    Version(u32, u32),
}

impl Program {
    /// Looks for it on `PATH`.
    pub fn find(&self, root: &Path) -> Result<Found> {
        if which::which(self.name).is_err() {
            return Ok(Found::Nothing);
        }
        let output = Argv::from_words([self.name, self.version]).output(root)?;
        if !output.status.success() {
            return Ok(Found::Nothing);
        }
        Ok(parse(&String::from_utf8_lossy(&output.stdout)))
    }
}

impl Found {
    /// Whether it is at least `oldest`. A development build is given the benefit of the doubt.
    pub fn satisfies(self, oldest: (u32, u32)) -> bool {
        match self {
            Found::Nothing => false,
            Found::Unnumbered => true,
            Found::Version(major, minor) => (major, minor) >= oldest,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Nothing => f.write_str("is missing"),
            Found::Unnumbered => f.write_str("is a development build"),
            Found::Version(major, minor) => write!(f, "is version {major}.{minor}"),
        }
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.oldest;
        write!(f, "{major}.{minor} or newer is needed ({})", self.purpose)
    }
}

/// The first `major.minor` in the words of the first line; a letter before it, as in `n7.1`, is a tag's, and `jq-1.6` one
/// word.
fn parse(output: &str) -> Found {
    let words = output.lines().next().unwrap_or_default().split_whitespace();
    let release = |word: &str| {
        let word = word.trim_start_matches("jq-").trim_start_matches(['n', 'v']);
        let mut numbers = word.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.split('.');
        Some(Found::Version(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    };
    words.into_iter().find_map(release).unwrap_or(Found::Unnumbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_programs_print() {
        for (output, expected) in [
            ("git version 2.39.5", Found::Version(2, 39)),
            ("Python 3.11.2\n", Found::Version(3, 11)),
            ("ffmpeg version 5.1.6-0+deb12u1 Copyright (c) 2000-2024 the FFmpeg developers\n1.2", Found::Version(5, 1)),
            ("ffmpeg version n7.1 Copyright (c) 2000-2024", Found::Version(7, 1)),
            ("jq-1.6", Found::Version(1, 6)),
            ("ffmpeg version N-118193-g5f38c82536 Copyright (c) 2000-2024", Found::Unnumbered),
            ("", Found::Unnumbered),
        ] {
            assert_eq!(parse(output), expected, "{output}");
        }
    }

    #[test]
    fn compares_numbers_and_not_text() {
        assert!(Found::Version(3, 11).satisfies((3, 9)));
        assert!(Found::Version(4, 0).satisfies((3, 11)));
        assert!(!Found::Version(3, 9).satisfies((3, 11)));
        assert!(Found::Unnumbered.satisfies((3, 11)));
        assert!(!Found::Nothing.satisfies((0, 0)));
    }

    #[test]
    fn finds_what_is_there_and_misses_what_is_not() {
        let root = tempfile::tempdir().unwrap();
        let git = NEEDED.iter().find(|program| program.name == "git").unwrap();
        assert!(matches!(git.find(root.path()).unwrap(), Found::Version(..)));
        let absent = Program { name: "no-such-program-of-xtask", ..*git };
        assert_eq!(absent.find(root.path()).unwrap(), Found::Nothing);
    }
}
