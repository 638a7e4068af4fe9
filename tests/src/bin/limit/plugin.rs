//! The plugin: it reads what there is, and answers all of it at once.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::AsFd as _;

use crate::wire::Wire;

/// What is read at once.
pub const BLOCK: usize = 64 << 10;

/// Answers until the host closes the pipe.
pub fn serve<W: Wire>() -> io::Result<()> {
    // By the descriptors: the standard library's own handles have locks and buffers of their own.
    let mut input = BufReader::with_capacity(BLOCK, File::from(io::stdin().as_fd().try_clone_to_owned()?));
    let mut output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    let (mut line, mut out) = (Vec::new(), Vec::new());
    while input.read_until(b'\n', &mut line)? > 0 {
        W::answer(&line, &mut out)?;
        line.clear();
        if input.buffer().is_empty() {
            output.write_all(&out)?;
            out.clear();
        }
    }
    Ok(())
}
