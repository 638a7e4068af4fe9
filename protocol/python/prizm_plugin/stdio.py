"""The process around a session: its standard streams and its exit code."""

from __future__ import annotations

import os
import sys

from .channel import Channel
from .note import note, tell, tell_traceback
from .session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Callable, NoReturn

    from .provider import Provider

EXIT_RUN_BY_HAND = 64
EXIT_CHANNEL_FAILED = 1
EXIT_INTERRUPTED = 130

_READ_BYTES = 64 * 1024


def serve(provider: Provider) -> NoReturn:
    """Run a provider in this process until the host is done with it.

    Call it last in the program. It takes stdin and stdout for itself: what the program or a child
    of it prints afterwards goes to stderr, and they read an empty stdin. What still runs then has
    half a second to clean up; `atexit` is not called.

    The exit code is 0 when the host said `exit` or is gone, 1 when the channel failed, and 64 when
    a person started the program by hand.
    """
    if os.environ.get("PRIZM_PLUGIN") != "1" or _is_terminal(0):
        tell(f"`{provider.id}` is a Prizm provider, which Prizm starts. Try: prizm run {provider.id} INPUT")
        raise SystemExit(EXIT_RUN_BY_HAND)
    reader, writer = _guard()
    sink = _Descriptor(writer)
    session = Session(provider, Channel(sink, _broken))
    os.register_at_fork(after_in_child=lambda: _leave_channel(session, reader, writer))
    try:
        session.run(lambda: os.read(reader, _READ_BYTES))
        code = 0
    except OSError as error:
        note(f"cannot read from the host: {error}")
        code = EXIT_CHANNEL_FAILED
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except SystemExit as end:  # A signal handler of the author's asked for it.
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as error:
        tell_traceback(error)
        code = EXIT_CHANNEL_FAILED
    _leave(code)


def serve_io(provider: Provider, reader: BinaryIO, writer: BinaryIO) -> None:
    """Serve a provider over binary streams, without a process: for tests; see `prizm_plugin.testing`.

    Returns when the host says `exit` or the reader ends. Raises OSError where writing failed.
    """
    failures: list[OSError] = []
    session = Session(provider, Channel(_Stream(writer), failures.append))
    read = getattr(reader, "read1", reader.read)
    session.run(lambda: b"" if failures else read(_READ_BYTES))
    if failures:
        raise failures[0]


class _Descriptor:
    """A way out through a descriptor of this process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._is_ready = _readiness(descriptor)

    def write(self, data: bytes) -> None:
        written = os.write(self._descriptor, data)
        while written < len(data):
            data = data[written:]
            written = os.write(self._descriptor, data)

    def is_ready(self) -> bool:
        return self._is_ready()


class _Stream:
    """A way out through a file object."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        try:
            self.is_ready = _readiness(stream.fileno())
        except (OSError, AttributeError):
            self.is_ready = lambda: True

    def write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._stream.write(rest) or 0 :]
        self._stream.flush()


def _readiness(descriptor: int) -> Callable[[], bool]:
    """Tell whether a descriptor takes a small frame without waiting."""
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return lambda: bool(poll.poll(0))


def _guard() -> tuple[int, int]:
    """Move the channel to private descriptors that no child inherits.

    The program gets an empty stdin, and stderr as its stdout, so that nothing else can touch the channel.
    """
    import fcntl

    reader = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 3)
    writer = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 3)
    for descriptor in (reader, writer):
        os.set_blocking(descriptor, True)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # Somebody closed stderr.
        os.dup2(null, 1)
        os.dup2(null, 2)
    if null > 2:
        os.close(null)
    _flush()
    # What is printed is for people, who want to see it at once, and see anything.
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    return reader, writer


def _leave_channel(session: Session, *descriptors: int) -> None:
    """In a child that was forked: the conversation is the parent's."""
    session.forked()
    for descriptor in descriptors:
        os.close(descriptor)


def _broken(error: OSError) -> None:
    """Nobody will hear the answers: whatever still runs, runs in vain."""
    note(f"cannot write to the host: {error}")
    _leave(EXIT_CHANNEL_FAILED)


def _leave(code: int) -> NoReturn:
    """End the process at once, with the programs that it runs, and without waiting for any thread."""
    children = sys.modules.get(f"{__package__}.children")
    if children is not None:
        children.kill_all()
    _flush()
    os._exit(code)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass


def _is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
