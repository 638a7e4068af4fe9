//! The lines of git's protocol: four hexadecimal digits of length, then that many bytes with them.

use std::iter;
use std::ops::Range;

/// The band that carries the pack, where bands are spoken.
const PACK_BAND: u8 = 1;
/// The band that carries what people are told.
const PROGRESS_BAND: u8 = 2;
/// How many bytes of a pack go into one line.
const MOST: usize = 65_515;

/// A line in an answer.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// Where it begins.
    pub(crate) start: usize,
    /// Where its data lies. A flush and a delimiter have none.
    pub(crate) data: Range<usize>,
}

/// Where the pack lies in an answer.
#[derive(Debug)]
pub(crate) struct Pack {
    /// Where the first line of it begins.
    pub(crate) start: usize,
    /// Its bytes, in order.
    pub(crate) ranges: Vec<Range<usize>>,
    /// Whether it comes in a band.
    pub(crate) banded: bool,
}

/// Returns a line.
pub(crate) fn packet(data: impl AsRef<[u8]>) -> Vec<u8> {
    let data = data.as_ref();
    [format!("{:04x}", data.len() + 4).as_bytes(), data].concat()
}

/// Returns part of a pack as it is sent.
pub(crate) fn pack_packet(banded: bool, data: &[u8]) -> Vec<u8> {
    if banded { packet([&[PACK_BAND], data].concat()) } else { data.to_vec() }
}

/// Returns what the client shows to people as said by the server.
pub(crate) fn progress_packet(text: &str) -> Vec<u8> {
    packet([&[PROGRESS_BAND], text.as_bytes()].concat())
}

/// Returns the lines of an answer, up to what is none.
pub(crate) fn packets(answer: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    let mut start = 0;
    while let Some(length) = answer.get(start..start + 4).and_then(|digits| std::str::from_utf8(digits).ok()) {
        let Ok(length) = usize::from_str_radix(length, 16) else { break };
        let end = start + length.max(4);
        if end > answer.len() {
            break;
        }
        packets.push(Packet { start, data: start + 4..end });
        start = end;
    }
    packets
}

/// Finds the pack in the answer to a fetch.
pub(crate) fn find_pack(answer: &[u8]) -> Option<Pack> {
    let packets = packets(answer);
    let end = packets.last().map_or(0, |packet| packet.data.end);
    if answer[end..].starts_with(b"PACK") {
        return Some(Pack { start: end, ranges: iter::once(end..answer.len()).collect(), banded: false });
    }
    let banded: Vec<_> =
        packets.iter().filter(|packet| answer[packet.data.clone()].first() == Some(&PACK_BAND)).collect();
    let start = banded.first()?.start;
    Some(Pack {
        start,
        ranges: banded.iter().map(|packet| packet.data.start + 1..packet.data.end).collect(),
        banded: true,
    })
}

/// Puts another pack in the place of the one in an answer.
pub(crate) fn replace_pack(answer: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let pack = find_pack(answer)?;
    let mut other = answer[..pack.start].to_vec();
    if !pack.banded {
        other.extend_from_slice(bytes);
        return Some(other);
    }
    for piece in bytes.chunks(MOST) {
        other.extend(pack_packet(true, piece));
    }
    other.extend_from_slice(b"0000");
    Some(other)
}

/// Makes a list of refs, of either version of the protocol, name this object for one of them.
pub(crate) fn replace_ref(answer: &[u8], name: &str, id: &str) -> Vec<u8> {
    let (mut other, mut last, mut found) = (Vec::new(), None, false);
    for Packet { start, data } in packets(answer) {
        let line = ref_line(&answer[data.clone()]);
        if let Some(lie) = line.and_then(|(old, rest)| replace_id(old, rest, name, id)) {
            found = true;
            other.extend(packet(lie));
        } else {
            other.extend_from_slice(&answer[start..data.end]);
        }
        if line.is_some() {
            last = Some(other.len());
        }
    }
    if let (false, Some(last)) = (found, last) {
        other.splice(last..last, packet(format!("{id} {name}\n")));
    }
    other
}

/// Returns the line with another object, if it is the line of this ref.
fn replace_id(old: &[u8], rest: &[u8], name: &str, id: &str) -> Option<Vec<u8>> {
    if name_of(rest) == name.as_bytes() {
        return Some([id.as_bytes(), b" ", rest].concat());
    }
    // The second version tells of what a tag points at in the line of the tag.
    let tag = name.strip_suffix("^{}").filter(|tag| name_of(rest) == tag.as_bytes())?;
    let (before, _) = std::str::from_utf8(rest).ok()?.split_once(" peeled:").unwrap_or((tag, ""));
    Some([old, format!(" {before} peeled:{id}\n").as_bytes()].concat())
}

/// Splits a line into an object's id and what follows.
fn ref_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let (id, rest) = line.split_at(space);
    (id.len() >= 40 && id.iter().all(u8::is_ascii_hexdigit)).then_some((id, &rest[1..]))
}

/// Returns the name of a ref from what follows its object.
fn name_of(rest: &[u8]) -> &[u8] {
    rest.split(|byte| matches!(byte, b'\0' | b' ' | b'\n')).next().unwrap_or_default()
}
