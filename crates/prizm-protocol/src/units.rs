//! Numbers with units, as people write them: `2GiB`, `500ms`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A number of bytes: `1048576`, `"512 MB"`, `"1 GiB"`. `8GB` is 8·10⁹, `8GiB` is 2³³.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A span of time: `"500ms"`, `"10s"`, `"15min"`, `"2h"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

/// A text that is no number with a unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no {what}: write {expected}", value.escape_debug())]
pub struct ParseUnitError {
    /// What was given, cut to 80 characters.
    pub value: String,
    /// What it should have been.
    pub what: &'static str,
    /// What such a value looks like.
    pub expected: &'static str,
}

impl ParseUnitError {
    fn size(value: &str) -> Self {
        let value = value.chars().take(80).collect();
        Self { value, what: "size", expected: "a number of bytes above 0, or one such as \"512 MB\" or \"8GiB\"" }
    }

    fn span(value: &str) -> Self {
        let value = value.chars().take(80).collect();
        Self { value, what: "span of time", expected: "one such as \"500ms\", \"10s\", \"15min\" or \"2h\"" }
    }
}

/// Cuts a text into its number, which has digits and no more than one point, and its unit.
fn cut(text: &str) -> Option<(&str, &str, &str)> {
    let end = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at(end);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let good = !whole.is_empty() && !part.contains('.') && part.len() <= 9 && number.ends_with(|c: char| c != '.');
    good.then(|| (whole, part, unit.trim_start()))
}

/// Multiplies without rounding; what is left of a unit does not count.
fn multiply(whole: &str, part: &str, unit: u64) -> Option<u64> {
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    if part.is_empty() {
        return Some(whole);
    }
    let scale = 10_u128.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = part.parse::<u128>().ok()? * u128::from(unit) / scale;
    whole.checked_add(u64::try_from(part).ok()?)
}

impl FromStr for ByteSize {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (whole, part, unit) = cut(text)?;
            let unit = match unit {
                "" | "B" if !part.is_empty() => return None,
                "" | "B" => 1,
                "kB" | "KB" => 1000,
                "MB" => 1_000_000,
                "GB" => 1_000_000_000,
                "TB" => 1_000_000_000_000,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                "TiB" => 1 << 40,
                _ => return None,
            };
            multiply(whole, part, unit).filter(|bytes| *bytes > 0)
        };
        parse().map(Self).ok_or_else(|| ParseUnitError::size(text))
    }
}

impl TryFrom<&Value> for ByteSize {
    type Error = ParseUnitError;

    fn try_from(value: &Value) -> Result<Self, Self::Error> {
        match value {
            Value::String(text) => text.parse(),
            Value::Number(number) => {
                let bytes = number.as_u64().filter(|bytes| *bytes > 0);
                bytes.map(Self).ok_or_else(|| ParseUnitError::size(&number.to_string()))
            }
            other => Err(ParseUnitError::size(&other.to_string())),
        }
    }
}

impl fmt::Display for ByteSize {
    /// Writes the largest unit that leaves a number below 1000, with one digit after the point.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        let Some((unit, name)) = UNITS.into_iter().find(|(unit, _)| self.0 >= *unit) else {
            return write!(f, "{} B", self.0);
        };
        let tenths = u128::from(self.0) * 10 / u128::from(unit);
        match tenths % 10 {
            0 => write!(f, "{} {name}", tenths / 10),
            tenth => write!(f, "{}.{tenth} {name}", tenths / 10),
        }
    }
}

impl Span {
    /// Makes a span.
    pub const fn new(duration: Duration) -> Self {
        Self(duration)
    }

    /// Returns how long it is.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = ParseUnitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (whole, part, unit) = cut(text)?;
            let unit = match unit {
                "ms" => 1,
                "s" => 1000,
                "min" => 60_000,
                "h" => 3_600_000,
                _ => return None,
            };
            // A year is as long as anybody waits, and no clock overflows by it.
            multiply(whole, part, unit).filter(|millis| (1..=366 * 24 * 3_600_000).contains(millis))
        };
        parse().map(|millis| Self(Duration::from_millis(millis))).ok_or_else(|| ParseUnitError::span(text))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match millis {
            _ if millis.is_multiple_of(3_600_000) => write!(f, "{}h", millis / 3_600_000),
            _ if millis.is_multiple_of(60_000) => write!(f, "{}min", millis / 60_000),
            _ if millis.is_multiple_of(1000) => write!(f, "{}s", millis / 1000),
            _ => write!(f, "{millis}ms"),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let text = value.as_str().ok_or_else(|| ParseUnitError::span(&value.to_string()));
        text.and_then(str::parse).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_strict_units() {
        for (text, bytes) in [
            ("1", 1),
            ("8GB", 8_000_000_000),
            ("8GiB", 1 << 33),
            ("1.5 KiB", 1536),
            ("512 MB", 512_000_000),
            ("2TiB", 1 << 41),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap(), ByteSize(bytes), "{text}");
        }
        for bad in ["", "0", "-1", "8G", "8gb", "GB", "1.5", "1..5GB", "1.GB", ".5GB", "8 G B", "1e3", "99999999999TB"]
        {
            let error = bad.parse::<ByteSize>().unwrap_err();
            assert!(error.to_string().contains("is no size"), "{error}");
        }
        assert_eq!(ByteSize::try_from(&Value::from(96)).unwrap(), ByteSize(96));
        for bad in [Value::from(-1), Value::from(1.5), Value::Bool(true), Value::Null] {
            assert!(ByteSize::try_from(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_told_in_words() {
        for (bytes, text) in [(1, "1 B"), (1 << 20, "1 MiB"), (1536, "1.5 KiB"), (8_000_000_000, "7.4 GiB")] {
            assert_eq!(ByteSize(bytes).to_string(), text);
        }
    }

    #[test]
    fn spans_are_told_as_they_are_read() {
        for text in ["500ms", "10s", "15min", "2h", "1500ms"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("0.5s".parse::<Span>().unwrap().get(), Duration::from_millis(500));
        for bad in ["", "5", "0s", "5m", "5 sec", "-1s", "1e3s", "99999h"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
