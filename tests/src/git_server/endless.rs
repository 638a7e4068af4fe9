//! Answers that look right and never end.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::packet::{pack_packet, packet};

/// The size of a blob: with its headers it fits into one line of the protocol.
const BLOB: usize = 60_000;
/// How many objects the pack promises: 60 GB, and not so many that a client has no room to count them.
const OBJECTS: u32 = 1 << 20;

/// Returns a pack that promises very many objects and keeps sending blobs.
pub(crate) fn pack(banded: bool) -> impl Iterator<Item = Bytes> {
    let header = [b"PACK".as_slice(), &2_u32.to_be_bytes(), &OBJECTS.to_be_bytes()].concat();
    let blobs = (0_u64..).map(blob);
    std::iter::once(header).chain(blobs).map(move |data| pack_packet(banded, &data).into())
}

/// Returns a blob unlike any other, as a pack holds it.
fn blob(number: u64) -> Vec<u8> {
    let mut content = vec![0; BLOB];
    content[..8].copy_from_slice(&number.to_be_bytes());
    // The type, 3, and the size: four bits of it, then seven at a time.
    let mut object = vec![0x80 | 3 << 4 | (BLOB & 0xf) as u8];
    let mut size = BLOB >> 4;
    while size > 0x7f {
        object.push(0x80 | (size & 0x7f) as u8);
        size >>= 7;
    }
    object.push(size as u8);
    let mut stored = ZlibEncoder::new(object, Compression::none());
    stored.write_all(&content).expect("memory takes all");
    stored.finish().expect("memory takes all")
}

/// Returns lines of refs, each of another name.
pub(crate) fn refs(id: String) -> impl Iterator<Item = Bytes> {
    (0_u64..).map(move |number| packet(format!("{id} refs/heads/endless-{number}\n")).into())
}
