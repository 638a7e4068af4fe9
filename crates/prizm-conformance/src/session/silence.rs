//! An answer that does not come, and which rule that breaks.

use super::{Ask, Session};
use crate::judge;
use crate::transcript::{Event, Message, Received};
use crate::verdict::Stop;

impl Session<'_> {
    /// Notes that a request is not answered. Where the answer came in a shape that cannot be read, it is
    /// that shape's rule that is broken, and not the one about answering.
    pub(super) fn silent(&mut self, ask: &Ask, how: &str) -> Stop {
        self.is_silent = true;
        let what = format!("`{}` (id {}) was not answered", ask.method, ask.id);
        match self.explained(ask) {
            Some((rule, why)) => self.broken(rule, format!("{what}, but {why}")),
            None => self.broken(ask.silence, format!("{what}: {how}")),
        }
    }

    /// Returns the rule that explains why the answer was not understood.
    fn explained(&mut self, ask: &Ask) -> Option<(&'static str, String)> {
        let mut state = self.record.state();
        // An error about a line that could not be read is what became of the answer.
        for entry in &mut state.transcript.entries[ask.at..] {
            let is_complaint =
                matches!(&entry.event, Event::Received { what: Received::BadId(id), .. } if id == "null");
            entry.claimed |= is_complaint;
        }
        let since = state.transcript.entries.iter().enumerate().skip(ask.at + 1);
        let mut found = since.filter_map(|(_, entry)| match &entry.event {
            _ if entry.claimed => None,
            Event::Received { what: Received::BadId(id), .. } if id != "null" => {
                Some(("CH-9", format!("a frame came with the id {id}")))
            }
            Event::Received { what: Received::Broken(why), .. } => {
                Some(("CH-1", format!("a frame came broken, {why}")))
            }
            Event::Received { what: Received::Oversized(id), size, .. } if id.is_none_or(|id| id == ask.id) => {
                Some(("CH-12", format!("a frame of {size} bytes came, over the limit")))
            }
            _ => None,
        });
        if let Some(explained) = found.next_back() {
            return Some(explained);
        }
        // An answer to nothing, where one is missing, is the missing one with another id.
        let foreign = judge::channel::unasked(&state.transcript, ask.at + 1);
        let (index, id) = foreign.into_iter().find_map(|index| match &state.transcript.entries[index].event {
            Event::Received { what: Received::Frame(Message::Answer { id, .. }), .. } => Some((index, *id)),
            _ => None,
        })?;
        state.transcript.entries[index].claimed = true;
        Some(("CH-9", format!("an answer came with the id {id}, which was not asked")))
    }
}
