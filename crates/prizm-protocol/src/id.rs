//! Names of providers, services and models.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A name that breaks the rule of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a {what} id: expected {rule}", value.escape_debug())]
pub struct ParseIdError {
    /// What was given, cut to 80 characters.
    pub value: String,
    /// Whose id it should have been: `provider`, `service` or `model`.
    pub what: &'static str,
    /// What such an id looks like.
    pub rule: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $good:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let good: fn(&str) -> bool = $good;
                if good(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(ParseIdError {
                        value: text.chars().take(80).collect(),
                        what: $what,
                        rule: $rule,
                    })
                }
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id! {
    /// The id of a provider: 1 to 64 of `a-z`, `0-9` and `-`, starting and ending with a letter or digit.
    ProviderId, "provider", "1 to 64 of a-z, 0-9 and `-`, neither first nor last a `-`", is_plain
}

id! {
    /// The id of a service, as free as that of a provider.
    ServiceId, "service", "1 to 64 of a-z, 0-9 and `-`, neither first nor last a `-`", is_plain
}

fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

id! {
    /// The id of a model: 1 to 256 characters without spaces, control or invisible characters.
    ///
    /// It is as free as the names that vendors use (`black-forest-labs/flux-1.1-pro:v2`).
    ModelId, "model", "1 to 256 characters without spaces, control or invisible characters, not starting with `-`",
    |text| {
        !text.is_empty()
            && !text.starts_with('-')
            && text.chars().count() <= 256
            && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !is_invisible(c))
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_ids() {
        for good in ["a", "fal-ai", "3d", &"x".repeat(64)] {
            assert_eq!(good.parse::<ProviderId>().unwrap(), good);
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a/b", "é", &"x".repeat(65)] {
            assert!(bad.parse::<ProviderId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn model_ids() {
        for good in ["flux", "black-forest-labs/flux-1.1-pro:v2", "模型"] {
            assert_eq!(good.parse::<ModelId>().unwrap(), good);
        }
        for bad in ["", " ", "a b", "a\n", "-a", "a\u{202e}b", &"x".repeat(257)] {
            assert!(bad.parse::<ModelId>().is_err(), "{bad}");
        }
    }
}
