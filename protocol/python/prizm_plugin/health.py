"""How a provider feels."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .types import HealthStatus


class Health:
    """How a provider feels, in a word, and what the SDK has measured."""

    def __init__(
        self,
        status: HealthStatus,
        uptime_ms: int,
        active_jobs: int,
        queued_jobs: int,
        last_error: str | None = None,
    ) -> None:
        self.status: HealthStatus = status
        self.uptime_ms = uptime_ms
        self.active_jobs = active_jobs
        self.queued_jobs = queued_jobs
        self.last_error = last_error

    def to_wire(self) -> dict[str, Any]:
        """As it crosses the wire."""
        health = {
            "status": self.status,
            "uptimeMs": self.uptime_ms,
            "activeJobs": self.active_jobs,
            "queuedJobs": self.queued_jobs,
        }
        return health if self.last_error is None else {**health, "lastError": self.last_error}
