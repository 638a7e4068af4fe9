//! A package of the registry: its packument and its tarballs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha1::Sha1;
use sha2::{Digest as _, Sha512};

use super::archive;
use crate::loopback::Answer;

/// When everything was published that no test has given a time.
const PUBLISHED: &str = "2020-01-01T00:00:00.000Z";
/// What an abbreviated packument tells of a version.
const INSTALLED: &[&str] = &[
    "name",
    "version",
    "bin",
    "bundleDependencies",
    "cpu",
    "dependencies",
    "deprecated",
    "devDependencies",
    "directories",
    "dist",
    "engines",
    "hasInstallScript",
    "optionalDependencies",
    "os",
    "peerDependencies",
    "peerDependenciesMeta",
];

#[derive(Debug)]
pub(crate) struct Package {
    name: String,
    pub(crate) packument: Value,
    /// By the name of the file.
    tarballs: BTreeMap<String, Vec<u8>>,
    /// The versions in the order in which they were published.
    order: Vec<String>,
}

impl Package {
    pub(crate) fn new(name: &str) -> Self {
        let packument = json!({
            "_id": name,
            "name": name,
            "dist-tags": {},
            "versions": {},
            "time": {"created": PUBLISHED, "modified": PUBLISHED},
        });
        Self { name: name.to_owned(), packument, tarballs: BTreeMap::new(), order: Vec::new() }
    }

    /// Adds a version, or writes over it.
    pub(crate) fn publish(&mut self, registry: &str, version: &str, manifest: Value, tarball: Vec<u8>) {
        let file = self.file(version);
        let mut manifest = match manifest {
            Value::Object(manifest) => manifest,
            _ => Map::new(),
        };
        let runs = |name| manifest.get("scripts").is_some_and(|scripts| scripts.get(name).is_some());
        if ["preinstall", "install", "postinstall"].into_iter().any(runs) {
            manifest.insert("hasInstallScript".to_owned(), true.into());
        }
        manifest.insert("_id".to_owned(), format!("{}@{version}", self.name).into());
        manifest.insert("name".to_owned(), self.name.clone().into());
        manifest.insert("version".to_owned(), version.into());
        let url = format!("{registry}/{}/-/{file}", self.name);
        let (integrity, shasum) = (integrity(&tarball), shasum(&tarball));
        manifest.insert("dist".to_owned(), json!({"tarball": url, "integrity": integrity, "shasum": shasum}));
        self.packument["versions"][version] = Value::Object(manifest);
        self.packument["dist-tags"]["latest"] = version.into();
        self.packument["time"][version] = PUBLISHED.into();
        self.tarballs.insert(file, tarball);
        self.order.retain(|other| other != version);
        self.order.push(version.to_owned());
    }

    pub(crate) fn unpublish(&mut self, version: &str) {
        for key in ["versions", "time"] {
            if let Some(object) = self.packument[key].as_object_mut() {
                object.remove(version);
            }
        }
        self.order.retain(|other| other != version);
        self.tarballs.remove(&self.file(version));
        let Some(tags) = self.packument["dist-tags"].as_object_mut() else { return };
        let latest = tags.get("latest").is_some_and(|latest| latest == version);
        tags.retain(|_, of| of != version);
        if let (true, Some(before)) = (latest, self.order.last()) {
            tags.insert("latest".to_owned(), before.clone().into());
        }
    }

    /// Serves other bytes as a version's tarball.
    pub(crate) fn replace(&mut self, version: &str, bytes: Vec<u8>) {
        let old = self.tarballs.insert(self.file(version), bytes);
        assert!(old.is_some(), "`{}@{version}` has not been published", self.name);
    }

    /// Returns what is told of a version, by its number or by a tag.
    pub(crate) fn version(&self, version: &str) -> Option<Value> {
        let version = self.packument["dist-tags"][version].as_str().unwrap_or(version);
        self.packument["versions"].get(version).cloned()
    }

    /// Returns as much of the packument as an installation needs.
    pub(crate) fn abbreviated(&self) -> Value {
        let mut short = json!({"name": self.packument["name"], "modified": self.packument["time"]["modified"]});
        short["dist-tags"] = self.packument["dist-tags"].clone();
        let versions = self.packument["versions"].as_object().into_iter().flatten();
        let versions: Map<_, _> = versions.map(|(version, manifest)| (version.clone(), abbreviate(manifest))).collect();
        short["versions"] = versions.into();
        short
    }

    pub(crate) fn tarball(&self, file: &str) -> Option<Answer> {
        let mut answer = Answer::new(200, "application/octet-stream", self.tarballs.get(file)?.clone());
        answer.forever = (0, Box::new(archive::endless().map(Bytes::from)));
        Some(answer)
    }

    fn file(&self, version: &str) -> String {
        let base = self.name.rsplit('/').next().unwrap_or_default();
        format!("{base}-{version}.tgz")
    }
}

fn abbreviate(manifest: &Value) -> Value {
    let Some(manifest) = manifest.as_object() else { return manifest.clone() };
    let kept = manifest.iter().filter(|(key, _)| INSTALLED.contains(&key.as_str()));
    Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// Returns the strong integrity of a tarball.
fn integrity(tarball: &[u8]) -> String {
    format!("sha512-{}", STANDARD.encode(Sha512::digest(tarball)))
}

/// Returns the weak integrity of a tarball.
fn shasum(tarball: &[u8]) -> String {
    Sha1::digest(tarball).iter().map(|byte| format!("{byte:02x}")).collect()
}
