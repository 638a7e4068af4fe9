"""Programs that a job runs: started by argv, drained in bounded memory, ended when the job is, always reaped."""

from __future__ import annotations

import os
import selectors
import subprocess
import time

from .errors import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO, Callable, Literal

    from .context import Context
    from .files import AnyPath

    Reason = Literal["started", "time", "output", "status"]

GRACE = 1.0
"""How long a program may take to end once it was asked to, in seconds."""

MOST_OUTPUT = 16 * 1024 * 1024
_MOST_LINE = 64 * 1024
_STDERR_LINES = 20
_READ_BYTES = 64 * 1024

_running: set[subprocess.Popen[bytes]] = set()


class Finished:
    """How a program ended, what it printed where nobody took its lines, and the last lines of its stderr."""

    def __init__(self, returncode: int, stdout: bytes, stderr: list[str]) -> None:
        self.returncode = returncode
        self.stdout = stdout
        self.stderr = stderr


class ProgramFailed(Error):
    """A program failed; unless somebody knows better, the provider did, too (−32603).

    `reason` says how: it could not be `started`, its `time` was over, its `output` too much, its exit `status` not 0.
    """

    finished: Finished
    reason: Reason


def run(
    context: Context,
    argv: Sequence[AnyPath],
    *,
    on_line: Callable[[str], None] | None = None,
    cwd: AnyPath | None = None,
    env: Mapping[str, str] | None = None,
    time_limit: float | None = None,
    check: bool = True,
) -> Finished:
    """Run a program to its end, with an empty stdin, in the job's directory where it has one.

    Each line that it prints goes to `on_line`; without it, up to 16 MiB are kept. Where nobody
    wants the answer any more it is asked to terminate, killed a second later, and Cancelled is
    raised once it is gone. Raises ProgramFailed where it cannot be started, outlives `time_limit`
    seconds, prints too much or, with `check`, exits with another status than 0.
    """
    context.checkpoint()
    name = os.path.basename(os.fspath(argv[0]))
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            list(argv), cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, bufsize=0
        )
    except OSError as error:
        nothing = Finished(-1, b"", [])
        raise _failed("started", f"`{name}` cannot be started: {error.strerror}", nothing) from error
    _running.add(process)
    child = _Child(process, context, on_line, time_limit)
    try:
        child.pump()
    finally:
        child.reap()
        _running.discard(process)
    context.checkpoint()
    finished = Finished(process.returncode, bytes(child.kept), child.stderr)
    if child.why is not None:
        what = "took too long" if child.why == "time" else f"printed more than {MOST_OUTPUT} bytes"
        raise _failed(child.why, f"`{name}` {what} and was stopped", finished)
    if check and process.returncode != 0:
        how = f"exit status {process.returncode}" if process.returncode > 0 else f"signal {-process.returncode}"
        raise _failed("status", f"`{name}` failed with {how}", finished)
    return finished


def kill_all() -> None:
    """Kill whatever runs: the session is over."""
    for process in list(_running):
        process.kill()


def _failed(reason: Reason, message: str, finished: Finished) -> ProgramFailed:
    said = f": {'; '.join(finished.stderr[-3:])}" if finished.stderr else ""
    error = ProgramFailed.internal(f"{message}{said}")
    assert isinstance(error, ProgramFailed)
    error.reason = reason
    error.finished = finished
    if finished.stderr:
        error.data["stderr"] = finished.stderr
    return error


class _Lines:
    """Cuts a byte stream into lines; what exceeds the length of a line is dropped."""

    def __init__(self, handler: Callable[[str], None]) -> None:
        self._handler = handler
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, rest = (self._rest + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            self._tell(line)
        self._rest = rest[:_MOST_LINE]

    def close(self) -> None:
        if self._rest:
            self._tell(self._rest)

    def _tell(self, line: bytes) -> None:
        self._handler(line[:_MOST_LINE].decode("utf-8", "replace"))


class _Child:
    """One running program, with a pipe by which another thread can wake the one that waits for it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        context: Context,
        on_line: Callable[[str], None] | None,
        time_limit: float | None,
    ) -> None:
        self._process = process
        self._context = context
        self._on_line = on_line
        self._limit_at = None if time_limit is None else time.monotonic() + time_limit
        self._next_stop: float | None = None
        self._killed = False
        self.why: Reason | None = None
        self.kept = bytearray()
        self.stderr: list[str] = []

    def pump(self) -> None:
        """Read both streams to their end, stopping the program where the job says so."""
        wake_read, wake_write = os.pipe()
        forget = self._context.on_cancel(lambda: _wake(wake_write))
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(wake_read, selectors.EVENT_READ)
                self._register(selector, self._process.stdout, _Lines(self._on_line) if self._on_line else None)
                self._register(selector, self._process.stderr, _Lines(self._keep_stderr))
                self._drain(selector, wake_read)
        finally:
            forget()
            os.close(wake_read)
            os.close(wake_write)

    def reap(self) -> None:
        """Wait for the end, and force it where the program closed its streams but lives on."""
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    @staticmethod
    def _register(selector: selectors.BaseSelector, stream: IO[bytes] | None, lines: _Lines | None) -> None:
        assert stream is not None
        selector.register(stream, selectors.EVENT_READ, lines)

    def _drain(self, selector: selectors.BaseSelector, wake_read: int) -> None:
        streams = 2
        while streams and not self._given_up():
            for key, _ in selector.select(self._patience()):
                data = os.read(key.fd, _READ_BYTES)
                if key.fd == wake_read:
                    self._stop()
                elif data:
                    self._take(key.data, data)
                else:
                    if key.data is not None:
                        key.data.close()
                    selector.unregister(key.fileobj)
                    streams -= 1

    def _take(self, lines: _Lines | None, data: bytes) -> None:
        if lines is not None:
            lines.feed(data)
        elif len(self.kept) + len(data) <= MOST_OUTPUT:
            self.kept += data
        else:
            self._stop("output")

    def _keep_stderr(self, line: str) -> None:
        if line.strip():
            self.stderr.append(line.strip())
            del self.stderr[:-_STDERR_LINES]

    def _patience(self) -> float | None:
        until = self._limit_at if self._next_stop is None else self._next_stop
        return None if until is None else max(0.0, until - time.monotonic())

    def _stop(self, why: Reason | None = None) -> None:
        if self._next_stop is None:
            self.why = why
            self._process.terminate()
            self._next_stop = time.monotonic() + GRACE

    def _given_up(self) -> bool:
        """Move along: overdue, asked to terminate, killed, then left with pipes that somebody else holds open."""
        now = time.monotonic()
        if self._next_stop is None:
            if self._limit_at is not None and now >= self._limit_at:
                self._stop("time")
        elif now >= self._next_stop:
            if self._killed:
                return True
            self._process.kill()
            self._killed = True
            self._next_stop = now + GRACE
        return False


def _wake(descriptor: int) -> None:
    try:
        os.write(descriptor, b"!")
    except OSError:  # It has just ended by itself.
        pass
