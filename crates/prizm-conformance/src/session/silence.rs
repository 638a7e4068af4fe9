//! An answer that does not come, and which rule that breaks.

use super::{Ask, Session};
use crate::judge;
use crate::transcript::{Event, Received};
use crate::verdict::Stop;

impl Session<'_> {
    /// Notes that a request is not answered. Where the answer came in a shape that cannot be read, it is
    /// that shape's rule that is broken, and not the one about answering.
    pub(super) fn silent(&mut self, ask: &Ask, how: &str) -> Stop {
        self.is_silent = true;
        let what = format!("`{}` (id {}) was not answered: {how}", ask.method, ask.id);
        let rule = self.explained(ask).unwrap_or(ask.silence);
        self.broken(rule, what)
    }

    /// Returns the rule that explains why the answer was not understood.
    fn explained(&mut self, ask: &Ask) -> Option<&'static str> {
        let mut state = self.record.state();
        // An error about a line that could not be read is what became of the answer.
        for entry in &mut state.transcript.entries[ask.at..] {
            let is_complaint =
                matches!(&entry.event, Event::Received { what: Received::BadId(id), .. } if id == "null");
            entry.claimed |= is_complaint;
        }
        let since = state.transcript.entries.iter().enumerate().skip(ask.at + 1);
        let mut found = since.filter_map(|(index, entry)| match &entry.event {
            _ if entry.claimed => None,
            Event::Received { what: Received::BadId(id), .. } if id != "null" => Some((index, "CH-9")),
            Event::Received { what: Received::Broken(_), .. } => Some((index, "CH-1")),
            Event::Received { what: Received::Oversized(id), .. } if id.is_none_or(|id| id == ask.id) => {
                Some((index, "CH-12"))
            }
            _ => None,
        });
        if let Some((_, rule)) = found.next_back() {
            return Some(rule);
        }
        // An answer to nothing, where one is missing, is the missing one with another id.
        let foreign = judge::channel::unasked(&state.transcript, ask.at + 1);
        let is_foreign = |index: &usize| {
            !matches!(&state.transcript.entries[*index].event, Event::Received { what: Received::BadId(_), .. })
        };
        let foreign = foreign.into_iter().find(is_foreign)?;
        state.transcript.entries[foreign].claimed = true;
        Some("CH-9")
    }
}
