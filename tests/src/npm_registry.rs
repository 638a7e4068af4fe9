//! An npm registry that does what a test says, for the real npm and for whoever speaks like it.

mod archive;
mod gzip;
mod package;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use archive::{Archive, Header};
use package::Package;

use crate::loopback::{Answer, HangUp, HttpServer, Part, Request, Rule, Rules, Site, decoded, http_methods};

/// What a client accepts that wants no more than an installation needs.
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";

/// A registry on loopback, with the packages of one test. It is gone when it is dropped.
pub struct NpmRegistry {
    http: HttpServer,
    site: Arc<NpmSite>,
}

http_methods!(NpmRegistry);

impl NpmRegistry {
    /// Starts one without packages.
    pub fn start() -> Self {
        let site = Arc::new(NpmSite::default());
        Self { http: HttpServer::start("npm-registry", Arc::clone(&site)), site }
    }

    /// Publishes a version with these files and tags it `latest`. Without a `package.json` it gets one;
    /// what is in it is also in the packument, as when npm publishes.
    pub fn publish(&self, name: &str, version: &str, files: &[(&str, &str)]) {
        let mut files = files.to_vec();
        let generated = format!("{:#}\n", json!({"name": name, "version": version}));
        if !files.iter().any(|(path, _)| *path == "package.json") {
            files.insert(0, ("package.json", &generated));
        }
        let text = files.iter().find(|(path, _)| *path == "package.json").map_or("", |(_, text)| text);
        let manifest = serde_json::from_str(text).unwrap_or_default();
        let archive =
            files.iter().fold(Archive::new(), |archive, (path, text)| archive.file(format!("package/{path}"), text));
        self.add(name, version, manifest, archive.gzip());
    }

    /// Publishes a version whose tarball has these bytes, whatever they are, and tags it `latest`.
    pub fn publish_tarball(&self, name: &str, version: &str, bytes: impl Into<Vec<u8>>) {
        self.add(name, version, Value::Null, bytes.into());
    }

    fn add(&self, name: &str, version: &str, manifest: Value, tarball: Vec<u8>) {
        let mut packages = self.site.packages();
        let package = packages.entry(name.to_owned()).or_insert_with(|| Package::new(name));
        package.publish(&self.url(), version, manifest, tarball);
    }

    /// Moves or adds a dist-tag.
    ///
    /// # Panics
    /// There is no such package.
    pub fn tag(&self, name: &str, tag: &str, version: &str) {
        self.edit(name, |packument| packument["dist-tags"][tag] = version.into());
    }

    /// Removes a version, its tarball and the tags that lead to it; `latest` moves to the version that
    /// was published before.
    ///
    /// # Panics
    /// There is no such package.
    pub fn unpublish(&self, name: &str, version: &str) {
        self.with(name, |package| package.unpublish(version));
    }

    /// Sets when a version was published, as RFC 3339 writes it.
    ///
    /// # Panics
    /// There is no such package.
    pub fn time(&self, name: &str, version: &str, time: &str) {
        self.edit(name, |packument| packument["time"][version] = time.into());
    }

    /// Changes the packument: what it says of a version's `dist`, its name, anything.
    ///
    /// # Panics
    /// There is no such package.
    pub fn edit(&self, name: &str, edit: impl FnOnce(&mut Value)) {
        self.with(name, |package| edit(&mut package.packument));
    }

    /// Changes what the packument says of a version.
    ///
    /// # Panics
    /// There is no such package.
    pub fn edit_version(&self, name: &str, version: &str, edit: impl FnOnce(&mut Value)) {
        self.edit(name, |packument| edit(&mut packument["versions"][version]));
    }

    /// Serves other bytes as a version's tarball, without a word of it in the packument.
    ///
    /// # Panics
    /// There is no such package.
    pub fn replace_tarball(&self, name: &str, version: &str, bytes: impl Into<Vec<u8>>) {
        self.with(name, |package| package.replace(version, bytes.into()));
    }

    /// Returns a version's integrity, as the packument states it.
    ///
    /// # Panics
    /// It states none.
    pub fn integrity(&self, name: &str, version: &str) -> String {
        self.with(name, |package| {
            let integrity = package.packument["versions"][version]["dist"]["integrity"].as_str();
            integrity.unwrap_or_else(|| panic!("`{name}@{version}` has no integrity")).to_owned()
        })
    }

    /// Lets a fault befall the requests for a package, or for all of them, `*`. Several faults add up.
    pub fn fault(&self, name: &str, fault: impl Into<Rule>) {
        self.site.rules.add(name, fault.into());
    }

    /// Ends every fault. What was edited stays.
    pub fn clear_faults(&self) {
        self.site.rules.clear();
    }

    fn with<T>(&self, name: &str, act: impl FnOnce(&mut Package) -> T) -> T {
        let mut packages = self.site.packages();
        act(packages.get_mut(name).unwrap_or_else(|| panic!("`{name}` has not been published")))
    }
}

#[derive(Default)]
struct NpmSite {
    packages: Mutex<BTreeMap<String, Package>>,
    rules: Rules,
}

impl Site for NpmSite {
    async fn answer(&self, request: &Request) -> Result<Answer, HangUp> {
        let path = decoded(request.path_and_query().0);
        let (name, rest) = split(&path);
        let part = if rest.starts_with("-/") { Part::Payload } else { Part::Index };
        let faults = self.rules.befall(name, part);
        for fault in &faults {
            if let Some(instead) = fault.instead(request, &request.target).await? {
                return Ok(instead);
            }
        }
        let mut answer = self.truth(request, name, rest);
        if answer.status == 200 {
            faults.iter().for_each(|fault| answer.suffer(fault));
        }
        Ok(answer)
    }
}

impl NpmSite {
    fn packages(&self) -> MutexGuard<'_, BTreeMap<String, Package>> {
        self.packages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn truth(&self, request: &Request, name: &str, rest: &str) -> Answer {
        if name == "-" {
            return service(&request.method, rest);
        }
        let packages = self.packages();
        let Some(package) = packages.get(name).filter(|_| request.method == "GET") else { return not_found() };
        if let Some(file) = rest.strip_prefix("-/") {
            return package.tarball(file).unwrap_or_else(not_found);
        }
        if !rest.is_empty() {
            return package.version(rest).map_or_else(not_found, |version| document("application/json", &version));
        }
        let accepts = request.header("accept").unwrap_or_default();
        if accepts.contains(ABBREVIATED) {
            return document(ABBREVIATED, &package.abbreviated());
        }
        document("application/json", &package.packument)
    }
}

/// Splits `/@scope/name/-/file` into the package and what is asked of it.
fn split(path: &str) -> (&str, &str) {
    let path = path.trim_start_matches('/');
    let segments = if path.starts_with('@') { 2 } else { 1 };
    let end = path.match_indices('/').nth(segments - 1).map(|(at, _)| at);
    end.map_or((path, ""), |at| (&path[..at], &path[at + 1..]))
}

/// Answers what npm asks of a registry beside packages: whether it is there, what is known to be bad.
fn service(method: &str, rest: &str) -> Answer {
    match (method, rest) {
        ("GET", "ping") | ("POST", "npm/v1/security/advisories/bulk") => document("application/json", &json!({})),
        _ => not_found(),
    }
}

fn not_found() -> Answer {
    Answer::new(404, "application/json", "{\"error\":\"Not found\"}")
}

fn document(mime: &str, value: &Value) -> Answer {
    Answer::new(200, mime, value.to_string())
}
