//! What a git server can say that is not so.

use super::packet::{find_pack, packet, progress_packet, replace_pack, replace_ref};
use crate::loopback::{Answer, Part};

/// Something that the server says in place of the truth.
#[derive(Clone, Debug)]
pub enum Lie {
    /// The object that a ref points at, by the full name of the ref (`refs/tags/v1^{}` for what a tag
    /// points at). Who wants that object is sent what the ref truly points at.
    Ref {
        /// The ref.
        name: String,
        /// The object.
        id: String,
    },
    /// The pack, whatever was asked for.
    Pack(Vec<u8>),
    /// What went wrong.
    Error(String),
    /// What it is doing, in words for people.
    Says(String),
}

impl Lie {
    /// Claims that a ref points at an object.
    pub fn of_ref(name: &str, id: &str) -> Self {
        Self::Ref { name: name.to_owned(), id: id.to_owned() }
    }

    /// Changes what a client wants into what there is; `truth` knows what a ref points at.
    pub(crate) fn twist_request(&self, body: &mut Vec<u8>, truth: impl Fn(&str) -> Option<String>) {
        let Self::Ref { name, id } = self else { return };
        let Some(truth) = truth(name) else { return };
        let (wanted, sent) = (format!("want {id}"), format!("want {truth}"));
        let found: Vec<_> = (0..body.len()).filter(|at| body[*at..].starts_with(wanted.as_bytes())).collect();
        for at in found {
            body.splice(at..at + wanted.len(), sent.bytes());
        }
    }

    /// Changes an answer.
    pub(crate) fn twist(&self, part: Part, answer: &mut Answer) {
        let twisted = match (self, part) {
            (Self::Ref { name, id }, Part::Index) => Some(replace_ref(&answer.bytes, name, id)),
            (Self::Pack(pack), Part::Payload) => replace_pack(&answer.bytes, pack),
            (Self::Error(text), Part::Index) => {
                let service = packet("# service=git-upload-pack\n");
                Some([service, b"0000".to_vec(), packet(format!("ERR {text}"))].concat())
            }
            (Self::Error(text), Part::Payload) => Some(packet(format!("ERR {text}"))),
            (Self::Says(text), Part::Payload) => say(&answer.bytes, text),
            _ => None,
        };
        if let Some(bytes) = twisted {
            answer.bytes = bytes;
        }
    }
}

/// Says something before the pack, where bands are spoken.
fn say(answer: &[u8], text: &str) -> Option<Vec<u8>> {
    let pack = find_pack(answer).filter(|pack| pack.banded)?;
    let (before, after) = answer.split_at(pack.start);
    Some([before, &progress_packet(text), after].concat())
}
