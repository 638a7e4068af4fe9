//! A small medium of each kind. All of them were made for this purpose; nobody else has a right to them.

use std::borrow::Cow;
use std::path::Path;

use prizm_protocol::MediaKind;

use crate::Error;
use crate::media::content;

/// The text that jobs are given.
pub(crate) const TEXT: &str = "Hello from Prizm";

/// The largest file of the user's that is taken for a job.
const LARGEST: u64 = 256 << 20;

/// A medium to be worked on.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) kind: MediaKind,
    pub(crate) mime: Cow<'static, str>,
    pub(crate) extension: Cow<'static, str>,
    pub(crate) bytes: Cow<'static, [u8]>,
}

impl Sample {
    const fn new(kind: MediaKind, mime: &'static str, extension: &'static str, bytes: &'static [u8]) -> Self {
        let (mime, extension, bytes) = (Cow::Borrowed(mime), Cow::Borrowed(extension), Cow::Borrowed(bytes));
        Self { kind, mime, extension, bytes }
    }

    /// Reads a file of the user's.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let failed = |why: String| Error::Input(format!("cannot use the input `{}`: {why}", path.display()));
        let size = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?.len();
        if size > LARGEST {
            return Err(failed(format!("it has {size} bytes, over the limit of {LARGEST}")));
        }
        let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let extension = path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let (kind, mime) = content::told(&bytes, &extension)
            .ok_or_else(|| failed("nobody can tell what it is; give it a name such as `input.png`".to_owned()))?;
        Ok(Self { kind, mime: mime.into(), extension: extension.into(), bytes: bytes.into() })
    }
}

/// Returns the samples of a kind, the best known format first.
pub(crate) fn of(kind: MediaKind) -> Vec<Sample> {
    let sample = |mime, extension, bytes| Sample::new(kind, mime, extension, bytes);
    match kind {
        MediaKind::Text => vec![sample("text/plain", "txt", TEXT.as_bytes())],
        MediaKind::Image => vec![
            sample("image/png", "png", include_bytes!("../../samples/sample.png")),
            sample("image/jpeg", "jpg", include_bytes!("../../samples/sample.jpg")),
        ],
        MediaKind::Audio => vec![
            Sample { bytes: wav().into(), ..sample("audio/wav", "wav", &[]) },
            sample("audio/mpeg", "mp3", include_bytes!("../../samples/sample.mp3")),
        ],
        MediaKind::Video => vec![sample("video/mp4", "mp4", include_bytes!("../../samples/sample.mp4"))],
        MediaKind::ThreeD => vec![Sample { bytes: glb().into(), ..sample("model/gltf-binary", "glb", &[]) }],
        _ => Vec::new(),
    }
}

/// Half a second of a triangle wave, 16 bits, mono.
fn wav() -> Vec<u8> {
    const RATE: u32 = 8000;
    let samples = (0..RATE / 2).flat_map(|time| {
        let phase = i32::try_from(time % 20).unwrap_or_default();
        let height = (phase - 10).abs() * 2000 - 10_000;
        i16::try_from(height).unwrap_or_default().to_le_bytes()
    });
    let data: Vec<u8> = samples.collect();
    let size = u32::try_from(data.len()).unwrap_or_default();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + size).to_le_bytes());
    file.extend(b"WAVEfmt ");
    for word in [16_u32, 1 | 1 << 16, RATE, RATE * 2, 2 | 16 << 16] {
        file.extend(word.to_le_bytes());
    }
    file.extend(b"data");
    file.extend(size.to_le_bytes());
    file.extend(data);
    file
}

/// One triangle.
fn glb() -> Vec<u8> {
    let corners: [[f32; 3]; 3] = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
    let buffer: Vec<u8> = corners.iter().flatten().flat_map(|number| number.to_le_bytes()).collect();
    let mut json = serde_json::json!({
        "asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3",
                       "min": [0.0, 0.0, 0.0], "max": [1.0, 1.0, 0.0]}],
        "bufferViews": [{"buffer": 0, "byteLength": buffer.len()}], "buffers": [{"byteLength": buffer.len()}],
    })
    .to_string();
    while !json.len().is_multiple_of(4) {
        json.push(' ');
    }
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or_default().to_le_bytes();
    let mut file = b"glTF\x02\0\0\0".to_vec();
    file.extend(length(12 + 8 + json.len() + 8 + buffer.len()));
    file.extend(length(json.len()));
    file.extend(b"JSON");
    file.extend(json.as_bytes());
    file.extend(length(buffer.len()));
    file.extend(b"BIN\0");
    file.extend(buffer);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_of_its_kind() {
        for kind in MediaKind::ALL {
            let samples = of(kind);
            assert!(!samples.is_empty(), "{kind}");
            for sample in samples {
                assert!(sample.bytes.len() < 10_000, "{kind}");
                assert_eq!(content::mistaken(&sample.bytes, kind, &sample.mime), None, "{}", sample.mime);
                let told = content::told(&sample.bytes, &sample.extension);
                assert_eq!(told.map(|(told, _)| told), Some(kind), "{}", sample.mime);
            }
        }
    }
}
