"""Children: started by argv, drained in bounded memory, stopped when their job is, always reaped."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Callable

from .errors import named
from .jobs import Job

GRACE_SECONDS = 1.0
READ_BYTES = 64 * 1024
MAX_LINE_BYTES = 4096
STDERR_LINES = 20

LineHandler = Callable[[str], None]


@dataclass(frozen=True)
class Finished:
    """How a child ended and the last lines that it said on stderr."""

    returncode: int
    stderr: list[str]


def run(
    argv: Sequence[str],
    job: Job,
    on_line: LineHandler,
    time_limit: float | None = None,
) -> Finished:
    """Run a child in the job's directory to its end, handing each line of its stdout to `on_line`.

    A cancelled or overdue job ends it: terminate, then kill after a second. The job's answer is
    then raised, once the child is reaped.
    """
    job.check()
    try:
        process = subprocess.Popen(
            list(argv),
            cwd=job.job_dir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
    except OSError as error:
        raise named("NotConfigured", f"cannot start {argv[0]}: {error.strerror}") from error
    child = _Child(process, job, time_limit)
    try:
        child.pump(on_line)
    finally:
        child.reap()
    job.check()
    if child.overran:
        raise named("InvalidMedia", f"{os.path.basename(argv[0])} took longer than {time_limit:g} s and was stopped")
    return Finished(process.returncode, child.stderr.lines)


@dataclass
class _Tail:
    """The last lines of a stream."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        if line.strip():
            self.lines.append(line.strip())
            del self.lines[:-STDERR_LINES]


class _Lines:
    """Cuts a byte stream into lines; what exceeds the length of a line is dropped."""

    def __init__(self, handler: LineHandler) -> None:
        self._handler = handler
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._handler(line[:MAX_LINE_BYTES].decode("utf-8", "replace"))
        self._rest = rest[:MAX_LINE_BYTES]

    def close(self) -> None:
        if self._rest:
            self._handler(self._rest.decode("utf-8", "replace"))


class _Child:
    """One running child, with a pipe on which another thread can wake the one that waits for it."""

    def __init__(self, process: subprocess.Popen[bytes], job: Job, time_limit: float | None) -> None:
        self._process = process
        self._job = job
        self._limit_at = None if time_limit is None else time.monotonic() + time_limit
        self._kill_at: float | None = None
        self._give_up_at: float | None = None
        self._kill_now = False
        self.overran = False
        self.stderr = _Tail()

    def pump(self, on_line: LineHandler) -> None:
        """Read both streams to their end, stopping the child where the job says so."""
        wake_read, wake_write = os.pipe()
        try:
            with self._job.stopper(lambda at_once: self._wake(wake_write, at_once)):
                with selectors.DefaultSelector() as selector:
                    selector.register(wake_read, selectors.EVENT_READ)
                    self._register(selector, self._process.stdout, _Lines(on_line))
                    self._register(selector, self._process.stderr, _Lines(self.stderr.add))
                    self._drain(selector, wake_read)
        finally:
            os.close(wake_read)
            os.close(wake_write)

    @staticmethod
    def _register(selector: selectors.BaseSelector, stream: IO[bytes] | None, lines: _Lines) -> None:
        assert stream is not None
        selector.register(stream, selectors.EVENT_READ, lines)

    def _wake(self, wake_write: int, at_once: bool) -> None:
        self._kill_now = self._kill_now or at_once
        os.write(wake_write, b"!")

    def _drain(self, selector: selectors.BaseSelector, wake_read: int) -> None:
        streams = 2
        while streams:
            for key, _ in selector.select(self._timeout()):
                data = os.read(key.fd, READ_BYTES)
                if key.fd == wake_read:
                    self._begin_stop()
                elif data:
                    key.data.feed(data)
                else:
                    key.data.close()
                    selector.unregister(key.fileobj)
                    streams -= 1
            if self._given_up():
                return

    def _timeout(self) -> float | None:
        now = time.monotonic()
        stop_at = self._give_up_at or self._kill_at
        if stop_at is not None:
            return max(0.0, stop_at - now)
        limit = None if self._limit_at is None else max(0.0, self._limit_at - now)
        waits = [wait for wait in (limit, self._job.remaining()) if wait is not None]
        return min(waits) if waits else None

    def _begin_stop(self) -> None:
        if self._kill_at is None:
            self._process.terminate()
            self._kill_at = time.monotonic() + GRACE_SECONDS
        if self._kill_now:
            self._kill_at = time.monotonic()

    def _given_up(self) -> bool:
        """Move along: overdue → terminate → kill → leave pipes that somebody else holds open."""
        now = time.monotonic()
        if self._kill_at is None:
            self.overran = self._limit_at is not None and now >= self._limit_at
            if self.overran or self._job.remaining() == 0.0:
                self._begin_stop()
        elif self._give_up_at is None and now >= self._kill_at:
            self._process.kill()
            self._give_up_at = now + GRACE_SECONDS
        return self._give_up_at is not None and now >= self._give_up_at

    def reap(self) -> None:
        """Wait for the end, and force it where the child closed its streams but lives on."""
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
