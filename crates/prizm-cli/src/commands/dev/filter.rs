//! Which frames are shown.

use super::event::What;

/// What is said of noise and of stderr, which have no method.
const NOISE: &str = "noise";
const STDERR: &str = "stderr";

/// Shows some methods only, or hides some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Where there are any, only they are shown.
    pub(super) only: Vec<String>,
    pub(super) hidden: Vec<String>,
}

impl Filter {
    /// Tells whether an event is shown. A frame is shown by its own method and by that of its call, and
    /// hidden by either.
    pub(super) fn shows(&self, what: &What) -> bool {
        let hides = |name: &str| self.hidden.iter().any(|hidden| same(hidden, name));
        match what {
            What::Frame(frame) => {
                let names = || [&frame.method, &frame.call].into_iter().flatten();
                let wanted = self.only.is_empty() || names().any(|name| self.only.iter().any(|only| same(only, name)));
                wanted && !names().any(|name| hides(name))
            }
            What::Noise { .. } => !hides(NOISE),
            What::Stderr { .. } => !hides(STDERR),
            _ => true,
        }
    }
}

/// `progress` means `$/progress`.
fn same(said: &str, method: &str) -> bool {
    said == method || method.strip_prefix("$/") == Some(said)
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &*self.only {
            [] => f.write_str("every method is shown")?,
            only => write!(f, "only {} is shown", only.join(", "))?,
        }
        if !self.hidden.is_empty() {
            write!(f, ", {} is hidden", self.hidden.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Frame, Kind};
    use super::*;

    fn frame(method: Option<&str>, call: Option<&str>) -> What {
        What::Frame(Frame {
            pid: 1,
            received: true,
            kind: Kind::Notification,
            id: Some(1),
            method: method.map(str::to_owned),
            call: call.map(str::to_owned),
            body: String::new(),
            cut: false,
            size: 0,
            elapsed: None,
        })
    }

    #[test]
    fn a_frame_is_shown_with_its_call() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let shows = |only: &[&str], hidden: &[&str], what: &What| {
            Filter { only: words(only), hidden: words(hidden) }.shows(what)
        };
        let (ping, progress) = (frame(Some("ping"), Some("ping")), frame(Some("$/progress"), Some("transform")));
        assert!(shows(&[], &[], &ping) && !shows(&[], &["ping"], &ping) && !shows(&["transform"], &[], &ping));
        assert!(shows(&["transform"], &[], &progress) && shows(&["progress"], &[], &progress));
        assert!(!shows(&["transform"], &["$/progress"], &progress) && !shows(&[], &["transform"], &progress));
        let noise = What::Noise { pid: 1, line: String::new(), size: 0, reason: String::new() };
        let stderr = What::Stderr { pid: 1, line: String::new() };
        assert!(shows(&["ping"], &[], &noise) && !shows(&[], &["noise"], &noise));
        assert!(shows(&["ping"], &["noise"], &stderr) && !shows(&[], &["stderr"], &stderr));
        let filter = Filter { only: words(&["ping"]), hidden: words(&["noise", "stderr"]) };
        assert_eq!(filter.to_string(), "only ping is shown, noise, stderr is hidden");
    }
}
