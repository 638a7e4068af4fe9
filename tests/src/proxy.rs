//! An HTTP proxy on loopback that writes down what passes, to prove that a client goes through it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

use crate::loopback::{Log, Loopback, Request, basic};

/// The most bytes that the head of a request may have.
const HEAD: usize = 64 * 1024;

/// A proxy for `http:` and, with CONNECT, for everything else. It reaches servers on loopback, under
/// their address or under a name that [`route`](Self::route) gives them, and nothing else.
pub struct Proxy {
    loopback: Loopback,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    log: Arc<Log>,
    /// Names and ports that stand for an address.
    routes: Mutex<Vec<(String, String)>>,
    /// The only `Proxy-Authorization` that may pass.
    password: Mutex<Option<String>>,
}

impl Proxy {
    /// Starts one that anybody may use.
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let kept = Arc::clone(&shared);
        let loopback = Loopback::start("proxy", move |stream| serve(stream, Arc::clone(&kept)));
        Self { loopback, shared }
    }

    /// Returns `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.loopback.address())
    }

    /// Sends what is meant for `host` (`git.example`, or `git.example:8080`) to a server's URL.
    ///
    /// # Panics
    /// The URL is none of `http:`.
    pub fn route(&self, host: &str, url: &str) {
        let address = url.strip_prefix("http://").expect("the URL of a server on loopback").trim_end_matches('/');
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        self.shared.routes.lock().unwrap_or_else(PoisonError::into_inner).push((host, address.to_owned()));
    }

    /// Refuses everybody else from now on.
    pub fn require(&self, user: &str, password: &str) {
        *self.shared.password.lock().unwrap_or_else(PoisonError::into_inner) = Some(basic(user, password));
    }

    /// Returns what has been asked, a line for each request: `GET http://git.example/…`, `CONNECT git.example:443`.
    pub fn requests(&self) -> Vec<String> {
        self.received().iter().map(ToString::to_string).collect()
    }

    /// Returns what has been asked, with headers; bodies are not kept.
    pub fn received(&self) -> Vec<Request> {
        self.shared.log.requests()
    }

    /// Forgets what has been asked.
    pub fn reset_requests(&self) {
        self.shared.log.reset();
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Either side may go away when it likes.
    let _ = pass(stream, &shared).await;
}

/// Passes one request on, with all that follows on its connection.
async fn pass(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    let Some((head, rest)) = read_head(&mut client).await? else { return Ok(()) };
    let Some(request) = parse(&head) else { return refuse(&mut client, "400 Bad Request", "").await };
    shared.log.add(request.clone());
    if !shared.admits(&request) {
        return refuse(&mut client, "407 Proxy Authentication Required", CHALLENGE).await;
    }
    let Some((address, path)) = shared.target(&request) else {
        return refuse(&mut client, "502 Bad Gateway", "").await;
    };
    let Ok(mut server) = TcpStream::connect(&address).await else {
        return refuse(&mut client, "502 Bad Gateway", "").await;
    };
    match path {
        Some(path) => server.write_all(forwarded(&request, &path).as_bytes()).await?,
        None => client.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await?,
    }
    server.write_all(&rest).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

const CHALLENGE: &str = "Proxy-Authenticate: Basic realm=\"loopback\"\r\n";

async fn refuse(client: &mut TcpStream, status: &str, header: &str) -> io::Result<()> {
    let answer = format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n");
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await
}

/// Reads a request's head, and what came with it. A client that says nothing has none.
async fn read_head(client: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = read.split_off(end + 4);
            return Ok(Some((String::from_utf8_lossy(&read[..end]).into_owned(), rest)));
        }
        if read.len() > HEAD || client.read_buf(&mut read).await? == 0 {
            return Ok(None);
        }
    }
}

fn parse(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    Some(Request { method, target, headers: lines.filter_map(header).collect(), body: Bytes::new() })
}

/// Returns the head for the server: that of the client, without what was meant for the proxy. The
/// connection ends after the answer, so that no request passes unseen.
fn forwarded(request: &Request, path: &str) -> String {
    let mut head = format!("{} {path} HTTP/1.1\r\n", request.method);
    for (name, value) in &request.headers {
        if name != "connection" && !name.starts_with("proxy-") {
            head += &format!("{name}: {value}\r\n");
        }
    }
    head + "connection: close\r\n\r\n"
}

impl Shared {
    fn admits(&self, request: &Request) -> bool {
        let password = self.password.lock().unwrap_or_else(PoisonError::into_inner);
        password.as_deref().is_none_or(|password| request.header("proxy-authorization") == Some(password))
    }

    /// Returns the address to connect to and the path to ask for, which a tunnel has not.
    fn target(&self, request: &Request) -> Option<(String, Option<String>)> {
        let (host, path) = match request.target.strip_prefix("http://") {
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (host, Some(if path.is_empty() { "/" } else { path }.to_owned()))
            }
            None if request.method == "CONNECT" => (request.target.as_str(), None),
            None => return None,
        };
        let host = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        let routed = routes.iter().find(|(name, _)| *name == host).map(|(_, address)| address.clone());
        let name = host.rsplit_once(':')?.0;
        let near = matches!(name, "127.0.0.1" | "localhost" | "[::1]").then(|| host.clone());
        Some((routed.or(near)?, path))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::time::Duration;

    use super::*;
    use crate::GitServer;
    use crate::git_server::command;

    /// Lists the refs of a repository through a proxy, as its environment tells git.
    fn list(proxy: &str, url: &str) -> Result<String, String> {
        let mut git = command(std::path::Path::new("/"), ["ls-remote", url]);
        let output = git.env("http_proxy", proxy).output().expect("git runs");
        let text = |bytes| String::from_utf8(bytes).expect("git prints UTF-8");
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }

    #[test]
    fn git_goes_through_it() {
        let (proxy, server) = (Proxy::start(), GitServer::start());
        let commit = server.repository("acme/echo").commit("main", &[("a", "1")]);
        proxy.route("git.example", &server.url());
        for url in ["http://git.example".to_owned(), server.url()] {
            proxy.reset_requests();
            server.reset_requests();
            let listed = list(&proxy.url(), &format!("{url}/acme/echo")).expect("the proxy passes it on");
            assert!(listed.starts_with(&commit), "{listed}");
            let refs = "/acme/echo/info/refs?service=git-upload-pack";
            assert_eq!(proxy.requests()[0], format!("GET {url}{refs}"));
            assert_eq!(proxy.requests().len(), server.requests().len(), "nothing passes unseen");
            assert!(server.received()[0].header("proxy-connection").is_none());
        }
        let said = list(&proxy.url(), "http://elsewhere.example/acme/echo").expect_err("it goes nowhere else");
        assert!(said.contains("502"), "{said}");
    }

    #[test]
    fn it_can_be_for_some_only() {
        let (proxy, server) = (Proxy::start(), GitServer::start());
        server.repository("acme/echo").commit("main", &[("a", "1")]);
        proxy.require("ann", "s3cret");
        let url = format!("{}/acme/echo", server.url());
        let said = list(&proxy.url(), &url).expect_err("it asks for a password");
        assert!(said.contains("407") && server.requests().is_empty(), "{said}");
        list(&proxy.url().replace("http://", "http://ann:s3cret@"), &url).expect("it has the password");
        let received = proxy.received();
        assert_eq!(received.last().and_then(|last| last.header("proxy-authorization")), Some("Basic YW5uOnMzY3JldA=="));
        assert_eq!(server.received()[0].header("proxy-authorization"), None);
    }

    #[test]
    fn a_tunnel_leads_where_it_is_routed() {
        let (proxy, server) = (Proxy::start(), GitServer::start());
        server.repository("acme/echo").commit("main", &[("a", "1")]);
        proxy.route("git.example:443", &server.url());
        let mut stream = std::net::TcpStream::connect(proxy.url().trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(b"CONNECT git.example:443 HTTP/1.1\r\nhost: git.example:443\r\n\r\n").unwrap();
        let mut established = [0; 39];
        stream.read_exact(&mut established).unwrap();
        assert_eq!(&established, b"HTTP/1.1 200 Connection Established\r\n\r\n");
        stream.write_all(b"GET /acme/echo/HEAD HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("ref: refs/heads/main\n"), "{answer}");
        assert_eq!(proxy.requests(), ["CONNECT git.example:443"]);
    }
}
