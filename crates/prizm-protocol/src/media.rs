//! Media as it crosses the wire: text inline, everything else by path.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::MediaKind;

/// One medium, in or out.
///
/// Exactly one of `text`, `path` and `url` is set. A `path` is relative to the job's directory and
/// uses `/`; a `url` is downloaded by the host under its own policy. Base64 never carries media.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = crate::schema::media))]
#[serde(rename_all = "camelCase")]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Its MIME type, such as `image/png`.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Mime"))]
    pub mime: String,
    /// The text itself; only for `text`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Where the file is, relative to the job's directory: `in/…` or `out/…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::JobPath>"))]
    pub path: Option<String>,
    /// Where the file can be downloaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Which of a model's inputs it is; absent for the primary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// A name for people, such as the original file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is known of it: `width`, `height`, `durationMs` and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Map<String, Value>>,
}

impl Media {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::new(MediaKind::Text, "text/plain") }
    }

    /// A file beneath the job's directory.
    pub fn file(kind: MediaKind, mime: impl Into<String>, path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..Self::new(kind, mime) }
    }

    fn new(kind: MediaKind, mime: impl Into<String>) -> Self {
        Self { kind, mime: mime.into(), text: None, path: None, url: None, role: None, name: None, meta: None }
    }
}
