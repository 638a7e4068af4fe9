//! What everything that is fetched over HTTP has in common: deadlines, proxies, and where one may go.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::header;
use ureq::tls::{RootCerts, TlsConfig};
use url::{Host, Url};

use super::work::{self, MayGoOn};
use super::{FetchOptions, Limits, Sources};
use crate::error::quoted;
use crate::{Error, ErrorKind, Reporter};

pub(super) const MAX_REDIRECTS: usize = 5;

/// Makes an agent for one request to `url` that must end within `left`. It follows no redirect by itself.
pub(super) fn agent(limits: Limits, left: Duration, url: &Url) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_global(Some(left))
        .timeout_connect(Some(limits.stall))
        .timeout_per_read(Some(limits.stall))
        .timeout_per_write(Some(limits.stall))
        // Many servers of git look at the name before they speak its protocol.
        .user_agent(concat!("git/2.0 (prizm ", env!("CARGO_PKG_VERSION"), ")"))
        .tls_config(tls);
    // A proxy's loopback is another's, and what is here is nobody's business.
    let config = if is_loopback(url) { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// Tells whether a URL is of this machine's loopback.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Checks that a URL is one that may be spoken to: https, or plain http where nobody is on the way.
pub(super) fn admit(url: &Url, sources: &Sources, remedy: &str) -> Result<(), Error> {
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) || sources.plain_http.contains(host) => Ok(()),
        "http" => {
            let message = format!("`{}` is plain http, which anybody on the way can change", bare(url));
            Err(Error::new(ErrorKind::Policy, message)
                .with_hint(format!("use https, or add `plainHttp = [\"{host}\"]` under [sources] in config.toml")))
        }
        scheme => Err(Error::new(ErrorKind::Policy, format!("`{scheme}:` is not spoken")).with_hint(remedy)),
    }
}

/// A URL without what may be secret: user, password and query.
pub(super) fn bare(url: &Url) -> String {
    let mut url = url.clone();
    // They fail on URLs that cannot have them.
    let _ = (url.set_username(""), url.set_password(None));
    url.set_query(None);
    url.to_string()
}

/// Downloads a file whose content is checked afterwards, so that redirects to other hosts do no harm.
pub(crate) async fn download(
    url: &str,
    into: &Path,
    options: &FetchOptions,
    reporter: &dyn Reporter,
) -> Result<(), Error> {
    let address: Url = url.parse().map_err(|error| {
        let shown = super::git::redact(url).chars().take(200).collect::<String>();
        Error::new(ErrorKind::Manifest, format!("`{}` is no URL: {error}", shown.escape_debug()))
            .with_hint("its author must correct `url` in `prizm.toml`")
    })?;
    // Its user and its query may be secrets.
    let shown = bare(&address);
    if options.offline {
        return Err(Error::new(ErrorKind::Offline, format!("`{shown}` is not in the store, and the network is off"))
            .with_hint("load it once without --offline and --frozen"));
    }
    reporter.stage("dependencies", &shown);
    reporter.progress(0, None);
    let (into, options) = (into.to_owned(), options.clone());
    work::blocking(options.limits, move |may_go_on| transfer(address, &into, &options, may_go_on)).await
}

fn transfer(mut url: Url, into: &Path, options: &FetchOptions, may_go_on: MayGoOn<'_>) -> Result<(), Error> {
    let failed = |url: &Url, reason: &str| {
        Error::new(ErrorKind::Fetch, format!("`{}` cannot be downloaded: {reason}", bare(url)))
            .with_hint("check the network, the URL and the proxy")
    };
    let deadline = Instant::now() + options.limits.total;
    for _ in 0..=MAX_REDIRECTS {
        admit(&url, &options.sources, "name it by an https URL")?;
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let answer = agent(options.limits, left, &url).get(url.as_str()).call();
        let answer = answer.map_err(|error| failed(&url, &super::git::redact(&error.to_string())))?;
        let status = answer.status();
        if status.is_redirection() {
            let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            url = next.ok_or_else(|| failed(&url, "it redirects to what is no URL"))?;
            continue;
        }
        if !status.is_success() {
            return Err(failed(&url, &format!("it answers {status}")));
        }
        let body = Checked { inner: answer.into_body().into_reader(), may_go_on };
        return save(body, into, options.limits).map_err(|reason| failed(&url, &reason));
    }
    Err(failed(&url, &format!("it redirects more than {MAX_REDIRECTS} times")))
}

/// Ends with an error when whoever wanted it has gone.
struct Checked<'a, R> {
    inner: R,
    may_go_on: MayGoOn<'a>,
}

impl<R: Read> Read for Checked<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (self.may_go_on)().map_err(io::Error::other)?;
        self.inner.read(buffer)
    }
}

fn save(body: impl Read, into: &Path, limits: Limits) -> Result<(), String> {
    let write = || -> io::Result<u64> {
        if let Some(parent) = into.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create(into)?;
        let copied = io::copy(&mut body.take(limits.bytes + 1), &mut file)?;
        file.flush()?;
        Ok(copied)
    };
    match write() {
        Ok(copied) if copied > limits.bytes => Err(format!("it is larger than {} bytes", limits.bytes)),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{} was not written: {error}", quoted(into))),
    }
}
