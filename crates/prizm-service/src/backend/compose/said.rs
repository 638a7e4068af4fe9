//! What Compose's command said, and what that means.

use super::variables;
use crate::LogTail;
use crate::error::{Error, ErrorKind, Phase};

/// What a call said.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    /// The whole of stdout.
    pub(super) stdout: String,
    /// How it would be typed.
    pub(super) command: String,
    pub(super) success: bool,
    pub(super) code: Option<i32>,
    /// The last lines of both outputs.
    pub(super) tail: Vec<String>,
}

/// Words that tell which failure it is, in lower case; what it is, and what to do about it.
const KNOWN: &[(&[&str], ErrorKind, &str)] = &[
    (
        &["port is already allocated", "address already in use", "ports are not available"],
        ErrorKind::Port,
        "start it again: another port is taken; one that the author has fixed must be free",
    ),
    (
        &["permission denied while trying to connect", "permission denied: is the docker daemon"],
        ErrorKind::Denied,
        "you may not use the engine: ask for membership in the group `docker`",
    ),
    (
        &["cannot connect to the docker daemon", "couldn't connect to docker daemon", "is the docker daemon running"],
        ErrorKind::EngineMissing,
        "start the engine: systemctl start docker",
    ),
    (
        &[
            "pull access denied",
            "manifest unknown",
            "no such image",
            "failed to resolve reference",
            "not found: manifest",
        ],
        ErrorKind::ImageUnavailable,
        "check the name of the image, or load it by hand: docker load",
    ),
    (
        &["lookup ", "dial tcp", "tls handshake", "no route to host", "i/o timeout", "temporary failure in name"],
        ErrorKind::ImageUnavailable,
        "check the network, or load the image by hand: docker load",
    ),
    (
        &["could not select device driver"],
        ErrorKind::NoGpu,
        "set `enableGPU` to \"auto\" or false, or install the GPU's container toolkit",
    ),
];

impl Said {
    /// Makes an error of a call that failed: of the kind that its words tell, else of this one.
    pub(super) fn failure(&self, kind: ErrorKind, phase: Phase, what: &str) -> Error {
        let lines: Vec<_> = self.tail.iter().map(|line| line.replace(variables::PREFIX, "")).collect();
        // Version 1 ends with a line that says nothing.
        let says = |line: &&String| !line.trim().is_empty() && !line.starts_with("Encountered errors");
        let last = lines.iter().rev().find(says).cloned().unwrap_or_default();
        let text = lines.join("\n").to_lowercase();
        let known = KNOWN.iter().find(|(words, ..)| words.iter().any(|word| text.contains(word)));
        let (kind, hint) = known.map_or((kind, "its last lines say why"), |(_, kind, hint)| (*kind, *hint));
        let error = Error::new(kind, phase, format!("{what}: {last}")).hinted(hint).of_command(&self.command);
        let error = error.logged(vec![LogTail { source: "compose".to_owned(), lines }]);
        match self.code {
            Some(code) => error.exited(code.into()),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_tell_the_kind() {
        for (line, kind) in [
            ("Bind for 127.0.0.1:80 failed: port is already allocated", ErrorKind::Port),
            ("listen tcp4 127.0.0.1:80: bind: address already in use", ErrorKind::Port),
            ("Error response from daemon: pull access denied for x", ErrorKind::ImageUnavailable),
            ("Get \"https://registry.example/v2/\": dial tcp: lookup registry.example", ErrorKind::ImageUnavailable),
            (
                "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
                ErrorKind::EngineMissing,
            ),
            ("could not select device driver \"nvidia\" with capabilities: [[gpu]]", ErrorKind::NoGpu),
            ("something else", ErrorKind::Exit),
        ] {
            let tail = [line, "Encountered errors while bringing up the project.", ""].map(str::to_owned).to_vec();
            let said = Said { code: Some(1), tail, ..Said::default() };
            let error = said.failure(ErrorKind::Exit, Phase::Start, "it fails");
            assert_eq!(error.kind(), kind, "{line}");
            assert_eq!(error.to_string(), format!("it fails: {line}"));
            assert_eq!(error.exit_code(), Some(1));
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn our_names_of_variables_are_not_shown() {
        let tail = vec!["required variable PRIZM_VALUE_X is missing a value".to_owned()];
        let error = Said { tail, ..Said::default() }.failure(ErrorKind::ComposeInvalid, Phase::Prepare, "no");
        assert_eq!(error.to_string(), "no: required variable X is missing a value");
        assert_eq!(error.logs()[0].lines, ["required variable X is missing a value"]);
    }
}
