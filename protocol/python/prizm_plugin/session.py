"""A conversation with the host: reading it line by line, and how it ends."""

from __future__ import annotations

import time

from . import frames
from .channel import Channel, too_large
from .errors import Error
from .note import note
from .service import Service, noise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from .frames import Line
    from .provider import Provider
    from .relay import Relay

LINGER_AFTER_EXIT = 1.0
"""How long what is ready may take to be written after `exit`, in seconds."""

LINGER_AFTER_END = 0.1
"""The same after the end of the input, when most likely nobody reads it."""


class Session:
    """One conversation, from the first line to `exit` or the end of the input."""

    def __init__(self, provider: Provider, channel: Channel) -> None:
        self._channel = channel
        self._service = Service(provider, channel)
        self._decoder = frames.LineDecoder()
        self._lines: list[Line] = []
        self._relay: Relay | None = None
        self._at_end = False
        self._linger_for = LINGER_AFTER_END

    def run(self, read: Callable[[], bytes]) -> None:
        """Read and answer until the session ends; `read` gives the next bytes, and none at the end."""
        try:
            while self._relay is None and self._takes_line(read):
                self._relay = self._service.relay
            if self._relay is not None:
                self._relay.watch(lambda: self._lead(read))
        finally:
            self._linger(self._linger_for)
            self._channel.close()
            self._service.abandon()

    def forked(self) -> None:
        """Say nothing from now on, in a child that was forked; its other threads, and their locks, are gone."""
        self._channel.close()

    def _lead(self, read: Callable[[], bytes]) -> None:
        """Read and answer, on a thread of which there may be another later."""
        relay = self._relay
        assert relay is not None
        try:
            while self._takes_line(read):
                if not relay.goes_on():
                    return
            relay.end()
        except BaseException as error:  # It is the session's, and not of the thread.
            relay.end(error)

    def _takes_line(self, read: Callable[[], bytes]) -> bool:
        """Take the next line; False where the session ends."""
        while not self._lines:
            if self._at_end:
                return False
            data = read()
            self._at_end = not data
            self._lines = self._decoder.feed(data) if data else self._decoder.finish()
            self._lines.reverse()
        line = self._lines.pop()
        if self._relay is not None:
            self._relay.has_more = bool(self._lines)
        if self._take(line):
            return True
        self._linger_for = LINGER_AFTER_EXIT
        return False

    def _take(self, line: Line) -> bool:
        """Take one line; False where it ends the session."""
        self._service.wait_for_room()
        if isinstance(line, frames.Oversized):
            self._refuse(line)
            return True
        try:
            message = frames.classify(line)
        except frames.Noise as why:
            noise(len(line), why)
        except frames.Unreadable as why:
            self._service.answer(why.id, None, Error.invalid_params(str(why)))
        else:
            if message.method is None:
                note(f"ignored an answer to no request: {message.id}")
            elif message.id is None:
                return self._notice(message)
            else:
                self._service.handle(message, len(line))
                # `initialize` states the limit.
                self._decoder.limit = self._channel.limit
        return True

    def _notice(self, message: frames.Message) -> bool:
        if message.method == "exit":
            return False
        if message.method == "$/cancelRequest":
            params = message.params
            id = params.get("id") if isinstance(params, dict) else None
            if type(id) is int:
                self._service.cancel(id)
            else:
                note("ignored a `$/cancelRequest` without the id of a request")
        # A host of a later version may say more.
        return True

    def _refuse(self, line: frames.Oversized) -> None:
        limit = self._channel.limit
        id = frames.id_of_truncated_request(line.head)
        if id is None:
            note(f"ignored a line of {line.size} bytes; the limit is {limit}")
        else:
            self._service.answer(id, None, too_large("the request", line.size, limit))

    def _linger(self, seconds: float) -> None:
        """Give what is ready a moment; what nobody reads in time is lost with the session."""
        end = time.monotonic() + seconds
        while not self._channel.is_idle() and time.monotonic() < end:
            time.sleep(0.002)
