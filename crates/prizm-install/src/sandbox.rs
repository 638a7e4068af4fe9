//! How far the code of a repository is kept from the network while it is built and tried.

use std::ffi::OsString;
use std::iter;
use std::path::Path;
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::process::{Invocation, find_program};

/// How far code that is built, or tried for the first time, is kept from the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Not at all: this machine allows no network namespace.
    None,
    /// It runs in a network namespace with nothing in it, by `unshare` as root.
    Unshare,
    /// The same, by `unshare` in a user namespace.
    UnshareUser,
    /// The same, by bubblewrap.
    Bubblewrap,
}

/// What can do it, in the order of preference. Root of no user namespace may enter the network of any
/// process, and so have it back.
const WAYS: &[Isolation] = &[Isolation::UnshareUser, Isolation::Unshare, Isolation::Bubblewrap];
/// How long a way may take to show that it works.
const PATIENCE: Duration = Duration::from_secs(10);

impl Isolation {
    /// Finds what this machine allows, by trying it once in the life of the process.
    pub async fn detect() -> Self {
        static FOUND: OnceCell<Isolation> = OnceCell::const_new();
        let find = || async {
            for way in WAYS {
                if way.works().await {
                    return *way;
                }
            }
            tracing::warn!("nothing keeps builds from the network on this machine: neither unshare nor bwrap works");
            Self::None
        };
        *FOUND.get_or_init(find).await
    }

    /// Returns the words that go before a command line. The program among them is an absolute path,
    /// which no repository has a say in.
    pub fn prefix(self) -> Vec<OsString> {
        let (name, arguments): (&str, &[&str]) = match self {
            Self::None => return Vec::new(),
            Self::Unshare => ("unshare", &["--net", "--"]),
            Self::UnshareUser => ("unshare", &["--user", "--map-current-user", "--net", "--"]),
            Self::Bubblewrap => {
                ("bwrap", &["--dev-bind", "/", "/", "--unshare-user", "--cap-drop", "ALL", "--unshare-net", "--"])
            }
        };
        let program = find_program(name.as_ref(), Path::new("/")).unwrap_or_else(|| Path::new("/usr/bin").join(name));
        iter::once(program.into()).chain(arguments.iter().map(Into::into)).collect()
    }

    /// Returns the level for people and for JSON: `no-network`, or `environment` where nothing but the
    /// environment is withheld.
    pub const fn level(self) -> &'static str {
        match self {
            Self::None => "environment",
            _ => "no-network",
        }
    }

    async fn works(self) -> bool {
        let running = Invocation::new(["true"], Path::new("/")).isolated(self).start();
        let Ok(Ok(running)) = running else { return false };
        let ended = tokio::time::timeout(PATIENCE, running.wait(|_| {}, |_| {})).await;
        ended.is_ok_and(|status| status.is_ok_and(|status| status.success()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_isolated_sees_no_interface_but_loopback() {
        let isolation = Isolation::detect().await;
        assert_ne!(isolation, Isolation::None, "the machines that run the tests allow network namespaces");
        let mut devices = Vec::new();
        let running = Invocation::new(["cat", "/proc/net/dev"], Path::new("/")).isolated(isolation).start();
        let listen = |line: crate::process::Line<'_>| {
            devices.extend(line.shown().split_once(':').map(|(name, _)| name.trim().to_owned()));
        };
        let status = running.unwrap().unwrap().wait(listen, |_| {}).await.unwrap();
        assert!(status.success());
        assert!(devices.iter().all(|device| device == "lo"), "{devices:?}");
    }
}
