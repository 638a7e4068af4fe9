//! What a file is, told by its first bytes.

use prizm_protocol::MediaKind;

/// Bytes that [`sniff`] wants to see.
pub(crate) const SNIFF_BYTES: usize = 8192;

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sniffed {
    /// What it is.
    pub kind: MediaKind,
    /// Its MIME type.
    pub mime: &'static str,
}

/// Tells what a file is by its first bytes, about 8 KiB of them; `None` where nobody can tell.
///
/// ```
/// use prizm_host::sniff;
///
/// assert_eq!(sniff(b"\x89PNG\r\n\x1a\n....").unwrap().mime, "image/png");
/// assert_eq!(sniff("déjà vu".as_bytes()).unwrap().mime, "text/plain");
/// assert_eq!(sniff(b"\x00\x01\x02\x03"), None);
/// ```
pub fn sniff(head: &[u8]) -> Option<Sniffed> {
    three_d(head).or_else(|| by_magic(head)).or_else(|| text(head))
}

fn three_d(head: &[u8]) -> Option<Sniffed> {
    let mime = if head.starts_with(b"glTF") {
        "model/gltf-binary"
    } else if head.starts_with(b"ply\n") || head.starts_with(b"ply\r\n") {
        "model/ply"
    } else if head.starts_with(b"solid ") && contains(head, b"facet") {
        "model/stl"
    } else {
        return None;
    };
    Some(Sniffed { kind: MediaKind::ThreeD, mime })
}

fn by_magic(head: &[u8]) -> Option<Sniffed> {
    use infer::MatcherType;

    let found = infer::get(head)?;
    let kind = match found.matcher_type() {
        MatcherType::Image => MediaKind::Image,
        MatcherType::Audio => MediaKind::Audio,
        MatcherType::Video => MediaKind::Video,
        _ => return None,
    };
    Some(Sniffed { kind, mime: found.mime_type() })
}

fn text(head: &[u8]) -> Option<Sniffed> {
    // The last character may be cut in two.
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    if text.is_empty() || text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c')) {
        return None;
    }
    let start = text.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with("<svg") || (start.starts_with('<') && contains(head, b"<svg")) {
        return Some(Sniffed { kind: MediaKind::Image, mime: "image/svg+xml" });
    }
    let mime = if start.starts_with('{') && contains(head, b"\"asset\"") && contains(head, b"\"version\"") {
        return Some(Sniffed { kind: MediaKind::ThreeD, mime: "model/gltf+json" });
    } else if matches!(start.as_bytes().first(), Some(b'{' | b'[')) {
        "application/json"
    } else {
        "text/plain"
    };
    Some(Sniffed { kind: MediaKind::Text, mime })
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Returns whether a file whose content says `found` may be declared as `declared`.
pub(crate) fn agrees(found: Option<Sniffed>, declared: MediaKind, mime: &str) -> bool {
    let Some(found) = found else { return declared != MediaKind::Text };
    match (found.kind, declared) {
        (a, b) if a == b => true,
        // One container carries both: MP4, Matroska, Ogg, WebM.
        (MediaKind::Audio, MediaKind::Video) | (MediaKind::Video, MediaKind::Audio) => true,
        // OBJ, OFF, SCAD and their like are text; so is an SVG.
        (MediaKind::Text, MediaKind::ThreeD) => mime.starts_with("model/"),
        (MediaKind::Image, MediaKind::Text) => found.mime == "image/svg+xml",
        (MediaKind::ThreeD, MediaKind::Text) => found.mime == "model/gltf+json",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_content() {
        let cases: &[(&[u8], Option<&str>)] = &[
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some("image/jpeg")),
            (b"GIF89a....", Some("image/gif")),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some("audio/x-wav")),
            (b"ID3\x04\0\0", Some("audio/mpeg")),
            (b"fLaC\0\0\0\x22", Some("audio/x-flac")),
            (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2", Some("video/mp4")),
            (b"glTF\x02\0\0\0", Some("model/gltf-binary")),
            (b"<?xml version=\"1.0\"?>\n<svg xmlns=\"x\">", Some("image/svg+xml")),
            (b"<html>", Some("text/plain")),
            (b"{\"a\": 1}", Some("application/json")),
            ("é".as_bytes(), Some("text/plain")),
            (&"é".as_bytes()[..1], None),
            (b"a\0b", None),
            (b"", None),
        ];
        for (head, mime) in cases {
            assert_eq!(sniff(head).map(|found| found.mime), *mime, "{head:?}");
        }
    }

    #[test]
    fn a_text_is_no_picture() {
        let text = sniff(b"hello");
        assert!(!agrees(text, MediaKind::Image, "image/png"));
        assert!(agrees(text, MediaKind::Text, "text/plain"));
        assert!(agrees(text, MediaKind::ThreeD, "model/obj"));
        assert!(agrees(None, MediaKind::Audio, "audio/x-raw"));
        assert!(!agrees(None, MediaKind::Text, "text/plain"));
    }
}
