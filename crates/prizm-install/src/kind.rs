//! What is installed: a provider, or a service.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::manifest::Described;
use crate::{Error, ErrorKind, Identifier};

/// What is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A plugin: it turns media into media.
    Provider,
    /// What a provider needs beside it.
    Service,
}

impl Kind {
    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Service => "service",
        }
    }

    /// Keeps the names of services apart from those of providers.
    pub(crate) fn name(self, of: String) -> String {
        match self {
            Self::Provider => of,
            Self::Service => format!("service {of}"),
        }
    }

    /// Checks that a source is what it was asked for as. One without a manifest may be a provider.
    pub(crate) fn check(self, described: Option<&Described>, identifier: &Identifier) -> Result<(), Error> {
        match (self, described) {
            (kind, Some(described)) => kind.check_is(described.kind(), identifier),
            (Self::Provider, None) => Ok(()),
            (Self::Service, None) => {
                let message = format!("`{identifier}` is no service: it has no manifest");
                Err(Error::new(ErrorKind::OtherKind, message).with_hint(
                    "its author must write `[service]` into `prizm.toml`, or `\"prizm\": {\"service\": …}` into `package.json`",
                ))
            }
        }
    }

    /// Checks that what `identifier` leads to, a `found`, is what it was asked for as.
    pub(crate) fn check_is(self, found: Self, identifier: &Identifier) -> Result<(), Error> {
        if self == found {
            return Ok(());
        }
        let message = format!("`{identifier}` is a {found}, not a {self}");
        Err(Error::new(ErrorKind::OtherKind, message).with_hint(match found {
            Self::Provider => format!("run it with `prizm run {identifier}`"),
            Self::Service => {
                format!("start it with `prizm service start {identifier}`, or name it as the service of a provider")
            }
        }))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
