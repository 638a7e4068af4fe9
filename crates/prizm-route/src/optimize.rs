//! What counts, and for how much.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Money, ParseAmountError, Pattern, PatternError};

/// What counts in a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimize {
    /// Money, time and reliability, as they are worth.
    #[default]
    Balanced,
    /// What it costs; time does not count.
    Cost,
    /// How soon it is done; a second counts for as much as 100.
    Latency,
    /// How much is done in a time when many calls are made at once.
    Throughput,
    /// How good the results are, before all else: a step of quality is worth a dollar. Who does not say is 0.
    Quality,
    /// How rarely it fails; a failure counts for as much as 100.
    Reliability,
    /// As balanced, with each part multiplied.
    Weights(Weights),
    /// One after the other: what differs by less than a hundredth is equal, and the next decides. At the end,
    /// as balanced.
    Lexicographic(Vec<Aspect>),
}

/// By how much each part is multiplied, in thousandths; 1000 by default, and 0 for quality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// What it costs.
    pub cost: u32,
    /// How long it takes.
    pub time: u32,
    /// How rarely it fails.
    pub reliability: u32,
    /// How good the results are: a step of quality is worth a dollar at 1000.
    pub quality: u32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { cost: 1000, time: 1000, reliability: 1000, quality: 0 }
    }
}

/// One thing that can count before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Aspect {
    /// Less money first.
    Cost,
    /// Less time first.
    Latency,
    /// More work in a time first.
    Throughput,
    /// Better results first.
    Quality,
    /// Rarer failures first.
    Reliability,
    /// What is known to cost nothing first.
    Free,
    /// Work that is done here first.
    Local,
}

impl Aspect {
    /// Returns the stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Latency => "latency",
            Self::Throughput => "throughput",
            Self::Quality => "quality",
            Self::Reliability => "reliability",
            Self::Free => "free",
            Self::Local => "local",
        }
    }

    /// Returns whether it is measured, and not declared: a call tells it anew.
    pub(crate) const fn is_measured(self) -> bool {
        matches!(self, Self::Latency | Self::Throughput | Self::Reliability)
    }
}

impl Optimize {
    pub(crate) fn begins_with_cost(&self) -> bool {
        match self {
            Self::Cost => true,
            Self::Lexicographic(aspects) => aspects.first() == Some(&Aspect::Cost),
            _ => false,
        }
    }
}

/// What is worth something, and how much: `local:20%`, `acme/*:0.01`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preferred {
    /// What.
    #[serde(rename = "match")]
    pub what: Liked,
    /// How much.
    pub bonus: Bonus,
}

/// What is preferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Liked {
    /// Work that is done here.
    Local,
    /// Work that is done elsewhere.
    Remote,
    /// A call that is known to cost nothing.
    Free,
    /// These.
    These(Pattern),
}

/// How much a preference is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bonus {
    /// So much money.
    Money(Money),
    /// So many hundredths of what money and time come to; 100 at most.
    Percent(u8),
}

/// A text that is no preference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PreferredError {
    /// There is no `:`.
    #[error("`{}` is no preference: write what, a colon and how much, such as `local:20%` or `acme/*:0.01`", .0.escape_debug())]
    Shape(String),
    /// What is preferred cannot be read.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// How much it is worth cannot be read.
    #[error(transparent)]
    Amount(#[from] ParseAmountError),
}

impl FromStr for Liked {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "local" => Self::Local,
            "remote" => Self::Remote,
            "free" => Self::Free,
            other => Self::These(other.parse()?),
        })
    }
}

impl fmt::Display for Liked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local => "local",
            Self::Remote => "remote",
            Self::Free => "free",
            Self::These(pattern) => pattern.as_str(),
        })
    }
}

impl FromStr for Bonus {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let amount = text.strip_prefix('+').unwrap_or(text);
        match amount.strip_suffix('%') {
            None => Ok(Self::Money(amount.parse()?)),
            Some(percent) => match percent.parse() {
                Ok(percent @ 0..=100) => Ok(Self::Percent(percent)),
                _ => Err(ParseAmountError::new(text, "share from 0% to 100%")),
            },
        }
    }
}

impl fmt::Display for Bonus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Money(money) => money.fmt(f),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

impl FromStr for Preferred {
    type Err = PreferredError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (what, bonus) =
            text.rsplit_once(':').ok_or_else(|| PreferredError::Shape(text.chars().take(80).collect()))?;
        Ok(Self { what: what.parse()?, bonus: bonus.parse()? })
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
as_text!(Liked, Bonus);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_as_they_are_written() {
        let local: Preferred = "local:+20%".parse().unwrap();
        assert_eq!(local, Preferred { what: Liked::Local, bonus: Bonus::Percent(20) });
        let acme: Preferred = "acme/*:0.01".parse().unwrap();
        assert_eq!(serde_json::to_string(&acme).unwrap(), r#"{"match":"acme/*","bonus":"0.01"}"#);
        for bad in ["local", "local:", "local:120%", ":1", "a:-1"] {
            assert!(bad.parse::<Preferred>().is_err(), "{bad}");
        }
    }
}
