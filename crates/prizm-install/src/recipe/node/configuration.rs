//! The user's own configuration of npm, and of Prizm: which registries packages may come from.

use std::path::Path;

use serde_json::Value;
use url::Url;

use crate::npm::{self, Failure};
use crate::{FetchOptions, Reporter};

/// What npm is configured for.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// npm's version.
    pub(super) version: String,
    /// The registries.
    addresses: Vec<Url>,
    /// What npm must be told for the registries to be asked.
    flags: Vec<String>,
}

impl Configuration {
    /// Asks npm. What `[sources]` names stands in place of all registries.
    pub(super) async fn ask(
        options: &FetchOptions,
        directory: &Path,
        reporter: &dyn Reporter,
    ) -> Result<Self, Failure> {
        let prefix = format!("--prefix={}", directory.display());
        let invocation = npm::invocation(["config", "list", &prefix], &options.limits, directory);
        let configuration = npm::json(&invocation, &options.limits, reporter).await?;
        Ok(Self::read(&configuration, options.sources.npm.as_ref()))
    }

    /// Reads what npm prints of its configuration.
    pub(super) fn read(configuration: &Value, mirror: Option<&Url>) -> Self {
        let fields = configuration.as_object().into_iter().flatten();
        let texts = fields.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)));
        let named: Vec<_> = texts.filter(|(key, _)| *key == "registry" || key.ends_with(":registry")).collect();
        let version = configuration.get("npm-version").and_then(Value::as_str).unwrap_or("unknown").to_owned();
        let (addresses, flags) = match mirror {
            Some(mirror) => (vec![mirror.clone()], named.iter().map(|(key, _)| format!("--{key}={mirror}")).collect()),
            None => (named.iter().filter_map(|(_, url)| url.parse().ok()).collect(), Vec::new()),
        };
        Self { version, addresses, flags }
    }

    /// Returns what npm must be told for these registries to be asked.
    pub(super) fn flags(&self) -> &[String] {
        &self.flags
    }

    /// Tells whether an archive is where one of the registries has this version of this package. Of any
    /// other address nobody knows what it holds.
    pub(super) fn serves(&self, archive: &Url, name: &str, version: &str) -> bool {
        let known = self.addresses.iter().any(|address| address.origin() == archive.origin());
        let file = name.rsplit('/').next().unwrap_or(name);
        let is_plain = archive.username().is_empty() && archive.password().is_none() && archive.query().is_none();
        known && is_plain && archive.path().ends_with(&format!("/{name}/-/{file}-{version}.tgz"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(mirror: Option<&str>) -> Configuration {
        let configuration = serde_json::json!({
            "registry": "https://r.example/npm/", "@acme:registry": "http://acme.example:8080", "cache": "/x", "a": 1,
        });
        Configuration::read(&configuration, mirror.map(|url| url.parse().unwrap()).as_ref())
    }

    #[test]
    fn archives_are_known_by_host_name_and_version() {
        let configuration = configured(None);
        let serves = |url: &str, name: &str| configuration.serves(&url.parse().unwrap(), name, "1.0.0");
        assert!(serves("https://r.example/npm/x/-/x-1.0.0.tgz", "x"));
        assert!(serves("https://r.example/x/-/x-1.0.0.tgz", "x"));
        assert!(serves("http://acme.example:8080/@acme/x/-/x-1.0.0.tgz", "@acme/x"));
        for (url, name) in [
            ("http://r.example/npm/x/-/x-1.0.0.tgz", "x"),
            ("https://r.example:444/npm/x/-/x-1.0.0.tgz", "x"),
            ("https://evil.example/npm/x/-/x-1.0.0.tgz", "x"),
            ("https://me@r.example/npm/x/-/x-1.0.0.tgz", "x"),
            ("https://r.example/npm/y/-/y-1.0.0.tgz", "x"),
            ("https://r.example/npm/x/-/x-1.0.1.tgz", "x"),
            ("https://r.example/npm/x/-/x-1.0.0.tgz?x=/x/-/x-1.0.0.tgz", "x"),
            ("https://r.example/npm/@evil/x/-/x-1.0.0.tgz", "@acme/x"),
        ] {
            assert!(!serves(url, name), "{url}");
        }
        assert!(configuration.flags().is_empty());
    }

    #[test]
    fn a_mirror_stands_in_place_of_all() {
        let configuration = configured(Some("http://127.0.0.1:4873/"));
        assert!(configuration.serves(&"http://127.0.0.1:4873/x/-/x-1.0.0.tgz".parse().unwrap(), "x", "1.0.0"));
        assert!(!configuration.serves(&"https://r.example/npm/x/-/x-1.0.0.tgz".parse().unwrap(), "x", "1.0.0"));
        let flags = ["--@acme:registry=http://127.0.0.1:4873/", "--registry=http://127.0.0.1:4873/"];
        assert_eq!(configuration.flags(), flags);
    }
}
