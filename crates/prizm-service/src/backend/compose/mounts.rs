//! Mounts as Compose files write them, in two forms.

use serde_json::{Value, json};

/// A mount of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    kind: Kind,
    target: String,
    read_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A path of this machine.
    Bind(String),
    /// A volume of the file, or one without a name.
    Volume(Option<String>),
    Tmpfs,
}

impl Mount {
    /// Reads one; none where it is neither a bind, a volume nor a tmpfs.
    pub(super) fn read(mount: &Value) -> Option<Self> {
        if let Some(text) = mount.as_str() {
            return Self::of_text(text);
        }
        let text = |key: &str| mount.get(key).and_then(Value::as_str).map(str::to_owned);
        let source = text("source").filter(|source| !source.is_empty());
        let kind = match &*text("type")? {
            "bind" => Kind::Bind(source?),
            "volume" => Kind::Volume(source),
            "tmpfs" => Kind::Tmpfs,
            _ => return None,
        };
        let read_only = mount.get("read_only").and_then(Value::as_bool).unwrap_or_default();
        Some(Self { kind, target: text("target")?, read_only })
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
        let read_only = modes.split(',').any(|mode| mode == "ro");
        Some(Self { kind, target: target.to_owned(), read_only })
    }

    /// Returns the path of this machine that it is of.
    pub(super) fn host_path(&self) -> Option<&str> {
        match &self.kind {
            Kind::Bind(path) => Some(path),
            _ => None,
        }
    }

    /// Writes it. The service's own files are read-only: they are shared with whoever else has them.
    pub(super) fn write(&self, is_own: bool) -> Value {
        let (kind, source) = match &self.kind {
            Kind::Bind(path) => ("bind", Some(path)),
            Kind::Volume(name) => ("volume", name.as_ref()),
            Kind::Tmpfs => ("tmpfs", None),
        };
        let mut mount = json!({"type": kind, "target": self.target, "read_only": self.read_only || is_own});
        if let Some(source) = source {
            mount["source"] = json!(source);
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
        for bad in [json!({"type": "npipe", "source": "x", "target": "y"}), json!({"type": "image"}), json!("a:b:c:d")]
        {
            assert_eq!(Mount::read(&bad), None, "{bad}");
        }
        let own = Mount::read(&json!("/srv/conf:/x")).unwrap().write(true);
        assert_eq!(own, json!({"type": "bind", "source": "/srv/conf", "target": "/x", "read_only": true}));
    }
}
