//! Servers on loopback. Each has an operating system thread and a runtime of its own, and so answers
//! whatever the code under test does to its threads; its end is the end of all that it has started.

mod answer;
mod fault;
mod http;
mod request;
#[cfg(test)]
pub(crate) mod testing;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub(crate) use answer::{Answer, HangUp};
pub use fault::{Fault, Part, Rule};
pub(crate) use fault::{Rules, basic};
pub(crate) use http::{HttpServer, Site, http_methods};
pub use request::Request;
pub(crate) use request::{Log, decoded};

/// A thread that accepts connections until it is dropped.
pub(crate) struct Loopback {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Listens on a free port and hands each connection to `handle`.
    pub(crate) fn start<H, F>(name: &str, handle: H) -> Self
    where
        H: Fn(TcpStream) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port on loopback");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("the address of a listener");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (stop, stopped) = oneshot::channel();
        let run = move || runtime.block_on(accept(listener, handle, stopped));
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run).expect("a thread for a server");
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    /// Returns where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends every connection and waits for the end of the thread.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(!matches!(ended, Some(Err(_))) || std::thread::panicking(), "a server on loopback panicked");
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn accept<H, F>(listener: TcpListener, handle: H, mut stopped: oneshot::Receiver<()>)
where
    H: Fn(TcpStream) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener in the runtime");
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => {
                // What the kernel says of a connection that is gone already is nothing to this server.
                if let Ok((stream, _)) = accepted {
                    connections.spawn(handle(stream));
                }
            }
            Some(ended) = connections.join_next() => ended.expect("a connection is served without a panic"),
        }
    }
    drop(listener);
    connections.shutdown().await;
}
