//! What a job gives, and the files that it made.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use prizm_protocol::MediaKind;
use serde_json::Value;

use super::quoted;
use crate::declared;
use crate::media::content;
use crate::verdict::Fault;

/// Stands for the rule about an output that is not there: which one that is, the caller knows.
pub(crate) const MISSING: &str = "missing output";

/// Judges the result of a job.
pub(crate) fn faults(result: &Value, capability: &str, directory: Option<&Path>) -> Vec<Fault> {
    let outputs = result.get("outputs").and_then(Value::as_array);
    let Some(outputs) = outputs.filter(|outputs| !outputs.is_empty()) else {
        return vec![Fault::new("TR-2", format!("a result without an output: {}", quoted(result)))];
    };
    let mut faults = Vec::new();
    let gives = declared::capability(capability).and_then(|capability| capability.output());
    let first = outputs[0].get("kind").and_then(Value::as_str).unwrap_or_default();
    if let Some(gives) = gives.filter(|gives| is_kind(first) && gives.as_str() != first) {
        faults.push(Fault::new("TR-2", format!("the first output of `{capability}` is {first}, not {gives}")));
    }
    for output in outputs {
        faults.extend(medium(output, directory));
    }
    faults
}

fn is_kind(name: &str) -> bool {
    MediaKind::ALL.iter().any(|kind| kind.as_str() == name)
}

fn medium(output: &Value, directory: Option<&Path>) -> Option<Fault> {
    let kind = output.get("kind").and_then(Value::as_str).unwrap_or_default();
    let mime = output.get("mime").and_then(Value::as_str).unwrap_or_default();
    let sources = ["text", "path", "url"].map(|key| output.get(key).filter(|source| !source.is_null()));
    if sources.iter().flatten().count() != 1 || !sources.iter().flatten().all(|source| source.is_string()) {
        return Some(Fault::new(
            "MD-1",
            format!("an output has not exactly one of `text`, `path` and `url`: {}", quoted(output)),
        ));
    }
    if !is_kind(kind) || !is_mime(mime) {
        return Some(Fault::new("MD-1", format!("an output has the kind {kind:?} and the type {mime:?}")));
    }
    let [text, path, url] = sources.map(|source| source.and_then(Value::as_str));
    let is_data = url.is_some_and(|url| url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")));
    if text.is_some() && (kind != "text" || is_binary(mime)) || is_data {
        return Some(Fault::new("MD-2", format!("an output of the type `{mime}` stands in the message")));
    }
    let path = path?;
    if let Some(why) = bad_path(path) {
        return Some(Fault::new("MD-3", format!("the output's path {} {why}", quoted(&path.into()))));
    }
    let kind = MediaKind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    file(path, kind, mime, directory)
}

fn is_mime(mime: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let essence = mime.split(';').next().unwrap_or_default().trim_end();
    essence.split_once('/').is_some_and(|(kind, subtype)| is_word(kind) && is_word(subtype))
}

fn is_binary(mime: &str) -> bool {
    ["image/", "audio/", "video/", "model/"].iter().any(|kind| mime.starts_with(kind)) && mime != "image/svg+xml"
}

fn bad_path(path: &str) -> Option<&'static str> {
    if path.starts_with('/') {
        return Some("is not relative");
    }
    if path.contains('\\') {
        return Some("has a `\\`");
    }
    let parts: Vec<_> = path.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "" | "." | "..")) || path.contains('\0') {
        return Some("has a part that is no name");
    }
    (parts.len() < 2 || parts[0] != "out").then_some("does not lead to `out/`")
}

fn file(path: &str, kind: MediaKind, mime: &str, directory: Option<&Path>) -> Option<Fault> {
    let shown = path.escape_debug();
    let Some(directory) = directory else {
        return Some(Fault::new("MD-4", format!("the output `{shown}` is a file, and the job has no `jobDir`")));
    };
    // Each directory on the way is one, and no link to one.
    let mut way = directory.to_owned();
    let parts: Vec<_> = path.split('/').collect();
    for (index, part) in parts.iter().enumerate() {
        way.push(part);
        let Ok(metadata) = fs::symlink_metadata(&way) else {
            return Some(Fault::new(MISSING, format!("the output `{shown}` is not there")));
        };
        let is_last = index + 1 == parts.len();
        if metadata.is_symlink() {
            return Some(Fault::new("MD-4", format!("the output `{shown}` is reached through a link")));
        }
        if is_last && (!metadata.is_file() || metadata.nlink() != 1) {
            let what = if metadata.is_file() { "has several names" } else { "is no regular file" };
            return Some(Fault::new("MD-4", format!("the output `{shown}` {what}")));
        }
    }
    let why = content::mistaken(&head(&way)?, kind, mime)?;
    Some(Fault::new("MD-5", format!("the output `{shown}` is declared as {kind} ({mime}), and {why}")))
}

fn head(path: &Path) -> Option<Vec<u8>> {
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path).ok()?;
    let mut head = Vec::new();
    file.take(content::HEAD as u64).read_to_end(&mut head).ok()?;
    Some(head)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::json;

    use super::*;

    fn rules(outputs: Value, directory: Option<&Path>) -> Vec<&'static str> {
        faults(&json!({"outputs": outputs}), "text-to-image", directory).iter().map(|fault| fault.rule).collect()
    }

    #[test]
    fn media_are_judged_by_what_they_say() {
        let image = |key: &str, value: &str| json!([{"kind": "image", "mime": "image/png", key: value}]);
        for (outputs, expected) in [
            (json!([]), "TR-2"),
            (json!([{"kind": "text", "mime": "text/plain", "text": "a"}]), "TR-2"),
            (json!([{"kind": "image", "mime": "image/png"}]), "MD-1"),
            (json!([{"kind": "image", "mime": "image/png", "path": "out/a", "text": "b"}]), "MD-1"),
            (json!([{"kind": "image", "mime": "png", "path": "out/a"}]), "MD-1"),
            (json!([{"kind": "smell", "mime": "x/y", "path": "out/a"}]), "MD-1"),
            (image("text", "aGVsbG8="), "MD-2"),
            (image("url", "data:image/png;base64,aGVsbG8="), "MD-2"),
            (image("path", "/etc/passwd"), "MD-3"),
            (image("path", "out/../in/a"), "MD-3"),
            (image("path", "a.png"), "MD-3"),
            (image("path", "out\\a.png"), "MD-3"),
            (image("path", "out/a.png"), "MD-4"),
        ] {
            assert_eq!(rules(outputs.clone(), None), [expected], "{outputs}");
        }
        assert_eq!(rules(image("url", "https://example.org/a.png"), None), [""; 0]);
    }

    #[test]
    fn files_are_looked_at_and_no_link_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let (root, png) = (root.path(), include_bytes!("../../samples/sample.png"));
        fs::create_dir(root.join("out")).unwrap();
        fs::write(root.join("out/good.png"), png).unwrap();
        fs::write(root.join("out/text.png"), "no picture").unwrap();
        fs::write(root.join("out/one.png"), png).unwrap();
        fs::hard_link(root.join("out/one.png"), root.join("out/two.png")).unwrap();
        symlink(root.join("out/good.png"), root.join("out/link.png")).unwrap();
        symlink(root.join("out"), root.join("out/deep")).unwrap();
        for (name, expected) in [
            ("good.png", None),
            ("text.png", Some("MD-5")),
            ("two.png", Some("MD-4")),
            ("link.png", Some("MD-4")),
            ("deep/good.png", Some("MD-4")),
            ("gone.png", Some(MISSING)),
        ] {
            let outputs = json!([{"kind": "image", "mime": "image/png", "path": format!("out/{name}")}]);
            assert_eq!(rules(outputs, Some(root)).first().copied(), expected, "{name}");
        }
    }
}
