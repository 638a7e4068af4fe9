//! Gzip, put together from deflated pieces, so that a huge file of zeros costs as little to make as to send.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// What a file says that is gzip, from nobody, of no time.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// A last block with nothing in it.
const LAST: [u8; 2] = [3, 0];
/// How many zeros are deflated at a time.
const RUN: usize = 1 << 20;
/// The most that a block can hold as it is.
const STORED: usize = u16::MAX as usize;

/// Part of what is compressed.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    Zeros(u64),
}

impl Piece {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Zeros(count) => vec![0; usize::try_from(*count).expect("zeros that fit into memory")],
        }
    }
}

/// Compresses pieces into one stream.
pub(crate) fn compress<'a>(pieces: impl Iterator<Item = &'a Piece>) -> Vec<u8> {
    let (mut out, mut sum, mut length) = (HEADER.to_vec(), Crc::new(), 0_u64);
    let mut run: Option<(Vec<u8>, Crc)> = None;
    for piece in pieces {
        let rest = match piece {
            Piece::Bytes(bytes) => bytes.clone(),
            Piece::Zeros(count) => {
                length += count - count % RUN as u64;
                for _ in 0..count / RUN as u64 {
                    let (deflated, of_run) = run.get_or_insert_with(|| (deflate(&vec![0; RUN]), crc(&vec![0; RUN])));
                    out.extend_from_slice(deflated);
                    sum.combine(of_run);
                }
                vec![0; (count % RUN as u64) as usize]
            }
        };
        out.extend(deflate(&rest));
        sum.combine(&crc(&rest));
        length += rest.len() as u64;
    }
    out.extend_from_slice(&LAST);
    out.extend_from_slice(&sum.sum().to_le_bytes());
    // Gzip counts modulo 2^32.
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out
}

/// Deflates bytes into blocks that end at a byte and refer to nothing before them.
fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.flush()).expect("memory takes all");
    encoder.get_ref().clone()
}

fn crc(bytes: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc
}

/// Returns a stream of blocks that hold these as they are.
pub(crate) fn stored(blocks: impl Iterator<Item = Vec<u8>>) -> impl Iterator<Item = Vec<u8>> {
    let block = |bytes: Vec<u8>| {
        let length = u16::try_from(bytes.len()).expect("a block that can be stored");
        [&[0], length.to_le_bytes().as_slice(), &(!length).to_le_bytes(), &bytes].concat()
    };
    std::iter::once(HEADER.to_vec()).chain(blocks.map(block))
}

/// Returns blocks that nothing can compress, the same in every run.
pub(crate) fn noise() -> impl Iterator<Item = Vec<u8>> {
    let mut random = fastrand::Rng::with_seed(1);
    std::iter::repeat_with(move || {
        let mut bytes = vec![0; STORED];
        random.fill(&mut bytes);
        bytes
    })
}
