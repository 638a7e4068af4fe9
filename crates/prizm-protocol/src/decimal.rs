//! Amounts of money and of units, exact.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A non-negative decimal number as a string (`"0.0025"`), so that no price is ever rounded by a
/// JSON reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

/// A string that is no non-negative decimal number of at most 40 characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a decimal amount: expected digits with at most one point, such as `0.0025`", .0.escape_debug())]
pub struct ParseDecimalError(String);

impl Decimal {
    /// Returns the digits as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true for any spelling of zero.
    pub fn is_zero(&self) -> bool {
        self.0.bytes().all(|b| b == b'0' || b == b'.')
    }
}

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let good = text.len() <= 40
            && match text.split_once('.') {
                Some((whole, fraction)) => digits(whole) && digits(fraction),
                None => digits(text),
            };
        if good { Ok(Decimal(text.to_owned())) } else { Err(ParseDecimalError(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_decimals_and_refuses_the_rest() {
        for good in ["0", "12", "0.0025", "00.10"] {
            assert_eq!(good.parse::<Decimal>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "NaN", "1.2.3", &"9".repeat(41)] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad}");
        }
        assert!("0.000".parse::<Decimal>().unwrap().is_zero());
        assert!(!"0.001".parse::<Decimal>().unwrap().is_zero());
    }
}
