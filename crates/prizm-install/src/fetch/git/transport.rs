//! Git's smart HTTP, as libgit2 wants it spoken: a stream for each of two questions.

use std::io::{self, Read, Write};
use std::sync::{Arc, Once, OnceLock};

use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};

use super::http;
use super::session::Session;
use crate::{Error, ErrorKind};

/// The most bytes of a list of refs: a hundred thousand refs or so.
const MAX_LIST: u64 = 16 * 1024 * 1024;

/// Makes this the only way in which libgit2 speaks HTTP in this process.
pub(super) fn register() -> Result<(), Error> {
    static ONCE: Once = Once::new();
    static FAILED: OnceLock<String> = OnceLock::new();
    ONCE.call_once(|| {
        git2::opts::strict_hash_verification(true);
        git2::opts::strict_object_creation(true);
        for scheme in ["http", "https"] {
            // SAFETY: it must not run at the same time as other registrations, nor while transports are
            // in use; this is the only one in the process, and nobody fetches before it is done.
            let registered =
                unsafe { git2::transport::register(scheme, |remote| Transport::smart(remote, true, Http)) };
            if let Err(error) = registered {
                let _ = FAILED.set(error.message().to_owned());
            }
        }
    });
    match FAILED.get() {
        None => Ok(()),
        Some(reason) => Err(Error::new(ErrorKind::Fetch, format!("git over HTTP cannot be set up: {reason}"))),
    }
}

struct Http;

impl SmartSubtransport for Http {
    fn action(&self, url: &str, action: Service) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let session = Session::current().ok_or_else(|| git2::Error::from_str("nobody fetches on this thread"))?;
        match action {
            Service::UploadPackLs => {
                let listed = list(&session, url).map_err(|error| git2::Error::from_str(&session.fail(error)))?;
                Ok(Box::new(Whole(io::Cursor::new(listed))))
            }
            Service::UploadPack => Ok(Box::new(Exchange {
                session,
                url: format!("{url}/git-upload-pack"),
                asked: Vec::new(),
                answer: None,
            })),
            Service::ReceivePackLs | Service::ReceivePack => Err(git2::Error::from_str("nothing is ever pushed")),
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

/// Asks for the refs. All of the answer is looked at first: libgit2's bindings take names for UTF-8.
fn list(session: &Session, url: &str) -> Result<Vec<u8>, Error> {
    let mut answer = http::ask(session, &format!("{url}/info/refs?service=git-upload-pack"), None)?;
    let mut listed = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = answer.read(&mut buffer).map_err(|error| http::lost(session, &error))?;
        if read == 0 {
            break;
        }
        session.count(read)?;
        listed.extend_from_slice(&buffer[..read]);
        if listed.len() as u64 > MAX_LIST {
            let message = format!("`{}` has more than {MAX_LIST} bytes of refs", session.address());
            return Err(Error::new(ErrorKind::Fetch, message).with_hint("load it from a repository with fewer refs"));
        }
    }
    let broken = |reason: &str| {
        Err(Error::new(ErrorKind::Fetch, format!("`{}` {reason}", session.address()))
            .with_hint("check the URL; it is that of the repository, not of a web page"))
    };
    if !listed.starts_with(b"001e# service=git-upload-pack\n") {
        return broken("does not answer as a git repository");
    }
    if std::str::from_utf8(&listed).is_err() {
        return broken("has a ref whose name is not UTF-8");
    }
    Ok(listed)
}

/// An answer that is all there.
struct Whole(io::Cursor<Vec<u8>>);

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // libgit2 says nothing when it asks for refs.
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A question that is sent when its answer is first read.
struct Exchange {
    session: Arc<Session>,
    url: String,
    asked: Vec<u8>,
    answer: Option<Box<dyn Read + Send>>,
}

impl Exchange {
    fn told(&self, error: Error) -> io::Error {
        io::Error::other(self.session.fail(error))
    }
}

impl Write for Exchange {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.asked.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Exchange {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let answer = match &mut self.answer {
            Some(answer) => answer,
            None => {
                let answer =
                    http::ask(&self.session, &self.url, Some(&self.asked)).map_err(|error| self.told(error))?;
                self.answer.insert(answer)
            }
        };
        match answer.read(buffer) {
            Ok(read) => self.session.count(read).map(|()| read).map_err(|error| self.told(error)),
            Err(error) => Err(self.told(http::lost(&self.session, &error))),
        }
    }
}
