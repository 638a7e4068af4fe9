//! A git server that does what a test says: the real `git http-backend` behind HTTP on loopback.

mod bomb;
mod cgi;
mod command;
mod endless;
mod entry;
mod lie;
mod object;
mod packet;
mod repository;
#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;

pub use bomb::{BASE, add_bomb};
#[cfg(test)]
pub(crate) use command::command;
pub use entry::{Entry, lfs_pointer};
pub use lie::Lie;
pub use object::ObjectFormat;
pub use repository::Repository;

use crate::loopback::{Answer, HangUp, HttpServer, Part, Request, Rule, Rules, Site, decoded, http_methods};

/// A git server on loopback, with the repositories of one test. It is gone when it is dropped.
pub struct GitServer {
    http: HttpServer,
    site: Arc<GitSite>,
    root: TempDir,
}

http_methods!(GitServer);

impl GitServer {
    /// Starts one without repositories.
    ///
    /// # Panics
    /// There is no room for it, or no git.
    pub fn start() -> Self {
        let root = tempfile::Builder::new().prefix("prizm-git-").tempdir().expect("a directory for the repositories");
        let site = Arc::new(GitSite { root: root.path().to_owned(), rules: Rules::default(), lies: Mutex::default() });
        Self { http: HttpServer::start("git-server", Arc::clone(&site)), site, root }
    }

    /// Returns the repository `acme/echo`, with or without `.git`, made empty if it is not there. It is
    /// served under both names.
    ///
    /// # Panics
    /// Git cannot make it.
    pub fn repository(&self, path: &str) -> Repository {
        self.repository_in(path, ObjectFormat::Sha1)
    }

    /// Returns a repository whose objects have ids of this format.
    ///
    /// # Panics
    /// Git cannot make it.
    pub fn repository_in(&self, path: &str, format: ObjectFormat) -> Repository {
        let path = format!("{}.git", name_of(path));
        Repository::make(self.root.path().join(&path), format!("{}/{path}", self.url()), format)
    }

    /// Lets a fault befall the requests for a repository, or for all of them, `*`. Several faults add up.
    pub fn fault(&self, repository: &str, fault: impl Into<Rule>) {
        self.site.rules.add(&name_of(repository), fault.into());
    }

    /// Lets the server lie about a repository.
    pub fn lie(&self, repository: &str, lie: Lie) {
        self.site.lies.lock().unwrap_or_else(PoisonError::into_inner).push((name_of(repository), lie));
    }

    /// Ends every fault and every lie.
    pub fn clear_faults(&self) {
        self.site.rules.clear();
        self.site.lies.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        // Nothing may run in a directory that is about to go.
        self.http.stop();
    }
}

fn name_of(path: &str) -> String {
    let path = path.trim_matches('/');
    path.strip_suffix(".git").unwrap_or(path).to_owned()
}

struct GitSite {
    root: PathBuf,
    rules: Rules,
    lies: Mutex<Vec<(String, Lie)>>,
}

impl Site for GitSite {
    async fn answer(&self, request: &Request) -> Result<Answer, HangUp> {
        let (path, query) = request.path_and_query();
        let path = decoded(path);
        let (repository, inside) = split(&path);
        let body = plain(request);
        let part = if inside == "/git-upload-pack" && !lists(&body) { Part::Payload } else { Part::Index };
        let name = name_of(repository);
        let faults = self.rules.befall(&name, part);
        let rest = if query.is_empty() { inside.to_owned() } else { format!("{inside}?{query}") };
        for fault in &faults {
            if let Some(instead) = fault.instead(request, &rest).await? {
                return Ok(instead);
            }
        }
        let mut answer = self.truth(request, &name, inside, body, part).await?;
        for fault in &faults {
            answer.suffer(fault);
        }
        Ok(answer)
    }
}

impl GitSite {
    /// Returns what git answers, as far as the server does not lie.
    async fn truth(
        &self,
        request: &Request,
        name: &str,
        inside: &str,
        mut body: Vec<u8>,
        part: Part,
    ) -> Result<Answer, HangUp> {
        let lies = self.lies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lies: Vec<_> = lies.into_iter().filter(|(of, _)| of == name).map(|(_, lie)| lie).collect();
        let directory = self.root.join(format!("{name}.git"));
        for lie in &lies {
            lie.twist_request(&mut body, |name| repository::resolve(&directory, name));
        }
        let call = cgi::Call {
            method: &request.method,
            path: &format!("/{name}.git{inside}"),
            query: request.path_and_query().1,
            mime: request.header("content-type").unwrap_or_default(),
            protocol: request.header("git-protocol").unwrap_or_default(),
            body: &body,
        };
        let mut answer = cgi::backend(&self.root, &call).await.map_err(|_| HangUp)?;
        if answer.status == 200 {
            lies.iter().for_each(|lie| lie.twist(part, &mut answer));
            find_payload(&mut answer, part, &directory);
        }
        Ok(answer)
    }
}

/// Splits a path into that of the repository and what is asked of it.
fn split(path: &str) -> (&str, &str) {
    const INSIDE: [&str; 5] = ["/info/refs", "/git-upload-pack", "/git-receive-pack", "/HEAD", "/objects/"];
    let found = INSIDE.iter().filter_map(|inside| path.find(inside)).min();
    path.split_at(found.unwrap_or(path.len()))
}

/// Returns the body of a request as it was before its client compressed it.
fn plain(request: &Request) -> Vec<u8> {
    let mut plain = Vec::new();
    match request.header("content-encoding") {
        Some("gzip" | "x-gzip") => {
            let read = flate2::read::GzDecoder::new(&*request.body).read_to_end(&mut plain);
            read.map_or_else(|_| request.body.to_vec(), |_| plain)
        }
        _ => request.body.to_vec(),
    }
}

/// Tells whether a client asks for the list of refs, as the second version of the protocol does it.
fn lists(body: &[u8]) -> bool {
    body.get(4..).is_some_and(|line| line.starts_with(b"command=ls-refs"))
}

/// Finds what faults are about: the pack, or the list of refs.
fn find_payload(answer: &mut Answer, part: Part, directory: &Path) {
    if part == Part::Index {
        let end = packet::packets(&answer.bytes).last().map_or(0, |flush| flush.start);
        answer.payload = std::iter::once(0..answer.bytes.len()).collect();
        let head = repository::resolve(directory, "HEAD").unwrap_or_else(|| "1".repeat(40));
        answer.forever = (end, Box::new(endless::refs(head)));
        return;
    }
    answer.payload.clear();
    if let Some(pack) = packet::find_pack(&answer.bytes) {
        answer.payload = pack.ranges;
        answer.forever = (pack.start, Box::new(endless::pack(pack.banded)));
    }
}
