//! Says what to do where npm fails to fetch dependencies.

use crate::npm::Failure;
use crate::{Error, ErrorKind};

/// Makes an error of npm's failure over a lock file.
pub(super) fn failure(failure: Failure, lock: &str, offline: bool) -> Error {
    let of_author = "its author must correct it in `package.json`";
    let (kind, message, hint) = match failure.code.as_str() {
        "E404" if !offline => {
            let message = format!("a dependency, `{}`, is not in the registry", named(&failure));
            (
                ErrorKind::Source,
                message,
                format!("see which registry npm asks: npm config list; if it is right, {of_author}"),
            )
        }
        "ETARGET" | "ENOVERSIONS" if !offline => {
            let message = format!("a dependency has no such version: {}", first_line(&failure.summary));
            (ErrorKind::Source, message, of_author.to_owned())
        }
        "EUSAGE" => (
            ErrorKind::Build,
            format!("`package.json` and `{lock}` disagree{}", differences(&failure.summary)),
            format!("its author must run `npm install`, and commit `{lock}`"),
        ),
        "ERESOLVE" => (
            ErrorKind::Build,
            format!("what the provider depends on contradicts itself: {}", first_line(&failure.summary)),
            of_author.to_owned(),
        ),
        code if code.starts_with("EALLOW") => (
            ErrorKind::Policy,
            format!("a dependency comes from elsewhere than a registry: {}", detail(&failure)),
            format!("{of_author}: only packages of npm's registry are fetched"),
        ),
        "EINTEGRITY" => return failure.into_error("a dependency"),
        _ if offline => (
            ErrorKind::Offline,
            format!("what the provider depends on is not all in the cache, and the network is off{}", failure.said()),
            "fetch it once without --offline and --frozen".to_owned(),
        ),
        _ => return failure.into_error("what the provider depends on"),
    };
    Error::new(kind, message).with_hint(hint).with_log(failure.log)
}

/// Returns the package that npm quotes.
fn named(failure: &Failure) -> String {
    let quoted = failure.detail.split('\'').nth(1).filter(|name| !name.is_empty());
    quoted.unwrap_or_else(|| first_line(&failure.summary)).chars().take(200).collect()
}

fn detail(failure: &Failure) -> &str {
    first_line(if failure.detail.is_empty() { &failure.summary } else { &failure.detail })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end_matches('.')
}

/// Returns where a lock file differs, as npm lists it.
fn differences(summary: &str) -> String {
    let lines = summary.lines().filter(|line| ["Invalid:", "Missing:"].iter().any(|start| line.starts_with(start)));
    let lines: Vec<_> = lines.take(5).collect();
    if lines.is_empty() { String::new() } else { format!(": {}", lines.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: &str, summary: &str, detail: &str, offline: bool) -> (ErrorKind, String) {
        let [code, summary, detail] = [code, summary, detail].map(str::to_owned);
        let error = failure(Failure { code, summary, detail, log: Vec::new() }, "package-lock.json", offline);
        assert!(error.hint().is_some());
        (error.kind(), error.to_string())
    }

    #[test]
    fn each_failure_names_its_value() {
        for (code, summary, detail, kind, expected) in [
            (
                "E404",
                "Not Found - GET u",
                "The requested resource 'x@1' could",
                ErrorKind::Source,
                "a dependency, `x@1`, is not",
            ),
            ("E404", "Not Found - GET u", "", ErrorKind::Source, "`Not Found - GET u`"),
            (
                "ETARGET",
                "No matching version found for x@9.",
                "In",
                ErrorKind::Source,
                "no such version: No matching version found for x@9",
            ),
            (
                "EUSAGE",
                "`npm ci` can\n\nInvalid: a\nMissing: b\n\nClean",
                "",
                ErrorKind::Build,
                "`package-lock.json` disagree: Invalid: a; Missing: b",
            ),
            ("ERESOLVE", "could not resolve", "", ErrorKind::Build, "could not resolve"),
            (
                "EALLOWGIT",
                "Fetching",
                "Refusing to fetch \"x@git+u\"",
                ErrorKind::Policy,
                "Refusing to fetch \"x@git+u\"",
            ),
            ("EINTEGRITY", "wanted a but got b", "", ErrorKind::Mismatch, "wanted a but got b"),
            ("E401", "", "", ErrorKind::Fetch, "the registry refuses what the provider depends on"),
            ("ECONNRESET", "aborted", "", ErrorKind::Fetch, "npm failed (ECONNRESET): aborted"),
        ] {
            let (found, message) = told(code, summary, detail, false);
            assert_eq!(found, kind, "{message}");
            assert!(message.contains(expected), "{message}");
        }
        for (code, kind) in [
            ("ENOTCACHED", ErrorKind::Offline),
            ("ETARGET", ErrorKind::Offline),
            ("EUSAGE", ErrorKind::Build),
            ("EINTEGRITY", ErrorKind::Mismatch),
        ] {
            assert_eq!(told(code, "", "", true).0, kind, "{code}");
        }
    }
}
