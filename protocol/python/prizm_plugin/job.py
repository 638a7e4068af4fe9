"""One request between its arrival and its answer."""

from __future__ import annotations

import time
from threading import Event, Lock

from .errors import Error, cancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any, Callable

    from .channel import Channel
    from .clock import Clock, Timer
    from .types import Charged

PROGRESS_INTERVAL = 0.1
"""The least time between two progress frames of a job, in seconds."""

GRACE = 3.0
"""How long work that was cancelled, or is overdue, may take to return before it is answered without it, in seconds."""


class Job:
    """What the author's code, the thread that runs it, and the session share.

    The lock is held while frames of the job are written, so that none comes after its answer.
    Nothing waits for the lock of a job that is at work but its own frames and the clock.
    """

    # Most jobs never set most of these.
    is_shutdown = False
    has_slot = False
    answered = False
    is_cancelled = False
    task: asyncio.Task[None] | None = None
    deadline: float | None = None
    job_id = ""
    job_dir: str | None = None
    _within_ms: int | None = None
    _is_overdue = False
    _over: Event | None = None
    _flush: Timer | None = None
    _seq = 0
    _fraction: float | None = None
    _due = 0.0
    _pending: dict[str, Any] | None = None
    _charged: Charged | None = None

    def __init__(self, id: int, size: int, channel: Channel, clock: Clock) -> None:
        self.id = id
        self.size = size
        self.before_answer: Callable[[Job, Error | None], None] = _nothing
        self.after_answer: Callable[[Job], None] = _nothing
        self._channel = channel
        self._clock = clock
        self._lock = Lock()
        self._over_lock = Lock()
        self._on_over: list[Callable[[], None]] = []
        self._timers: list[Timer] = []

    def for_transform(self, params: dict[str, Any]) -> None:
        """Take what a transform says of its circumstances."""
        self.job_id = params["jobId"]
        self.job_dir = params.get("jobDir")
        within = self._within_ms = params.get("deadlineMs")
        if within is not None:
            self.deadline = time.monotonic() + within / 1000
            self._later(within / 1000, self._overdue)

    def limit(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back after some seconds, unless the job is answered before."""
        self._later(seconds, call)

    # What is said of it.

    def report(self, fraction: float | None, **said: Any) -> None:
        """Send progress, or hold it back where it comes too early or the host does not read."""
        with self._lock:
            if self.answered:
                return
            if fraction is not None and fraction == fraction:
                self._fraction = max(self._fraction or 0.0, min(max(float(fraction), 0.0), 1.0))
                said["fraction"] = self._fraction
            self._pending = {key: value for key, value in said.items() if value is not None}
            early = self._due - time.monotonic()
            if early > 0 or not self._send_pending():
                self._hold_back(max(early, 0.001))

    def _hold_back(self, seconds: float) -> None:
        if self._flush is None:
            self._flush = self._clock.after(seconds, self._send_held_back)

    def _send_pending(self) -> bool:
        frame = self._progress_frame(self._seq + 1)
        if frame is None:
            self._pending = None
            return True
        if not self._channel.try_send(frame):
            return False
        self._seq += 1
        self._pending = None
        self._due = time.monotonic() + PROGRESS_INTERVAL
        return True

    def _send_held_back(self) -> None:
        with self._lock:
            self._flush = None
            if self._pending is not None and not self.answered and not self._send_pending():
                self._hold_back(PROGRESS_INTERVAL)

    def _progress_frame(self, seq: int) -> bytes | None:
        said = self._pending or {}
        return self._channel.notification("$/progress", {"id": self.id, "seq": seq, **said})

    def chunk(self, **part: str) -> None:
        """Send a part of the result, waiting while the host does not read."""
        with self._lock:
            if self.answered:
                return
            self._seq += 1
            self._send("$/chunk", {"id": self.id, "seq": self._seq, **part})

    def accepted(self, remote_id: str, charged: Charged) -> None:
        """Say that a remote system has taken the job; only the first call counts."""
        with self._lock:
            if not self.answered and self._charged is None:
                self._charged = charged
                self._send("$/accepted", {"id": self.id, "remoteId": remote_id, "charged": charged})

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification that belongs to this request, unless the host does not read."""
        with self._lock:
            frame = None if self.answered else self._channel.notification(method, params)
            if frame is not None:
                self._channel.try_send(frame)

    def _send(self, method: str, params: dict[str, Any]) -> None:
        frame = self._channel.notification(method, params)
        if frame is not None:
            self._channel.send(frame)

    # How it ends.

    def answer(self, result: Any = None, error: Error | None = None, *, waits: bool = False) -> bool:
        """Answer the request, once: False where it has been. `waits` for a host that does not read."""
        with self._lock:
            if self.answered:
                return False
            self.answered = True
            if self._is_overdue:
                error = self._too_late()
            last = None if self._pending is None else self._progress_frame(self._seq + 1)
            frames = (last or b"") + self._channel.answer(self.id, result, error, self._charged)
            for timer in self._timers:
                timer.cancel()
            self.before_answer(self, error)
            (self._channel.send if waits else self._channel.post)(frames)
        # Work that still runs, on a thread that nothing can stop, learns that it is over.
        self._set_over()
        self.after_answer(self)
        return True

    def drop(self) -> None:
        """Tell the work that it is over; nobody is answered any more."""
        self._set_over()

    def cancel(self) -> None:
        """Ask the work to stop; what has not returned after the grace is answered without it."""
        if not self.is_cancelled:
            self._set_over()
            self._later(GRACE, lambda: self.answer(error=cancelled()))

    def _overdue(self) -> None:
        self._is_overdue = True
        if self.has_slot:
            # It is answered as soon as the work has returned, so that nothing of it is left.
            self._set_over()
            self._later(GRACE, self.answer)
        else:
            self.answer()

    def _too_late(self) -> Error:
        return Error("DeadlineExceeded", f"the job's deadline of {self._within_ms} ms has passed")

    def _later(self, seconds: float, call: Callable[[], Any]) -> None:
        self._timers.append(self._clock.after(seconds, call))
        if self.answered:
            self._timers[-1].cancel()

    def _set_over(self) -> None:
        with self._over_lock:
            self.is_cancelled = True
            calls, self._on_over = self._on_over, []
            if self._over is not None:
                self._over.set()
        for call in calls:
            call()

    def on_over(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call back, from any thread, when nobody wants the answer any more; gives how to take that back."""
        with self._over_lock:
            if not self.is_cancelled:
                self._on_over.append(call)
                return lambda: self._forget(call)
        call()
        return lambda: None

    def _forget(self, call: Callable[[], None]) -> None:
        with self._over_lock:
            if call in self._on_over:
                self._on_over.remove(call)

    def wait_over(self, seconds: float | None) -> bool:
        """Wait until nobody wants the answer any more, or for some seconds; whether it is so."""
        with self._over_lock:
            if self.is_cancelled:
                return True
            if self._over is None:
                self._over = Event()
        return self._over.wait(seconds)


def _nothing(*_: Any) -> None:
    """Nobody wants to know."""
