//! How an event looks to people.

use std::time::Duration;

use console::{Style, measure_text_width, truncate_str};
use jiff::tz::TimeZone;

use super::event::{Done, Event, Place, Ready, What};
use super::json_text::{compact, pretty, size};
use super::wire::{Frame, Kind};
use crate::failure::Failure;
use crate::output::printable;

/// How it is shown.
#[derive(Clone)]
pub(super) struct Look {
    pub(super) color: bool,
    /// The columns of the terminal, where there is one.
    pub(super) width: Option<usize>,
    /// Whole params, and what builds write.
    pub(super) verbose: bool,
    /// Results and errors only.
    pub(super) quiet: bool,
    /// Whether several processes live, which must be told apart.
    pub(super) several: bool,
}

/// What is written, and whether it may take the place of the line before.
pub(super) struct Shown {
    pub(super) text: String,
    /// Names the news of which only the latest counts.
    pub(super) latest_of: Option<String>,
}

impl Look {
    /// Returns how an event looks; none where it is not shown.
    pub(super) fn show(&self, event: &Event) -> Option<Shown> {
        let is_result = matches!(event.what, What::Done(_) | What::Answer { .. });
        let is_error = matches!(event.what, What::Error(_) | What::Failed { .. } | What::Ended { failed: true, .. });
        if self.quiet && !is_result && !is_error {
            return None;
        }
        let latest_of = self.latest_of(&event.what);
        let text = match &event.what {
            What::Frame(frame) => self.frame(frame),
            What::Noise { pid, line, size: bytes, reason } => {
                let cut = if *bytes > line.len() as u64 { format!("… ({})", size(*bytes)) } else { String::new() };
                let head = format!("{}noise, {reason}: ", self.pid(*pid));
                self.line("!", &Style::new().yellow(), &head, &format!("{line}{cut}"))
            }
            What::Stderr { pid, line } => self.faint("│", &format!("{}{line}", self.pid(*pid))),
            What::Started { pid, command } => self.faint("●", &format!("pid {pid}: {command}")),
            What::Ended { pid, how, failed: false, .. } => self.faint("○", &format!("pid {pid}: {how}")),
            What::Ended { pid, how, hint, .. } => {
                let mut text = self.line("✖", &Style::new().red(), &format!("pid {pid}: {how}"), "");
                hint.iter().for_each(|hint| text.push_str(&self.hint(hint)));
                text
            }
            What::Changed { files } => self.line("↻", &Style::new().magenta(), "changed ", &few(files)),
            What::Stage { stage, detail } => self.line("…", &Style::new().magenta(), &format!("{stage} "), detail),
            What::Output { line } => self.faint("│", line),
            What::Ready(ready) => self.ready(ready),
            What::Failed { error, serving } => self.failed(error, *serving),
            What::Done(done) => self.done(done),
            What::Answer { command, text, .. } => self.answer(command, text),
            What::Error(error) => self.error("✖", error),
            What::Note(text) => self.line("·", &Style::new().magenta(), &printable(text), ""),
            What::Lost(count) => {
                self.line("!", &Style::new().yellow(), &format!("{count} lines came faster than they can be shown"), "")
            }
        };
        Some(Shown { text: format!("{} {text}", self.dim(&self.clock(event))), latest_of })
    }

    fn clock(&self, event: &Event) -> String {
        event.at.to_zoned_datetime(TimeZone::system()).strftime("%H:%M:%S%.3f").to_string()
    }

    /// Only the latest progress of a call counts, and the last line of a build.
    fn latest_of(&self, what: &What) -> Option<String> {
        match what {
            _ if self.verbose => None,
            What::Frame(frame) if frame.method.as_deref() == Some("$/progress") => {
                Some(format!("{} {}", frame.pid, frame.id.unwrap_or_default()))
            }
            What::Output { .. } => Some("build".to_owned()),
            _ => None,
        }
    }

    fn frame(&self, frame: &Frame) -> String {
        let mut head = self.pid(frame.pid);
        head.push_str(frame.method.as_deref().unwrap_or("answer"));
        frame.id.iter().for_each(|id| head.push_str(&format!(" #{id}")));
        let elapsed = frame.elapsed.map(|elapsed| format!(" {}", span(elapsed))).unwrap_or_default();
        let style = match (&frame.kind, frame.received) {
            (Kind::Error { .. }, _) => Style::new().red(),
            (_, false) => Style::new().cyan(),
            (Kind::Result, true) => Style::new().green(),
            (_, true) => Style::new().blue(),
        };
        match &frame.kind {
            Kind::Result => head.push_str(&format!(" ok{elapsed}")),
            Kind::Error { code, name, message } => {
                let name = name.as_ref().map_or_else(|| code.to_string(), |name| format!("{name} ({code})"));
                head.push_str(&format!(" error{elapsed} {name}: {message}"));
            }
            Kind::Request | Kind::Notification => {}
        }
        if frame.cut || frame.size > 10_000 {
            head.push_str(&format!(" ({})", size(frame.size as u64)));
        }
        let mark = if frame.received { "←" } else { "→" };
        if self.verbose && !frame.body.is_empty() {
            let body = printable(&pretty(&frame.body)).replace('\n', "\n    ");
            return format!("{}\n    {body}", self.line(mark, &style, &head, ""));
        }
        match frame.kind {
            // Its message is said already.
            Kind::Error { .. } => self.line(mark, &style, &head, ""),
            _ => self.line(mark, &style, &format!("{head} "), &compact(&frame.body)),
        }
    }

    fn ready(&self, ready: &Ready) -> String {
        let Ready { name, version, id, location, .. } = ready;
        let mut took = Vec::new();
        took.extend(ready.built.map(|built| format!("built in {}", span(built))));
        took.push(format!("started in {}", span(ready.started)));
        let parts = [("initialize", ready.times.initialize), ("configure", ready.times.configure)];
        let parts: Vec<_> =
            parts.iter().filter_map(|(part, took)| Some(format!("{part} {}", span((*took)?)))).collect();
        let mut text = self.line("✔", &Style::new().green().bold(), &format!("{name} {version} is ready"), "");
        text.push_str(&self.dim(&format!(" ({id}, {location}): {} ({})", took.join(", "), parts.join(", "))));
        if !ready.is_news {
            return text;
        }
        let width = ready.models.iter().map(|[id, ..]| measure_text_width(id)).max().unwrap_or_default();
        for [id, capabilities, price] in &ready.models {
            let pad = " ".repeat(width - measure_text_width(id));
            text.push_str(&printable(&format!("\n    {id}{pad}  {capabilities}  {price}")));
        }
        text.push_str(&self.dim(&format!("\n    check it: prizm conformance {}", ready.url)));
        text
    }

    fn failed(&self, error: &Failure, serving: bool) -> String {
        let still = match serving {
            true => "the one before still serves; mend it, and it is built again",
            false => "nothing runs; mend it, and it is built again",
        };
        format!("{}\n  {}", self.error("✖", error), self.dim(still))
    }

    /// What a plugin wrote to stderr has been shown already; what a build wrote has not.
    fn error(&self, mark: &str, error: &Failure) -> String {
        let stage = error.stage().map(|stage| format!(" ({stage})")).unwrap_or_default();
        let head = format!("error{stage}: {}", error.message());
        let mut lines = head.lines();
        let mut text = self.line(mark, &Style::new().red().bold(), lines.next().unwrap_or_default(), "");
        lines.for_each(|line| text.push_str(&format!("\n{}", self.paint(&Style::new().red(), &printable(line)))));
        if matches!(error.stage(), Some("build" | "fetch")) {
            error.stderr().iter().for_each(|line| text.push_str(&format!("\n    {}", printable(line))));
        }
        error.remedy().iter().for_each(|hint| text.push_str(&self.hint(hint)));
        text
    }

    fn hint(&self, hint: &str) -> String {
        format!("\n  hint: {}", printable(hint))
    }

    fn answer(&self, command: &str, text: &str) -> String {
        let style = Style::new().green().bold();
        let text = printable(text).replace('\n', "\n    ");
        if text.contains('\n') {
            return format!("{}\n    {text}", self.line("✔", &style, command, ""));
        }
        format!("{}{text}", self.line("✔", &style, &format!("{command}: "), ""))
    }

    fn done(&self, done: &Done) -> String {
        let head = format!("{} {} in {}", done.model, done.capability, span(done.elapsed));
        let mut text = self.line("✔", &Style::new().green().bold(), &head, "");
        for output in &done.outputs {
            let shown = match &output.place {
                Place::Text(text) => self.paint(&Style::new().bold(), &printable(text).replace('\n', "\n    ")),
                Place::File(path, bytes) => {
                    let path = self.paint(&Style::new().bold(), &printable(&path.to_string_lossy()));
                    format!("{path} ({}, {})", printable(&output.mime), size(*bytes))
                }
            };
            text.push_str(&format!("\n    {shown}"));
        }
        if !done.usage.is_null() {
            text.push_str(&self.dim(&printable(&format!("\n    usage: {}", compact(&done.usage.to_string())))));
        }
        for warning in &done.warnings {
            let warning = format!("warning: {}", printable(warning));
            text.push_str(&format!("\n    {}", self.paint(&Style::new().yellow(), &warning)));
        }
        text
    }

    /// Writes a mark and a head in one style, and the rest as far as the line has room.
    fn line(&self, mark: &str, style: &Style, head: &str, rest: &str) -> String {
        let head = format!("{mark} {}", printable(head));
        let rest = self.fit(measure_text_width(&head), rest);
        format!("{}{rest}", self.paint(style, &head))
    }

    /// Writes what is of less interest.
    fn faint(&self, mark: &str, text: &str) -> String {
        self.dim(&self.fit(0, &format!("{mark} {text}")))
    }

    /// Cuts what has no room in a line of which so many columns are taken.
    fn fit(&self, taken: usize, text: &str) -> String {
        const CLOCK: usize = 13;
        let text = printable(text).replace(['\n', '\t'], " ");
        match self.width.filter(|_| !self.verbose) {
            Some(width) => truncate_str(&text, width.saturating_sub(CLOCK + taken + 1), "…").into_owned(),
            None => text,
        }
    }

    fn pid(&self, pid: u32) -> String {
        if self.several { format!("[{pid}] ") } else { String::new() }
    }

    fn dim(&self, text: &str) -> String {
        self.paint(&Style::new().dim(), text)
    }

    fn paint(&self, style: &Style, text: &str) -> String {
        style.clone().force_styling(self.color).apply_to(text).to_string()
    }
}

/// Lists some names, and counts the others.
fn few(names: &[String]) -> String {
    const FEW: usize = 4;
    let shown = names.iter().take(FEW).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(FEW) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// Writes a span of time for people.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    match span.as_secs() {
        0 => format!("{:.1} ms", seconds * 1e3),
        1..60 => format!("{seconds:.1} s"),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests;
