//! Which candidates a name means.

use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest pattern, in bytes.
const LONGEST: usize = 256;

/// A provider, a `provider/model`, or a glob over either: `fal-ai`, `openai/gpt-*`, `*-local`.
///
/// ```
/// use prizm_route::Pattern;
///
/// let pattern: Pattern = "fal-ai/flux*".parse()?;
/// assert!(pattern.matches("fal-ai", "fal-ai/flux/schnell"));
/// assert!("fal-ai".parse::<Pattern>()?.matches("fal-ai", "fal-ai/any"));
/// # Ok::<(), prizm_route::PatternError>(())
/// ```
#[derive(Clone)]
pub struct Pattern {
    text: String,
    glob: Option<GlobMatcher>,
}

/// A text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` names no provider: {reason}", text.escape_debug())]
pub struct PatternError {
    text: String,
    reason: String,
}

impl Pattern {
    /// Means one provider, or one `provider/model`, whatever signs are in its name.
    #[must_use]
    pub fn exactly(name: &str) -> Self {
        let text = globset::escape(name);
        let glob = if text == name { None } else { Glob::new(&text).ok().map(|glob| glob.compile_matcher()) };
        Self { text, glob }
    }

    /// Returns whether it means the provider, or the model that `id` names: `provider/model`.
    pub fn matches(&self, provider: &str, id: &str) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(provider) || glob.is_match(id),
            None => self.text == provider || self.text == id,
        }
    }

    /// Returns it as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason: String| PatternError { text: text.chars().take(80).collect(), reason };
        if text.is_empty() || text.len() > LONGEST {
            return Err(refuse(format!("it needs 1 to {LONGEST} bytes")));
        }
        let is_glob = text.contains(['*', '?', '[', '{', '\\']);
        let glob =
            if is_glob { Some(Glob::new(text).map_err(|error| refuse(error.kind().to_string()))?) } else { None };
        Ok(Self { text: text.to_owned(), glob: glob.map(|glob| glob.compile_matcher()) })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({})", self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_name_and_a_glob_goes_over_slashes() {
        let matches = |text: &str, id: &str| {
            text.parse::<Pattern>().unwrap().matches(id.split_once('/').map_or(id, |(provider, _)| provider), id)
        };
        assert!(matches("acme", "acme/sd") && matches("acme/sd", "acme/sd") && matches("*", "acme/sd"));
        assert!(matches("acme/*", "acme/flux/schnell") && matches("{acme,other}", "other/x"));
        assert!(!matches("acm", "acme/sd") && !matches("acme/s", "acme/sd") && !matches("sd", "acme/sd"));
        for bad in ["", "[", "{a", &"a".repeat(257)] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }
}
