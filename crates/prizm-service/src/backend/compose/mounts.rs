//! Mounts as Compose files write them, in two forms.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::paths::own;

/// A mount of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    kind: Kind,
    target: String,
    read_only: bool,
    /// How a volume or a tmpfs is made.
    details: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A path of this machine.
    Bind(String),
    /// A volume of the file, or one without a name.
    Volume(Option<String>),
    Tmpfs,
}

impl Kind {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Bind(_) => "bind",
            Self::Volume(_) => "volume",
            Self::Tmpfs => "tmpfs",
        }
    }
}

impl Mount {
    /// Reads one; none where it is neither a bind, a volume nor a tmpfs.
    pub(super) fn read(mount: &Value) -> Option<Self> {
        if let Some(text) = mount.as_str() {
            return Self::of_text(text);
        }
        let text = |key: &str| mount.get(key).and_then(Value::as_str).map(str::to_owned);
        let source = text("source").filter(|source| !source.is_empty());
        let (kind, known): (_, &[&str]) = match &*text("type")? {
            "bind" => (Kind::Bind(source?), &[]),
            "volume" => (Kind::Volume(source), &["nocopy", "subpath"]),
            "tmpfs" => (Kind::Tmpfs, &["size", "mode"]),
            _ => return None,
        };
        let details = mount.get(kind.as_str()).and_then(Value::as_object).into_iter().flatten();
        let details = details.filter(|(key, _)| known.contains(&key.as_str()));
        let details = details.map(|(key, value)| (key.clone(), value.clone())).collect();
        let read_only = mount.get("read_only").and_then(Value::as_bool).unwrap_or_default();
        Some(Self { kind, target: text("target")?, read_only, details })
    }

    /// `TARGET`, `SOURCE:TARGET` or `SOURCE:TARGET:MODES`.
    fn of_text(text: &str) -> Option<Self> {
        let parts: Vec<_> = text.split(':').collect();
        let (source, target, modes) = match parts[..] {
            [target] => (None, target, ""),
            [source, target] => (Some(source), target, ""),
            [source, target, modes] => (Some(source), target, modes),
            _ => return None,
        };
        let kind = match source {
            Some(path) if path.starts_with(['/', '.', '~']) => Kind::Bind(path.to_owned()),
            volume => Kind::Volume(volume.map(str::to_owned)),
        };
        let has = |wanted: &str| modes.split(',').any(|mode| mode == wanted);
        let mut details = Map::new();
        if has("nocopy") {
            details.insert("nocopy".to_owned(), json!(true));
        }
        Some(Self { kind, target: target.to_owned(), read_only: has("ro"), details })
    }

    /// Returns the path of this machine that it is of.
    pub(super) fn host_path(&self) -> Option<&str> {
        match &self.kind {
            Kind::Bind(path) => Some(path),
            _ => None,
        }
    }

    /// Writes it, with the path that was judged. The service's own files are read-only: they are shared with
    /// whoever else has them.
    pub(super) fn write(&self, root: &Path) -> Value {
        let mut read_only = self.read_only;
        let source = match &self.kind {
            Kind::Bind(path) => {
                let own = own(root, path);
                read_only |= own.is_some();
                let real = own.or_else(|| Path::new(path).canonicalize().ok());
                Some(real.map_or_else(|| path.clone(), |real| real.to_string_lossy().into_owned()))
            }
            Kind::Volume(name) => name.clone(),
            Kind::Tmpfs => None,
        };
        let mut mount = json!({"type": self.kind.as_str(), "target": self.target, "read_only": read_only});
        if let Some(source) = source {
            mount["source"] = json!(source);
        }
        if !self.details.is_empty() {
            mount[self.kind.as_str()] = Value::Object(self.details.clone());
        }
        mount
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        for (mount, host) in [
            (json!("/data"), None),
            (json!("cache:/data"), None),
            (json!("./conf:/etc/x:ro"), Some("./conf")),
            (json!("/srv:/srv"), Some("/srv")),
            (json!("~/x:/x"), Some("~/x")),
            (json!({"type": "bind", "source": "/srv", "target": "/x"}), Some("/srv")),
            (json!({"type": "volume", "source": "cache", "target": "/x"}), None),
            (json!({"type": "tmpfs", "target": "/x"}), None),
        ] {
            assert_eq!(Mount::read(&mount).unwrap().host_path(), host, "{mount}");
        }
        for bad in [
            json!({"type": "npipe", "source": "x", "target": "y"}),
            json!({"type": "image"}),
            json!({"type": "bind", "target": "/x"}),
            json!("a:b:c:d"),
            json!(1),
        ] {
            assert_eq!(Mount::read(&bad), None, "{bad}");
        }
    }

    #[test]
    fn only_what_is_known_is_written() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().canonicalize().unwrap();
        std::fs::create_dir(path.join("conf")).unwrap();
        std::os::unix::fs::symlink("conf", path.join("link")).unwrap();
        let write = |mount: Value| Mount::read(&mount).unwrap().write(&path);
        let own = json!({"type": "bind", "source": path.join("conf"), "target": "/x", "read_only": true});
        assert_eq!(
            write(json!("link:/x")),
            json!({"type": "volume", "source": "link", "target": "/x", "read_only": false})
        );
        assert_eq!(write(json!("./link:/x")), own);
        let bind =
            json!({"type": "bind", "source": path.join("link"), "target": "/x", "bind": {"propagation": "shared"}});
        assert_eq!(write(bind), own);
        let tmpfs = json!({"type": "tmpfs", "target": "/x", "tmpfs": {"size": "1000", "other": 1}});
        let expected = json!({"type": "tmpfs", "target": "/x", "read_only": false, "tmpfs": {"size": "1000"}});
        assert_eq!(write(tmpfs), expected);
    }
}
