//! Asking a service, from this machine and through its published port, whether it can be used.

use std::io::{ErrorKind, Read as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use prizm_protocol::service::{HttpProbe, Probe};
use serde_json::Value;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};
use url::Url;

use crate::backend::Endpoints;

/// How long a proxy may take to find that nobody listens.
const PROXY: Duration = Duration::from_millis(300);
/// The most of an answer that is read.
const MAX_BODY: u64 = 256 * 1024;

/// Asks once. Says in words why the answer is not good.
pub(crate) async fn ask(probe: Probe<'_>, endpoints: &Endpoints, timeout: Duration) -> Result<(), String> {
    let question = Question::of(probe, endpoints)?;
    let asked = tokio::task::spawn_blocking(move || question.ask(timeout));
    // The thread has its own deadline; this is for one that a resolver holds up.
    match tokio::time::timeout(timeout.saturating_mul(2), asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err("the question could not be asked".to_owned()),
        Err(_) => Err(format!("no answer within {} ms", timeout.as_millis())),
    }
}

/// What is asked of whom, with nothing borrowed.
enum Question {
    Http(Url, HttpProbe),
    Tcp(Vec<(String, Url)>),
}

impl Question {
    fn of(probe: Probe<'_>, endpoints: &Endpoints) -> Result<Self, String> {
        let url = |name: &str| {
            let text = endpoints.get(name).ok_or_else(|| format!("endpoint `{name}` has no address"))?;
            Url::parse(text).map_err(|error| format!("endpoint `{name}` is `{text}`: {error}"))
        };
        Ok(match probe {
            Probe::Http(http) => {
                let at = url(&http.endpoint)?.join(&http.path);
                Self::Http(at.map_err(|error| format!("`{}`: {error}", http.path))?, http.clone())
            }
            Probe::Tcp(name) => Self::Tcp(vec![(name.to_owned(), url(name)?)]),
            Probe::All => {
                let all = endpoints.keys().map(|name| Ok((name.clone(), url(name)?)));
                Self::Tcp(all.collect::<Result<_, String>>()?)
            }
        })
    }

    fn ask(&self, timeout: Duration) -> Result<(), String> {
        match self {
            Self::Http(url, http) => get(url, http, timeout),
            Self::Tcp(all) => all.iter().try_for_each(|(name, url)| connect(name, url, timeout)),
        }
    }
}

fn connect(name: &str, url: &Url, timeout: Duration) -> Result<(), String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().ok_or_else(|| format!("endpoint `{name}` has no port"))?;
    let addresses = (host, port).to_socket_addrs().map_err(|error| format!("`{host}`: {error}"))?;
    let mut last = format!("`{host}` has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => match hangs_up(stream, timeout) {
                false => return Ok(()),
                true => last = format!("endpoint `{name}` at {address} hangs up: nobody listens behind it"),
            },
            Err(error) => last = format!("endpoint `{name}` at {address}: {error}"),
        }
    }
    Err(last)
}

/// Whether a connection ends at once: an engine's proxy takes each one, and only then asks the container.
fn hangs_up(mut stream: TcpStream, timeout: Duration) -> bool {
    let patience = stream.set_read_timeout(Some(timeout.min(PROXY)));
    match patience.and_then(|()| stream.read(&mut [0])) {
        Ok(read) => read == 0,
        Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}

fn get(url: &Url, probe: &HttpProbe, timeout: Duration) -> Result<(), String> {
    let config = Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .timeout_global(Some(timeout))
        // A service is on this machine, or named by the user: no proxy is on the way.
        .proxy(None)
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build());
    let agent = config.build().new_agent();
    let mut answer = agent.get(url.as_str()).call().map_err(|error| format!("GET {url}: {error}"))?;
    let status = answer.status().as_u16();
    let good = match &*probe.status {
        [] => (200..300).contains(&status),
        wanted => wanted.contains(&status),
    };
    let mut body = Vec::new();
    let read = answer.body_mut().as_reader().take(MAX_BODY).read_to_end(&mut body);
    if !good {
        let said: String = String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).take(200).collect();
        return Err(format!("GET {url}: status {status} {said}").trim_end().to_owned());
    }
    read.map_err(|error| format!("GET {url}: {error}"))?;
    if probe.json.is_empty() {
        return Ok(());
    }
    let value: Value = serde_json::from_slice(&body).map_err(|error| format!("GET {url}: no JSON: {error}"))?;
    for (pointer, wanted) in &probe.json {
        let found = value.pointer(pointer);
        if found != Some(wanted) {
            let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
            let found: String = found.chars().take(80).collect();
            return Err(format!("GET {url}: `{pointer}` is {found}, not {wanted}"));
        }
    }
    Ok(())
}
