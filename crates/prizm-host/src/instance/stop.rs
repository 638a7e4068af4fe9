//! The four rungs of stopping, each on its own timer: none of them hangs on whatever asked for it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use prizm_protocol::methods::{Empty, Shutdown, notifications};
use rustix::process::Signal;
use tokio::time::{Instant, timeout};

use super::Instance;
use crate::Stage;

/// How long `shutdown` may take.
const SHUTDOWN: Duration = Duration::from_secs(5);
/// How long a plugin may take to leave once its stdin is closed.
const EXIT: Duration = Duration::from_secs(2);
/// How long it may take after SIGTERM.
const TERM: Duration = Duration::from_secs(3);
/// How long the kernel may take after SIGKILL.
const KILL: Duration = Duration::from_secs(5);

impl Instance {
    /// `shutdown` → `exit` and close stdin → SIGTERM to the group → SIGKILL to the group.
    pub(crate) async fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        let deadline = Instant::now() + SHUTDOWN;
        // Whatever it answers, it has to leave; an answer only spares the wait.
        let _ = self.connection.request::<Shutdown>(&Empty {}, Stage::Stop, deadline).await;
        self.connection.outbox.notify(notifications::EXIT, Empty {});
        self.connection.outbox.close();
        if self.ends_within(EXIT).await {
            return;
        }
        tracing::debug!(pid = self.pid(), "the plugin ignores `exit`: SIGTERM");
        self.run.process.signal(Signal::TERM);
        if self.ends_within(TERM).await {
            return;
        }
        self.kill().await;
    }

    /// The last rung alone: for a plugin that cannot listen.
    pub(crate) async fn kill(&self) {
        self.stopping.store(true, Ordering::Release);
        tracing::debug!(pid = self.pid(), "SIGKILL");
        self.run.process.signal(Signal::KILL);
        self.ends_within(KILL).await;
    }

    async fn ends_within(&self, patience: Duration) -> bool {
        let mut ended = self.connection.ended.clone();
        timeout(patience, ended.wait_for(Option::is_some)).await.is_ok_and(|ended| ended.is_ok())
    }
}
