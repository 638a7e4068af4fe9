//! What a file is, told by its content.

use infer::MatcherType;
use prizm_protocol::MediaKind;

/// How much of a file is looked at.
pub(crate) const HEAD: usize = 16 * 1024;

/// Returns what a file of the user's is, by its content and else by its name.
pub(crate) fn told(bytes: &[u8], extension: &str) -> Option<(MediaKind, String)> {
    let mime = |kind, mime: &str| Some((kind, mime.to_owned()));
    match extension {
        "glb" => return mime(MediaKind::ThreeD, "model/gltf-binary"),
        "gltf" => return mime(MediaKind::ThreeD, "model/gltf+json"),
        "obj" => return mime(MediaKind::ThreeD, "model/obj"),
        "stl" => return mime(MediaKind::ThreeD, "model/stl"),
        "svg" => return mime(MediaKind::Image, "image/svg+xml"),
        _ => {}
    }
    match recognised(bytes) {
        Some((kind, found)) => mime(kind, found),
        None => std::str::from_utf8(bytes).is_ok().then(|| (MediaKind::Text, "text/plain".to_owned())),
    }
}

/// Returns what content is instead of what it was declared to be. What nobody knows is believed.
pub(crate) fn mistaken(head: &[u8], declared: MediaKind, mime: &str) -> Option<String> {
    if head.is_empty() {
        // A text may be empty.
        return (declared != MediaKind::Text).then(|| "it is empty".to_owned());
    }
    let head = &head[..head.len().min(HEAD)];
    if declared == MediaKind::Text {
        return (!is_text(head)).then(|| match recognised(head) {
            Some((kind, found)) => format!("it is {kind} ({found})"),
            None => "it is not text in UTF-8".to_owned(),
        });
    }
    match recognised(head) {
        Some((kind, _)) if kind == declared => None,
        // One container carries both: MP4, Matroska, Ogg, WebM.
        Some((MediaKind::Audio, _)) if declared == MediaKind::Video => None,
        Some((MediaKind::Video, _)) if declared == MediaKind::Audio => None,
        Some((kind, found)) => Some(format!("it is {kind} ({found})")),
        None if is_text(head) && !may_be_text(declared, mime, head) => Some("it is text".to_owned()),
        None => None,
    }
}

fn may_be_text(declared: MediaKind, mime: &str, head: &[u8]) -> bool {
    match declared {
        MediaKind::ThreeD => mime.starts_with("model/"),
        MediaKind::Image => memchr::memmem::find(head, b"<svg").is_some() || head.starts_with(b"P"),
        _ => false,
    }
}

fn recognised(head: &[u8]) -> Option<(MediaKind, &'static str)> {
    if head.starts_with(b"glTF") {
        return Some((MediaKind::ThreeD, "model/gltf-binary"));
    }
    let found = infer::get(head)?;
    let kind = match found.matcher_type() {
        MatcherType::Image => MediaKind::Image,
        MatcherType::Audio => MediaKind::Audio,
        MatcherType::Video => MediaKind::Video,
        _ => return None,
    };
    Some((kind, found.mime_type()))
}

fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut in two.
        Err(error) if error.error_len().is_none() && head.len() == HEAD => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_compared_with_what_was_declared() {
        let png = b"\x89PNG\r\n\x1a\n....";
        let cases: &[(&[u8], MediaKind, &str, Option<&str>)] = &[
            (png, MediaKind::Image, "image/png", None),
            (png, MediaKind::Video, "video/mp4", Some("it is image (image/png)")),
            (png, MediaKind::Text, "text/plain", Some("it is image (image/png)")),
            (b"no picture", MediaKind::Image, "image/png", Some("it is text")),
            (b"<svg/>", MediaKind::Image, "image/svg+xml", None),
            (b"v 0 0 0", MediaKind::ThreeD, "model/obj", None),
            (b"", MediaKind::Audio, "audio/wav", Some("it is empty")),
            (b"", MediaKind::Text, "text/plain", None),
            (b"\xff\x00\x12", MediaKind::Text, "text/plain", Some("it is not text in UTF-8")),
            (b"\x00\x01\x02\x03", MediaKind::Image, "image/x-new", None),
            (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2", MediaKind::Audio, "audio/mp4", None),
        ];
        for (bytes, kind, mime, expected) in cases {
            assert_eq!(mistaken(bytes, *kind, mime).as_deref(), *expected, "{mime} {bytes:?}");
        }
    }
}
