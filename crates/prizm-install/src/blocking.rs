//! Work that waits for the disk or for another process, on a thread for it.

use crate::{Error, ErrorKind};

/// Does work that blocks on a thread for it: whoever awaits it can be cancelled meanwhile. What the work
/// holds is let go of when it ends.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Store, format!("the work was not finished: {error}"))
            .with_hint("repeat it; if it fails again, this is a fault of Prizm"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_an_error() {
        let error = blocking::<()>(|| panic!("no room")).await.unwrap_err();
        assert!(error.to_string().contains("no room"), "{error}");
    }

    #[test]
    fn work_that_never_began_is_an_error() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let error = handle.block_on(blocking(|| Ok(()))).unwrap_err();
        assert!(error.to_string().contains("cancelled"), "{error}");
    }
}
