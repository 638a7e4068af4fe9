//! A progress bar, on terminals only.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use prizm_registry::{Progress, Reporter};

use crate::args::Global;

/// What people see while they wait. It is on stderr, and nothing where that is no terminal.
#[derive(Clone)]
pub(crate) struct Bar {
    bar: Option<ProgressBar>,
    /// Stages are printed, a line each, where there is no terminal for a bar.
    lines: bool,
}

impl Bar {
    pub(crate) fn new(global: &Global) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let wanted = !global.json && !global.quiet && terminal;
        let bar = wanted.then(|| {
            let bar = ProgressBar::new(1000);
            bar.set_style(spinner());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, lines: !global.quiet && !wanted }
    }

    /// Shows what is being done before anybody knows how long it takes.
    pub(crate) fn stage(&self, message: impl Into<String>) {
        if let Some(bar) = &self.bar {
            bar.set_message(printable(&message.into()));
        }
    }

    /// Takes it off the screen while something else is written there.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Shows how far it is.
    pub(crate) fn progress(&self, progress: &Progress) {
        let Some(bar) = &self.bar else { return };
        let mut message = progress.message.clone().or_else(|| progress.stage.clone()).unwrap_or_default();
        if let Some(eta) = progress.eta_ms {
            message.push_str(&format!(" ({} s left)", eta.div_ceil(1000)));
        }
        bar.set_message(printable(&message));
        if let Some(fraction) = progress.fraction {
            bar.set_style(known());
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a fraction is from 0 to 1")]
            bar.set_position((fraction * 1000.0) as u64);
        }
    }

    /// Takes it off the screen.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Reporter for Bar {
    fn stage(&self, stage: &str, detail: &str) {
        Bar::stage(self, format!("{stage} {detail}"));
        if self.lines {
            crate::output::note(&format!("{stage:<12} {detail}"));
        }
    }

    fn output(&self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(printable(line));
        }
    }

    fn progress(&self, done: u64, _total: Option<u64>) {
        if let Some(bar) = self.bar.as_ref().filter(|_| done > 0) {
            bar.set_message(format!("fetch {}", indicatif::HumanBytes(done)));
        }
    }
}

/// Words of a provider's, without anything that could steer the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

fn spinner() -> ProgressStyle {
    style("{spinner} {wide_msg} {elapsed}")
}

fn known() -> ProgressStyle {
    style("{spinner} [{bar:30}] {percent:>3}% {wide_msg} {elapsed}").progress_chars("━╸─")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_steer_the_terminal() {
        assert_eq!(printable("\x1b[2Jhi\n"), "[2Jhi");
        assert_eq!(printable(&"x".repeat(1000)).len(), 120);
    }
}
