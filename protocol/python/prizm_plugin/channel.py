"""Frames on their way to the host: whole, one after the other, in bounded memory."""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread

from . import frames
from .errors import Error
from .note import note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Protocol

    from .types import Charged

    class Sink(Protocol):
        """Where frames go."""

        def write(self, data: bytes) -> None:
            """Write all of it, waiting where nobody reads."""

        def is_ready(self) -> bool:
            """Whether SMALL bytes can be written without waiting."""


SMALL = 4096
"""What a pipe that is ready takes without waiting."""

FULL = 16 * 1024 * 1024
"""Above this many unwritten bytes, nothing that wants an answer is read."""

_LEAST_LIMIT = 1024
_MOST_LIMIT = 64 * 1024 * 1024


class Channel:
    """The way to the host. Usable from any thread; a frame is written whole before another begins."""

    def __init__(self, sink: Sink, broken: Callable[[OSError], None]) -> None:
        self.limit = frames.MAX_FRAME_BYTES
        self._sink = sink
        self._broken = broken
        self._lock = allocate_lock()
        self._queue_lock = allocate_lock()
        self._backlog: list[bytes] = []
        self._backlog_bytes = 0
        self._draining = False
        self._closed = False

    def set_limit(self, bytes: int) -> None:
        """Set the largest frame that the host reads; one that leaves no room for an error is not believed."""
        self.limit = max(_LEAST_LIMIT, min(bytes, _MOST_LIMIT))

    def send(self, data: bytes) -> None:
        """Write frames, after all that waits; itself waits while the host does not read."""
        if self._closed:
            return
        with self._lock:
            for earlier in self._take_backlog():
                self._write(earlier)
            self._write(data)

    def try_send(self, data: bytes) -> bool:
        """Write small frames if that needs no waiting."""
        if self._closed:
            return True
        if self._backlog or len(data) > SMALL or not self._lock.acquire(False):
            return False
        try:
            if not self._sink.is_ready():
                return False
            self._write(data)
            return True
        finally:
            self._lock.release()

    def post(self, data: bytes) -> None:
        """Have frames written without waiting: at once, or by a thread while the host does not read."""
        if self.try_send(data):
            return
        with self._queue_lock:
            self._backlog.append(data)
            self._backlog_bytes += len(data)
            if self._draining:
                return
            self._draining = True
        start_new_thread(self._drain, ())

    def is_full(self) -> bool:
        """Whether so much is unwritten that nothing more should be asked."""
        return self._backlog_bytes >= FULL

    def is_idle(self) -> bool:
        """Whether everything has been written."""
        return self._closed or not (self._backlog_bytes or self._draining or self._lock.locked())

    def close(self) -> None:
        """Drop what comes from now on."""
        self._closed = True

    def _take_backlog(self) -> list[bytes]:
        if not self._backlog:
            return []
        with self._queue_lock:
            taken, self._backlog, self._backlog_bytes = self._backlog, [], 0
            return taken

    def _drain(self) -> None:
        while True:
            with self._lock:
                for data in self._take_backlog():
                    self._write(data)
            with self._queue_lock:
                if not self._backlog:
                    self._draining = False
                    return

    def _write(self, data: bytes) -> None:
        if self._closed:
            return
        try:
            self._sink.write(data)
        except (OSError, ValueError) as error:  # A file object that somebody closed is a ValueError.
            self._closed = True
            self._broken(error if isinstance(error, OSError) else OSError(str(error)))

    def notification(self, method: str, params: dict[str, Any]) -> bytes | None:
        """Make a notification's frame; None, with a line on stderr, where it cannot be sent."""
        try:
            frame = frames.frame({"jsonrpc": "2.0", "method": method, "params": params})
        except (ValueError, TypeError, RecursionError) as error:
            note(f"dropped a `{method}` that is no JSON: {error}")
            return None
        if len(frame) - 2 <= self.limit:
            return frame
        note(f"dropped a `{method}` of {len(frame) - 2} bytes; the host reads {self.limit}")
        return None

    def answer(self, id: int, result: Any, error: Error | None, charged: Charged | None = None) -> bytes:
        """Make an answer's frame; what cannot be sent becomes an error that says so."""
        try:
            frame = frames.result(id, result) if error is None else frames.error(id, error.to_wire(charged))
            if len(frame) - 2 <= self.limit:
                return frame
            instead = too_large("the answer", len(frame) - 2, self.limit)
        except (ValueError, TypeError, RecursionError) as failure:
            instead = Error.internal(f"the answer cannot be written as JSON: {failure}")
        return frames.error(id, instead.to_wire(charged))


def too_large(what: str, size: int, limit: int) -> Error:
    """The error for a frame over the limit."""
    message = f"{what} has {size} bytes; the limit is {limit}. Send media by path"
    return Error("FrameTooLarge", message, details={"size": size, "limit": limit})
