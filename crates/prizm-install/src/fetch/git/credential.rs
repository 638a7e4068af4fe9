//! Credentials: a token of the environment for one host, or what git's own helpers know.

use std::path::Path;
use std::time::Duration;

use url::Url;

use super::session::Session;
use crate::fetch::web;
use crate::process::{Invocation, Line};
use crate::{Error, ErrorKind};

/// How long a helper may think.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks git without ever asking the user: the question on stdin, ended by an empty line.
const FILL: &str = r#"printf '%s\n' "$1" "$2" '' | exec git credential fill"#;

/// Returns the environment variable that holds the token for where a URL is. No other host has the same
/// one, so that a host whose name could be taken for another's has none.
pub(super) fn variable(url: &Url) -> Option<String> {
    variable_at(url, url.port())
}

fn variable_at(url: &Url, port: Option<u16>) -> Option<String> {
    let host = url.host_str()?;
    let is_plain = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if !host.split('.').all(is_plain) {
        return None;
    }
    let name = host.to_ascii_uppercase().replace('-', "__").replace('.', "_");
    let port = port.map(|port| format!("_{port}")).unwrap_or_default();
    Some(format!("PRIZM_TOKEN_{name}{port}"))
}

/// Finds what to send as `Authorization` to the host of `url`, if anybody knows.
pub(super) fn find(session: &Session, url: &Url) -> Result<Option<String>, Error> {
    let host = url.host_str().unwrap_or_default();
    let token = |name: &str| std::env::var(name).ok().filter(|token| !token.trim().is_empty());
    let own = |port| variable_at(url, port).and_then(|name| token(&name));
    // Whatever listens on this machine is the user's own.
    let own = own(url.port()).or_else(|| web::is_loopback(url).then(|| own(None)).flatten());
    let known = own.or_else(|| (host == "github.com").then(|| token("GITHUB_TOKEN")).flatten());
    if let Some(token) = known {
        // What every forge takes: the token as the password of anybody.
        return Ok(Some(basic("x-access-token", token.trim())));
    }
    helped(session, url)
}

/// Asks git's credential helpers. A machine without git has none.
fn helped(session: &Session, url: &Url) -> Result<Option<String>, Error> {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = format!("host={}{port}", url.host_str().unwrap_or_default());
    let protocol = format!("protocol={}", url.scheme());
    let invocation = Invocation::new(["sh", "-c", FILL, "sh", &protocol, &host], Path::new("/"))
        .set("GIT_TERMINAL_PROMPT", "0")
        .set("GIT_ASKPASS", "true")
        .set("SSH_ASKPASS", "true")
        .set("GCM_INTERACTIVE", "never");
    let (mut user, mut password) = (String::new(), String::new());
    let on_stdout = |line: Line<'_>| {
        let Some(text) = line.whole().and_then(|line| std::str::from_utf8(line).ok()) else { return };
        match text.split_once('=') {
            Some(("username", value)) => value.clone_into(&mut user),
            Some(("password", value)) => value.clone_into(&mut password),
            _ => {}
        }
    };
    let asking = async {
        let running = invocation.start().map_err(|error| error.to_string())?;
        let Ok(running) = running else { return Ok(()) };
        let limit = PATIENCE.min(session.limits().total);
        match tokio::time::timeout(limit, running.wait(on_stdout, |_| {})).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("it had not answered after {limit:?}")),
        }
    };
    tokio::runtime::Handle::current().block_on(asking).map_err(|reason| {
        Error::new(ErrorKind::Fetch, format!("git's credential helper for `{}` failed: {reason}", session.address()))
            .with_hint(match variable(url) {
                Some(name) => format!("set {name} to a token instead"),
                None => "mend it: git config --get-all credential.helper".to_owned(),
            })
    })?;
    Ok((!password.is_empty()).then(|| basic(&user, &password)))
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

/// Takes users and passwords out of the URLs in a text.
pub(crate) fn redact(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace() || c == '"').unwrap_or(after.len());
        match after[..end].rfind('@') {
            Some(at) => {
                shown.push_str("***");
                rest = &after[at..];
            }
            None => rest = after,
        }
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_its_own_variable() {
        let of = |url: &str| variable(&url.parse().unwrap());
        for (url, name) in [
            ("https://github.com/x", "GITHUB_COM"),
            ("https://GitHub.com:443/x", "GITHUB_COM"),
            ("https://git-acme.com", "GIT__ACME_COM"),
            ("https://git.acme.com", "GIT_ACME_COM"),
            ("https://git.acme.com:8443", "GIT_ACME_COM_8443"),
            ("https://xn--bcher-kva.example", "XN____BCHER__KVA_EXAMPLE"),
            ("http://127.0.0.1:3000", "127_0_0_1_3000"),
            ("http://localhost", "LOCALHOST"),
        ] {
            assert_eq!(of(url), Some(format!("PRIZM_TOKEN_{name}")), "{url}");
        }
        for url in ["https://git_acme.com", "https://git..acme.com", "https://git-.acme.com", "https://git.-acme.com"] {
            assert_eq!(of(url), None, "{url}");
        }
        for url in ["https://github.com./x", "https://[a::1]/x"] {
            assert_eq!(of(url), None, "{url}");
        }
    }

    #[test]
    fn no_password_stays_in_a_text() {
        for text in [
            "proxy http://me:hunter2@proxy:80/ failed",
            "https://hunter2@h",
            "a https://x:hunter2@h b http://hunter2@y",
        ] {
            let shown = redact(text);
            assert!(!shown.contains("hunter2") && shown.contains("***@"), "{shown}");
        }
        assert_eq!(redact("http://h/a@b c"), "http://h/a@b c");
    }
}
