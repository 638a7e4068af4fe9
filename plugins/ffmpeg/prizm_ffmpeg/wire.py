"""The channel: frames in from stdin, frames out on a private copy of stdout."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union

MAX_FRAME_BYTES = 8 * 1024 * 1024
READ_BYTES = 64 * 1024
HEAD_BYTES = 256


@dataclass(frozen=True)
class Garbled:
    """A line that is not JSON, and why."""

    reason: str


@dataclass(frozen=True)
class Oversized:
    """A line over the limit: discarded but for its beginning."""

    head: bytes
    size: int


Frame = Union[Garbled, Oversized, Any]


class Channel:
    """Owns both ends of the conversation; nothing else in the process can reach them."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._lock = threading.Lock()
        self._broken = False

    @classmethod
    def guard_stdio(cls) -> Channel:
        """Take stdin and stdout for frames, leaving /dev/null and stderr in their places.

        From here on `print()`, `input()` and children that inherit the standard descriptors
        cannot touch the conversation. `os.dup` makes its copies close-on-exec.
        """
        read_fd, write_fd = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        os.set_blocking(read_fd, True)
        os.set_blocking(write_fd, True)
        return cls(read_fd, write_fd)

    def send(self, message: dict[str, Any]) -> None:
        """Write one frame. A host that no longer listens is found out by EOF on the other side."""
        text = json.dumps(message, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        frame = memoryview(b"\n" + text.encode("ascii") + b"\n")
        with self._lock:
            try:
                while frame and not self._broken:
                    frame = frame[os.write(self._write_fd, frame) :]
            except OSError:
                self._broken = True

    def frames(self) -> Iterator[Frame]:
        """Every frame until EOF: the parsed JSON value, or what was wrong with the line."""
        for line in self._lines():
            if isinstance(line, Oversized):
                yield line
                continue
            parsed = _parse(line)
            if parsed is not None:
                yield parsed

    def _lines(self) -> Iterator[bytes | Oversized]:
        buffer = bytearray()
        head: bytes | None = None
        dropped = 0
        while True:
            chunk = os.read(self._read_fd, READ_BYTES)
            if not chunk:
                return
            *complete, rest = chunk.split(b"\n")
            for piece in complete:
                size = dropped + len(buffer) + len(piece)
                if head is None and size <= MAX_FRAME_BYTES:
                    yield bytes(buffer) + piece
                else:
                    yield Oversized(head or bytes(buffer[:HEAD_BYTES]), size)
                buffer, head, dropped = bytearray(), None, 0
            buffer += rest
            if head is not None or len(buffer) > MAX_FRAME_BYTES:
                head = head or bytes(buffer[:HEAD_BYTES])
                dropped += len(buffer)
                buffer = bytearray()


def _parse(line: bytes) -> Frame:
    """The JSON value of a line, or None where the line is blank."""
    try:
        text = line.decode("utf-8").lstrip("\ufeff").strip()
        if not text:
            return None
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return Garbled(str(error) or type(error).__name__)
    return Garbled("a frame is an object, not null") if value is None else value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
