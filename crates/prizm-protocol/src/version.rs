//! The version of the protocol, independent of any crate's version.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A protocol version, `MAJOR.MINOR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ProtocolVersion {
    /// Changes when an old reader would misunderstand.
    pub major: u16,
    /// Changes when something optional is added.
    pub minor: u16,
}

/// A string that is no `MAJOR.MINOR`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a protocol version: expected MAJOR.MINOR, such as `1.0`", .0.escape_debug())]
pub struct VersionError(String);

impl ProtocolVersion {
    /// Makes a version of its two numbers.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl FromStr for ProtocolVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |part: &str| {
            let canonical = part == "0" || !part.starts_with('0');
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            (canonical && digits).then(|| part.parse().ok()).flatten()
        };
        text.split_once('.')
            .and_then(|(major, minor)| Some(Self::new(number(major)?, number(minor)?)))
            .ok_or_else(|| VersionError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl From<ProtocolVersion> for String {
    fn from(version: ProtocolVersion) -> String {
        version.to_string()
    }
}

impl TryFrom<String> for ProtocolVersion {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        assert_eq!("1.0".parse(), Ok(ProtocolVersion::new(1, 0)));
        assert_eq!(ProtocolVersion::new(12, 3).to_string(), "12.3");
        for bad in ["", "1", "1.", ".1", "1.0.0", "01.0", "1.00", "v1.0", "1.-1", "1.70000"] {
            assert!(bad.parse::<ProtocolVersion>().is_err(), "{bad}");
        }
    }
}
