//! A pack whose last object unpacks to very much.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha1::{Digest as _, Sha1};

use super::object::unhex;

/// The kind of an object that is told by its difference from another.
const REF_DELTA: u8 = 7;
/// The bytes of the sum at a pack's end.
const SUM: usize = 20;
/// How many bytes each instruction copies: all of the base.
pub const BASE: usize = 1024 * 1024;

/// Adds to a pack an object that is so many copies of `base`, an object in it of [`BASE`] bytes.
pub fn add_bomb(pack: &[u8], base: &str, copies: usize) -> Vec<u8> {
    let mut delta = [varint(BASE), varint(BASE * copies)].concat();
    // An offset of 0 has no bytes; of the size there is the third.
    delta.extend([0xc0, (BASE >> 16) as u8].repeat(copies));
    let mut bomb = pack[..pack.len() - SUM].to_vec();
    let count = u32::from_be_bytes(bomb[8..12].try_into().expect("four bytes"));
    bomb[8..12].copy_from_slice(&(count + 1).to_be_bytes());
    let mut head = varint(delta.len() >> 4);
    head.insert(0, 0x80 | (REF_DELTA << 4) | (delta.len() & 15) as u8);
    bomb.extend(head);
    bomb.extend(unhex(base));
    let mut packed = ZlibEncoder::new(bomb, Compression::best());
    packed.write_all(&delta).expect("memory takes all");
    let mut bomb = packed.finish().expect("memory takes all");
    let sum = Sha1::digest(&bomb);
    bomb.extend(sum);
    bomb
}

/// Returns a number in groups of seven bits, the lowest first.
fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(0x80 | (number & 0x7f) as u8);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
