//! Work that waits for the disk or for another process, on a thread for it.

use crate::{Error, ErrorKind, Result};

/// Does work that blocks on a thread for it: whoever awaits it can be cancelled meanwhile.
pub(crate) async fn blocking<T: Send + 'static, E: Into<Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Into::into),
        Err(error) => Err(Error::new(ErrorKind::Io, format!("the work was not finished: {error}"))
            .hinted("repeat it; if it fails again, this is a fault of Prizm")),
    }
}
