"""Jobs: one thread each, a bounded number at work at once, every one of them stoppable."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from .errors import CANCELLED, RpcError, cancelled, named
from .progress import Progress

MAX_QUEUED = 64

Stopper = Callable[[bool], None]


class Job:
    """One transform: its directory, its deadline, its progress, and whether it must stop."""

    def __init__(
        self,
        request_id: int,
        job_dir: str,
        progress: Progress,
        deadline_ms: float | None = None,
    ) -> None:
        self.request_id = request_id
        self.job_dir = job_dir
        self.progress = progress
        self._deadline_ms = deadline_ms
        self._deadline = None if deadline_ms is None else time.monotonic() + deadline_ms / 1000
        self._lock = threading.Lock()
        self._stopped = False
        self._at_once = False
        self._stoppers: list[Stopper] = []

    def stop(self, *, at_once: bool = False) -> None:
        """Ask the job to stop; `at_once` grants its children no time to finish."""
        with self._lock:
            if self._stopped and (self._at_once or not at_once):
                return
            self._stopped = True
            self._at_once = at_once
            for stopper in self._stoppers:
                stopper(at_once)

    def check(self) -> None:
        """Raise the answer that a stopped or overdue job gives; otherwise return."""
        if self._stopped:
            raise cancelled()
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise named("DeadlineExceeded", f"the deadline of {self._deadline_ms:g} ms passed and the work was stopped")

    def remaining(self) -> float | None:
        """Seconds until the deadline, or None where there is none."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    @contextmanager
    def stopper(self, callback: Stopper) -> Iterator[None]:
        """Call back when the job is stopped within this block, and now if it already was.

        Callbacks run under the job's lock, so none can come after the block has ended.
        """
        with self._lock:
            self._stoppers.append(callback)
            if self._stopped:
                callback(self._at_once)
        try:
            yield
        finally:
            with self._lock:
                self._stoppers.remove(callback)


class JobTable:
    """All jobs that have not been answered yet."""

    def __init__(self, max_active: int) -> None:
        self._max_active = max_active
        self._changed = threading.Condition()
        self._jobs: dict[int, Job] = {}
        self._active = 0
        self._waiting = 0
        self.last_error: str | None = None

    def __contains__(self, request_id: int) -> bool:
        with self._changed:
            return request_id in self._jobs

    @property
    def active(self) -> int:
        """Jobs at work."""
        with self._changed:
            return self._active

    @property
    def queued(self) -> int:
        """Jobs that wait for their turn."""
        with self._changed:
            return self._waiting

    def start(self, job: Job, work: Callable[[], None]) -> None:
        """Run `work`, which answers the request, on a thread of its own."""
        with self._changed:
            if len(self._jobs) >= self._max_active + MAX_QUEUED:
                message = f"{MAX_QUEUED} jobs are already waiting for {self._max_active} places; try again later"
                raise named("ResourceExhausted", message, retryable=True, retryAfterMs=1000)
            self._jobs[job.request_id] = job
        try:
            threading.Thread(target=self._run, args=(job, work), daemon=True).start()
        except RuntimeError as error:
            self._forget(job)
            raise named("ResourceExhausted", f"no thread for the job: {error}", retryable=True) from error

    def _run(self, job: Job, work: Callable[[], None]) -> None:
        try:
            work()
        finally:
            self._forget(job)

    def _forget(self, job: Job) -> None:
        with self._changed:
            del self._jobs[job.request_id]
            self._changed.notify_all()

    @contextmanager
    def turn(self, job: Job) -> Iterator[None]:
        """Wait for one of the places at work and hold it for the length of the block."""
        with job.stopper(lambda _: self._wake()):
            with self._changed:
                self._wait_for_place(job)
                self._active += 1
        try:
            job.check()
            yield
        except Exception as error:
            if not (isinstance(error, RpcError) and error.code == CANCELLED):
                self.last_error = str(error)
            raise
        finally:
            with self._changed:
                self._active -= 1
                self._changed.notify_all()

    def _wait_for_place(self, job: Job) -> None:
        self._waiting += 1
        try:
            while self._active >= self._max_active:
                job.check()
                self._changed.wait(job.remaining())
        finally:
            self._waiting -= 1

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def stop(self, request_id: int) -> None:
        """Stop one job; an unknown id has been answered already and is ignored."""
        with self._changed:
            job = self._jobs.get(request_id)
        if job is not None:
            job.stop()

    def stop_all(self, within: float, *, at_once: bool = False) -> bool:
        """Stop every job and wait until all have been answered; False where time ran out."""
        with self._changed:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop(at_once=at_once)
        with self._changed:
            return self._changed.wait_for(lambda: not self._jobs, within)
