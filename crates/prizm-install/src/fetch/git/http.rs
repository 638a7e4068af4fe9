//! Asks a git server over HTTP: with deadlines, through proxies, and never led to another host.

use std::io::{self, Read};

use ureq::http::{Response, StatusCode, header};
use url::Url;

use super::credential;
use super::session::Session;
use crate::fetch::web::{self, MAX_REDIRECTS};
use crate::{Error, ErrorKind};

/// Asks, and returns the body of the answer. `body` is a question to `git-upload-pack`.
pub(super) fn ask(session: &Session, url: &str, body: Option<&[u8]>) -> Result<Box<dyn Read + Send>, Error> {
    let mut url: Url = url.parse().map_err(|error| refused(session, &format!("is no URL: {error}")))?;
    let mut redirects = 0;
    let mut asked_for_credentials = false;
    loop {
        session.admit(&url)?;
        let answer = send(session, &url, body)?;
        let status = answer.status();
        if status.is_redirection() {
            redirects += 1;
            if redirects > MAX_REDIRECTS {
                return Err(refused(session, &format!("redirects more than {MAX_REDIRECTS} times")));
            }
            url = redirected(session, &url, &answer)?;
            continue;
        }
        if status == StatusCode::UNAUTHORIZED && !asked_for_credentials {
            asked_for_credentials = true;
            if let Some(authorization) = credential::find(session, &url)? {
                session.authorize(&url, authorization);
                continue;
            }
        }
        return match status.is_success() {
            true => Ok(Box::new(answer.into_body().into_reader())),
            false => Err(failed(session, &url, &answer)),
        };
    }
}

/// The server stopped in the middle.
pub(super) fn lost(session: &Session, error: &io::Error) -> Error {
    if let Err(error) = session.left() {
        return error;
    }
    let reason = match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        Some(error) => reason(session, error),
        None if error.kind() == io::ErrorKind::TimedOut => silent(session),
        None => error.to_string(),
    };
    Error::new(ErrorKind::Fetch, format!("`{}` stopped in the middle: {reason}", session.address()))
        .with_hint("try again, or look into the network")
}

fn send(session: &Session, url: &Url, body: Option<&[u8]>) -> Result<Response<ureq::Body>, Error> {
    let agent = web::agent(session.limits(), session.left()?, url);
    let authorization = session.authorization(url);
    let sent = match body {
        None => {
            let mut request = agent.get(url.as_str());
            if let Some(authorization) = &authorization {
                request = request.header(header::AUTHORIZATION, authorization);
            }
            request.call()
        }
        Some(body) => {
            let mut request = agent.post(url.as_str());
            if let Some(authorization) = &authorization {
                request = request.header(header::AUTHORIZATION, authorization);
            }
            request
                .header(header::CONTENT_TYPE, "application/x-git-upload-pack-request")
                .header(header::ACCEPT, "application/x-git-upload-pack-result")
                .send(body)
        }
    };
    sent.map_err(|error| {
        if let Err(error) = session.left() {
            return error;
        }
        Error::new(ErrorKind::Fetch, format!("`{}` cannot be asked: {}", session.address(), reason(session, &error)))
            .with_hint("check the network, the URL and the proxy")
    })
}

fn reason(session: &Session, error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => silent(session),
        // A proxy's URL may hold a password, and some errors print it.
        error => credential::redact(&error.to_string()),
    }
}

fn silent(session: &Session) -> String {
    format!("nothing came for {:?}", session.limits().stall)
}

fn redirected(session: &Session, from: &Url, answer: &Response<ureq::Body>) -> Result<Url, Error> {
    let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let to = from.join(location).map_err(|_| refused(session, "redirects to what is no URL"))?;
    let downgraded = from.scheme() == "https" && to.scheme() != "https";
    if to.host_str() != from.host_str() || to.port_or_known_default() != from.port_or_known_default() || downgraded {
        let shown = format!("{}://{}", to.scheme(), to.host_str().unwrap_or_default());
        return Err(refused(session, &format!("redirects to another host, `{shown}`"))
            .with_hint("if that is where it is now, name it by its new URL"));
    }
    Ok(to)
}

fn failed(session: &Session, url: &Url, answer: &Response<ureq::Body>) -> Error {
    let status = answer.status();
    let private = match credential::variable(url) {
        Some(name) => format!("if it is private, set {name} to a token, or let git's credential helper know one"),
        None => "if it is private, let git's credential helper know a token".to_owned(),
    };
    let found = session.authorization(url).is_some();
    let (kind, what, hint) = match status.as_u16() {
        401 | 403 if found => (ErrorKind::Fetch, "refuses the credentials that it was given".to_owned(), private),
        401 | 403 => (ErrorKind::Fetch, "wants credentials".to_owned(), private),
        404 | 410 => {
            (ErrorKind::Source, "does not exist, or is private".to_owned(), format!("check the spelling; {private}"))
        }
        429 => {
            let after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
            let after = after.filter(|after| after.chars().all(|c| c.is_ascii_alphanumeric() || " ,:".contains(c)));
            let when = after.map_or("later".to_owned(), |after| format!("after {after} (s, or the time)"));
            (ErrorKind::Fetch, "has been asked too often".to_owned(), format!("try again {when}"))
        }
        500.. => (ErrorKind::Fetch, format!("is broken: it answers {status}"), "try again later".to_owned()),
        _ => (ErrorKind::Fetch, format!("answers {status}"), "check the URL".to_owned()),
    };
    Error::new(kind, format!("`{}` {what}", session.address())).with_hint(hint)
}

fn refused(session: &Session, what: &str) -> Error {
    Error::new(ErrorKind::Fetch, format!("`{}` {what}", session.address())).with_hint("check the URL")
}
