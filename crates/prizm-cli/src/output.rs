//! Where results go: stdout for text and JSON, files for everything else.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use prizm_registry::MediaKind;
use serde_json::Value;

use crate::failure::Failure;

/// Prints a JSON document on stdout.
pub(crate) fn json(document: &Value) {
    result(&format!("{document:#}"));
}

/// Prints a result on stdout as it is, and ends the line. A reader that has gone away ends nothing
/// but the printing.
pub(crate) fn result(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a line for people on stdout.
pub(crate) fn line(text: &str) {
    result(&printable(text));
}

/// Prints a piece of text on stdout, at once.
pub(crate) fn piece(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints a note for people on stderr, where somebody reads it.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
}

/// Replaces what could steer the terminal, or make a text look like another, in words of a provider's.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

/// Checks, before any work begins, that a file can be written there.
pub(crate) fn check_writable(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let refuse = |why: String| Failure::usage(format!("cannot write the output `{shown}`: {why}"));
    if path == Path::new("-") {
        return Err(refuse("only text goes to stdout, and without -o".to_owned()).hint("name a file; `./-` is one"));
    }
    if path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(refuse("it is a directory".to_owned()).hint("name a file in it"));
    }
    if path.exists() && !path.is_file() {
        return Err(refuse("it is no regular file".to_owned()).hint("name a file that may be replaced"));
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        let why = format!("there is no directory `{}`", directory.display());
        return Err(refuse(why).hint(format!("make it: mkdir -p {}", directory.display())));
    }
    check_directory(directory).map_err(|error| refuse(error.to_string()).hint("choose another place with -o"))
}

/// Checks, before any work begins, that a file whose name is made up can be written here.
pub(crate) fn check_here() -> Result<(), Failure> {
    let refuse = |error| Failure::usage(format!("cannot write the output into this directory: {error}"));
    check_directory(Path::new(".")).map_err(|error| refuse(error).hint("choose another place with -o"))
}

fn check_directory(directory: &Path) -> std::io::Result<()> {
    tempfile::Builder::new().prefix(".prizm-").tempfile_in(directory).map(drop)
}

/// Returns the kind of media that a file's name promises.
pub(crate) fn kind_of(path: &Path) -> Option<MediaKind> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match &*extension {
        "txt" | "md" | "json" | "srt" | "vtt" | "csv" => MediaKind::Text,
        "png" | "jpg" | "jpeg" | "webp" | "gif" | "bmp" | "tif" | "tiff" | "avif" | "svg" => MediaKind::Image,
        "wav" | "mp3" | "flac" | "ogg" | "opus" | "m4a" | "aac" => MediaKind::Audio,
        "mp4" | "webm" | "mkv" | "mov" | "avi" => MediaKind::Video,
        "glb" | "gltf" | "stl" | "obj" | "ply" => MediaKind::ThreeD,
        _ => return None,
    })
}

/// Returns whether a file's name says what type it holds, or says nothing of types.
pub(crate) fn says(path: &Path, mime: &str) -> bool {
    let Some(name) = path.extension().and_then(|name| name.to_str()).map(str::to_ascii_lowercase) else { return true };
    // What is text may be called anything.
    if matches!(kind_of(path), None | Some(MediaKind::Text)) {
        return true;
    }
    match (&*name, extension(mime)) {
        ("jpeg", "jpg") | ("tiff", "tif") | ("opus" | "oga", "ogg") | ("m4a", "mp4" | "aac") => true,
        (name, expected) => name == expected || expected == "bin",
    }
}

/// Makes up a name for a result that does not exist yet: `canvas-card.png`, `canvas-card-2.png`…
pub(crate) fn made_up(stem: &str, mime: &str) -> PathBuf {
    let stem: String = stem.chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let extension = extension(mime);
    let name = |number: u32| match number {
        1 => PathBuf::from(format!("{stem}.{extension}")),
        _ => PathBuf::from(format!("{stem}-{number}.{extension}")),
    };
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(1))
}

/// Returns the name for the further outputs of one call: `out-2.png`.
pub(crate) fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{extension}"))
}

fn extension(mime: &str) -> &str {
    match mime {
        "text/plain" => "txt",
        "image/jpeg" => "jpg",
        "image/svg+xml" => "svg",
        "image/tiff" => "tif",
        "audio/mpeg" => "mp3",
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" => "m4a",
        "video/x-matroska" => "mkv",
        "video/quicktime" => "mov",
        "model/gltf-binary" => "glb",
        "model/gltf+json" => "gltf",
        _ => {
            let name = mime.rsplit('/').next().unwrap_or("bin").trim_start_matches("x-");
            if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()) { name } else { "bin" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_steer_the_terminal() {
        assert_eq!(printable("\x1b[2Jdéjà\r\nvu\u{202e}\u{9b}x"), "\u{fffd}[2Jdéjà\u{fffd}\nvu\u{fffd}\u{fffd}x");
    }

    #[test]
    fn names_follow_the_type() {
        for (mime, expected) in [
            ("image/png", "png"),
            ("audio/x-wav", "wav"),
            ("audio/mpeg", "mp3"),
            ("a/../b", "b"),
            ("x", "x"),
            ("", "bin"),
            ("a/b c", "bin"),
        ] {
            assert_eq!(extension(mime), expected, "{mime}");
        }
        for (name, mime, expected) in [
            ("a.wav", "audio/x-wav", true),
            ("a.mp3", "audio/x-wav", false),
            ("A.JPEG", "image/jpeg", true),
            ("a.opus", "audio/ogg", true),
            ("a", "image/png", true),
            ("a.of", "image/png", true),
            ("a.md", "text/plain", true),
            ("a.gif", "image/png", false),
        ] {
            assert_eq!(says(Path::new(name), mime), expected, "{name} {mime}");
        }
        assert_eq!(numbered(Path::new("a/out.png"), 2), Path::new("a/out-2.png"));
        assert_eq!(made_up("no/such:thing", "image/png"), Path::new("no-such-thing.png"));
    }
}
