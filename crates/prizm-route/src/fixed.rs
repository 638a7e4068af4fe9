//! Decimal numbers with a fixed number of digits after the point, in integers.

use std::fmt;

/// Reads `12.5` as 12,500,000 for 6 digits; further digits are rounded half up. `None` where it is no
/// non-negative decimal number, or too large.
pub(crate) fn parse(text: &str, digits: u32) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !are_digits(whole) || !are_digits(part) || (part.is_empty() && text.contains('.')) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(10_u64.checked_pow(digits)?)?;
    let mut value = 0_u64;
    for place in 0..digits as usize {
        value = value * 10 + u64::from(part.as_bytes().get(place).map_or(0, |byte| byte - b'0'));
    }
    let rounds_up = part.as_bytes().get(digits as usize).is_some_and(|byte| *byte >= b'5');
    whole.checked_add(value)?.checked_add(u64::from(rounds_up))
}

/// Writes it with as few digits as it has.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, value: u64, digits: u32) -> fmt::Result {
    let unit = 10_u64.pow(digits);
    let (whole, mut part, mut width) = (value / unit, value % unit, digits as usize);
    if part == 0 {
        return write!(f, "{whole}");
    }
    while part.is_multiple_of(10) {
        (part, width) = (part / 10, width - 1);
    }
    write!(f, "{whole}.{part:0width$}")
}

/// Makes a number that is read and written as a decimal string.
macro_rules! decimal {
    ($name:ident, $digits:literal, $what:literal) => {
        impl std::str::FromStr for $name {
            type Err = crate::ParseAmountError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let value = crate::fixed::parse(text, $digits);
                value.map(Self).ok_or_else(|| crate::ParseAmountError::new(text, $what))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::fixed::write(f, self.0, $digits)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use decimal;

/// A text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no {what}: write a non-negative decimal number, such as `0.0025`", value.escape_debug())]
pub struct ParseAmountError {
    value: String,
    what: &'static str,
}

impl ParseAmountError {
    pub(crate) fn new(value: &str, what: &'static str) -> Self {
        Self { value: value.chars().take(80).collect(), what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Shown(u64, u32);

    impl fmt::Display for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write(f, self.0, self.1)
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for (text, value) in [("0", 0), ("1", 1_000_000), ("0.000001", 1), ("12.5", 12_500_000), ("0.1", 100_000)] {
            assert_eq!(parse(text, 6), Some(value), "{text}");
            assert_eq!(Shown(value, 6).to_string(), text);
        }
        assert_eq!((parse("0.0000005", 6), parse("0.0000004", 6)), (Some(1), Some(0)));
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "NaN", "1.2.3", "99999999999999999999"] {
            assert_eq!(parse(bad, 6), None, "{bad}");
        }
    }
}
