//! Tar archives, written block by block: what no packer would write, an archive can still hold.

use super::gzip::{self, Piece};

/// Tar counts in blocks of this size.
const BLOCK: usize = 512;
/// How many bytes a name can have in a header.
const NAME: usize = 100;
/// When every file of every npm package was changed.
const CHANGED: u64 = 499_162_500;

/// A tar archive that grows by one entry at a time. Names are written as they are: `..`, absolute,
/// twice, with control characters.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    pieces: Vec<Piece>,
}

/// The header of an entry.
#[derive(Clone, Debug)]
pub struct Header {
    name: Vec<u8>,
    kind: u8,
    mode: u32,
    link: Vec<u8>,
    size: Option<u64>,
}

impl Header {
    /// Returns the header of an entry of this kind, as tar numbers them: `0` a file, `1` a hard link, `2` a
    /// symbolic link, `3` a character device, `5` a directory, `6` a FIFO.
    pub fn new(name: impl AsRef<[u8]>, kind: u8) -> Self {
        Self { name: name.as_ref().to_vec(), kind, mode: 0o644, link: Vec::new(), size: None }
    }

    /// Returns the header of a file.
    pub fn file(name: impl AsRef<[u8]>) -> Self {
        Self::new(name, b'0')
    }

    /// Sets the mode: `0o4755` is a setuid program.
    pub fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    /// Sets what a link leads to.
    pub fn link(self, target: impl AsRef<[u8]>) -> Self {
        Self { link: target.as_ref().to_vec(), ..self }
    }

    /// Claims a size that need not be that of the content.
    pub fn size(self, size: u64) -> Self {
        Self { size: Some(size), ..self }
    }

    fn block(&self, content: u64) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.name[..self.name.len().min(NAME)]);
        put(100, format!("{:07o}", self.mode).as_bytes());
        put(108, b"0000000");
        put(116, b"0000000");
        put(124, octal(self.size.unwrap_or(content)).as_bytes());
        put(136, octal(CHANGED).as_bytes());
        put(148, b"        ");
        put(156, &[self.kind]);
        put(157, &self.link[..self.link.len().min(NAME)]);
        put(257, b"ustar\x0000");
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block
    }
}

/// Writes a number into eleven digits, the greatest number that has them if it has more.
fn octal(number: u64) -> String {
    format!("{:011o}", number.min(0o77_777_777_777))
}

impl Archive {
    /// Returns an archive without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn file(self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.entry(Header::file(name), content)
    }

    /// Adds a directory.
    pub fn directory(self, name: impl AsRef<[u8]>) -> Self {
        self.entry(Header::new(name, b'5').mode(0o755), b"")
    }

    /// Adds a symbolic link.
    pub fn symlink(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.entry(Header::new(name, b'2').link(target), b"")
    }

    /// Adds a hard link.
    pub fn hardlink(self, name: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.entry(Header::new(name, b'1').link(target), b"")
    }

    /// Adds a FIFO.
    pub fn fifo(self, name: impl AsRef<[u8]>) -> Self {
        self.entry(Header::new(name, b'6'), b"")
    }

    /// Adds an entry. A name that is too long for a header goes before it, as POSIX has it.
    pub fn entry(self, header: Header, content: impl AsRef<[u8]>) -> Self {
        let long = header.name.len() > NAME;
        let archive = if long { self.pax(&[("path", &header.name)]) } else { self };
        archive.write(&header, content.as_ref())
    }

    /// Adds a POSIX extended header with these records: it is about the next entry.
    pub fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let content: Vec<_> = records.iter().flat_map(|(key, value)| record(key, value)).collect();
        self.write(&Header::new("PaxHeader", b'x'), &content)
    }

    /// Adds a file about whose size its headers disagree, with entries for content. Who believes the
    /// extended header sees a file; who believes the other, that says `stated`, sees what follows those
    /// bytes: the entries themselves for 0.
    pub fn desync(self, name: impl AsRef<[u8]>, stated: u64, hidden: &Self) -> Self {
        let hidden = hidden.entries();
        let size = hidden.len().to_string();
        self.pax(&[("size", size.as_bytes())]).write(&Header::file(name).size(stated), &hidden)
    }

    /// Adds a file of so many zeros, which take next to no room until they are unpacked.
    pub fn bomb(mut self, name: impl AsRef<[u8]>, size: u64) -> Self {
        self.pieces.push(Piece::Bytes(Header::file(name).block(size)));
        self.pieces.push(Piece::Zeros(size.next_multiple_of(BLOCK as u64)));
        self
    }

    fn write(mut self, header: &Header, content: &[u8]) -> Self {
        let mut bytes = header.block(content.len() as u64);
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        self.pieces.push(Piece::Bytes(bytes));
        self
    }

    /// Returns the entries without the end of an archive.
    fn entries(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(Piece::bytes).collect()
    }

    /// Returns the archive.
    pub fn tar(&self) -> Vec<u8> {
        let mut bytes = self.entries();
        bytes.extend([0; 2 * BLOCK]);
        bytes
    }

    /// Returns the archive, compressed.
    pub fn gzip(&self) -> Vec<u8> {
        let end = Piece::Zeros(2 * BLOCK as u64);
        gzip::compress(self.pieces.iter().chain([&end]))
    }
}

/// Returns a record of an extended header: its length, which counts its own digits, key and value.
fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    [format!("{length} {key}=").as_bytes(), value, b"\n"].concat()
}

/// Returns a compressed archive with one file that does not end, and does not compress either.
pub(crate) fn endless() -> impl Iterator<Item = Vec<u8>> {
    let header = Header::file("package/endless").block(u64::MAX);
    gzip::stored(std::iter::once(header).chain(gzip::noise()))
}
