//! What a provider can say and learn while it works on a job.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use prizm_protocol::Charged;
use tokio::time::Instant;

use crate::Error;
use crate::job::Job;

/// A job as its provider sees it. Clones are the same job.
#[derive(Clone)]
pub struct Context(pub(crate) Arc<Job>);

/// How far a job is. What is absent is not said.
///
/// ```
/// use prizm_plugin::Progress;
///
/// let progress = Progress {
///     fraction: Some(0.25),
///     stage: Some("rendering".into()),
///     message: Some("step 5 of 20".into()),
///     ..Progress::default()
/// };
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// From 0 to 1. It is clamped, and never falls: the host is told the highest so far.
    pub fraction: Option<f64>,
    /// What is being done, in a word: `queued`, `rendering`…
    pub stage: Option<String>,
    /// A sentence for people.
    pub message: Option<String>,
    /// How long it will still take.
    pub eta: Option<Duration>,
}

impl Context {
    /// Says how far the job is. It costs little: the host is told ten times a second at most, and
    /// always of the last one before the answer.
    pub fn progress(&self, fraction: f64, stage: &str) {
        self.report(Progress { fraction: Some(fraction), stage: Some(stage.to_owned()), ..Progress::default() });
    }

    /// Says how far the job is, in full.
    pub fn report(&self, progress: Progress) {
        self.0.report(progress);
    }

    /// Sends the next piece of a text before the answer, which must stand alone without it. Waits
    /// while the host does not read.
    pub async fn chunk_text(&self, text: &str) {
        // A character takes six bytes at most in JSON; what remains is for the rest of the frame.
        for piece in pieces(text, self.0.outbox.limit() / 8) {
            self.0.chunk(Some(piece.to_owned()), None).await;
        }
    }

    /// Sends a file of [`Context::create_output`] before the answer, which must stand alone
    /// without it. Waits while the host does not read.
    ///
    /// # Errors
    /// The file is not beneath the job's directory.
    pub async fn chunk_file(&self, path: impl Into<PathBuf>) -> Result<(), Error> {
        let path = self.relative(&path.into())?;
        self.0.chunk(None, Some(path)).await;
        Ok(())
    }

    /// Says that a remote system has taken the job under this name, so that it is never submitted
    /// again. The answer, should it be an error, repeats it. Only the first call counts.
    pub fn accepted(&self, remote_id: &str, charged: Charged) {
        self.0.accepted(remote_id, charged);
    }

    /// Waits until nobody wants the answer any more: the job was cancelled or is over.
    pub async fn cancelled(&self) {
        self.0.token.cancelled().await;
    }

    /// Returns whether nobody wants the answer any more.
    pub fn is_cancelled(&self) -> bool {
        self.0.token.is_cancelled()
    }

    /// Ends the work early where nobody wants the answer: `cx.checkpoint()?`.
    ///
    /// # Errors
    /// The job was cancelled.
    pub fn checkpoint(&self) -> Result<(), Error> {
        if self.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }

    /// Returns when an answer is of no more use. The SDK drops the work then.
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.0.deadline.map(Instant::into_std)
    }

    /// Returns the job's name in logs; empty for what is only estimated.
    pub fn job_id(&self) -> &str {
        &self.0.job_id
    }

    /// Runs work that computes or blocks on a thread of its own, so that the provider stays able
    /// to answer. Such work cannot be dropped: let it call [`Context::checkpoint`] often.
    ///
    /// ```
    /// # use prizm_plugin::{Context, Error};
    /// # async fn example(cx: &Context) -> Result<u64, Error> {
    /// cx.blocking(|cx| {
    ///     let mut sum = 0;
    ///     for row in 0..1_000u64 {
    ///         cx.checkpoint()?;
    ///         cx.progress(row as f64 / 1_000.0, "adding");
    ///         sum += row;
    ///     }
    ///     Ok(sum)
    /// })
    /// .await
    /// # }
    /// ```
    ///
    /// # Errors
    /// The work's own, a panic in it, or −32800 where the job was cancelled before it began.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Context) -> Result<T, Error> + Send + 'static,
    {
        let cx = self.clone();
        let begin = move || {
            cx.checkpoint()?;
            work(&cx)
        };
        match tokio::task::spawn_blocking(begin).await {
            Ok(outcome) => outcome,
            Err(error) => Err(match error.try_into_panic() {
                Ok(payload) => Error::panicked(&*payload),
                Err(_) => Error::cancelled(),
            }),
        }
    }
}

/// Cuts text into pieces of at most `most` bytes between characters.
fn pieces(mut text: &str, most: usize) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (piece, rest) = text.split_at(text.floor_char_boundary(most));
        text = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_characters_and_lose_nothing() {
        let text = "añ漢字🦊".repeat(50);
        let cut: Vec<&str> = pieces(&text, 16).collect();
        assert!(cut.iter().all(|piece| !piece.is_empty() && piece.len() <= 16));
        assert_eq!(cut.concat(), text);
        assert_eq!(pieces("", 16).count(), 0);
    }
}
