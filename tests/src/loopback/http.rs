//! HTTP/1.1 on loopback.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Answer, HangUp, Log, Loopback, Request};

/// What answers.
pub(crate) trait Site: Send + Sync + 'static {
    /// Answers a request, or ends the connection without an answer.
    fn answer(&self, request: &Request) -> impl Future<Output = Result<Answer, HangUp>> + Send;
}

/// A site, its thread, and what it has been asked.
pub(crate) struct HttpServer {
    loopback: Loopback,
    log: Arc<Log>,
}

impl HttpServer {
    /// Starts a site.
    pub(crate) fn start(name: &str, site: Arc<impl Site>) -> Self {
        let log = Arc::new(Log::default());
        let kept = Arc::clone(&log);
        let loopback = Loopback::start(name, move |stream| serve(stream, Arc::clone(&site), Arc::clone(&kept)));
        Self { loopback, log }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.loopback.address())
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    pub(crate) fn stop(&mut self) {
        self.loopback.stop();
    }
}

async fn serve<S: Site>(stream: TcpStream, site: Arc<S>, log: Arc<Log>) {
    let _open = log.connect();
    let service = service_fn(|request| async {
        let request = Request::read(request).await.map_err(|_| HangUp)?;
        log.add(request.clone());
        let answer = site.answer(&request).await?;
        answer.response(Arc::clone(&log))
    });
    // A client that goes away and a fault that breaks off are errors here, and nobody's concern.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Gives a server with the field `http` the methods that tell of it.
macro_rules! http_methods {
    ($server:ident) => {
        impl $server {
            /// Returns `http://127.0.0.1:PORT`.
            pub fn url(&self) -> String {
                self.http.url()
            }

            /// Returns what has been asked, a line for each request: its method and target.
            pub fn requests(&self) -> Vec<String> {
                self.received().iter().map(ToString::to_string).collect()
            }

            /// Returns what has been asked, with headers and bodies.
            pub fn received(&self) -> Vec<Request> {
                self.http.log().requests()
            }

            /// Forgets what has been asked and how much was sent.
            pub fn reset_requests(&self) {
                self.http.log().reset();
            }

            /// Returns how many connections are open.
            pub fn connections(&self) -> usize {
                self.http.log().connections()
            }

            /// Returns how many bytes of bodies clients have been sent.
            pub fn sent(&self) -> u64 {
                self.http.log().sent()
            }
        }
    };
}

pub(crate) use http_methods;
