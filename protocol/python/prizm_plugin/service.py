"""The methods: who answers what, and when. What is needed only after the handshake is imported after it."""

from __future__ import annotations

import time

from . import errors
from .channel import Channel
from .errors import Error, of_exception
from .note import note, tell_traceback
from .wire import PROTOCOL_VERSION, Wrong, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .frames import Message
    from .provider import Provider
    from .relay import Relay
    from .work import Work


class Service:
    """One session's answers. `handle` never waits, and is called by one thread at a time."""

    def __init__(self, provider: Provider, channel: Channel) -> None:
        self.declaration = provider.declaration()
        self._provider = provider
        self._channel = channel
        self._began = time.monotonic()
        self._work: Work | None = None

    def handle(self, message: Message, size: int) -> None:
        """Answer a request, now or as soon as its work is done."""
        assert message.id is not None and message.method is not None
        id, method = message.id, message.method
        try:
            if method == "ping":
                self.answer(id, {})
            elif method == "initialize":
                self._initialize(id, message.params)
            elif self._work is not None:
                self._work.handle(id, method, message.params, size)
            elif method == "shutdown":
                self.answer(id, {})
            elif method == "health":
                self.answer(id, self._health())
            else:
                raise Error("NotInitialized", f"`{method[:80]}` came before `initialize`")
        except Exception as error:
            if not isinstance(error, Error):
                tell_traceback(error)
            self.answer(id, None, of_exception(error))

    @property
    def relay(self) -> Relay | None:
        """Who reads, once there may be work."""
        return None if self._work is None else self._work.relay

    def cancel(self, id: int) -> None:
        """Ask the work of a request to stop."""
        if self._work is not None:
            self._work.cancel(id)

    def answer(self, id: int, result: Any, error: Error | None = None) -> None:
        """Answer a request that needs no work."""
        self._channel.post(self._channel.answer(id, result, error))

    def wait_for_room(self) -> None:
        """Wait until another request can be taken, so that a host that reads no answers cannot fill the memory."""
        if self._work is not None:
            self._work.wait_for_room()

    def abandon(self) -> None:
        """End everything that runs: nobody listens any more."""
        if self._work is not None:
            self._work.abandon()

    def _initialize(self, id: int, raw: Any) -> None:
        try:
            params = read("InitializeParams", {} if raw is None else raw)
        except Wrong as wrong:
            raise Error.invalid_params(str(wrong)) from None
        versions = params["protocolVersions"]
        if PROTOCOL_VERSION not in versions:
            offered = ", ".join(versions)[:200] or "none"
            raise Error(
                "UnsupportedProtocolVersion",
                f"this provider speaks protocol {PROTOCOL_VERSION}, the host only {offered}. "
                "Update the older of the two",
                details={"supported": [PROTOCOL_VERSION]},
            )
        if self._work is not None:
            raise Error.coded(errors.INVALID_REQUEST, "`initialize` came twice")
        self._channel.set_limit(params["limits"]["maxFrameBytes"])
        # The host reads this one whatever happens, and nothing else is at work yet.
        self._channel.send(self._channel.answer(id, self.declaration, None))
        from .work import Work

        self._work = Work(self._provider, self._channel, self.declaration["models"], self._began)

    def _health(self) -> dict[str, Any]:
        uptime = round((time.monotonic() - self._began) * 1000)
        return {"status": "healthy", "uptimeMs": uptime, "activeJobs": 0, "queuedJobs": 0}


def noise(size: int, why: object) -> None:
    """Tell people of a line that is no frame. What it says is not shown: it may hold secrets."""
    note(f"ignored a line of {size} bytes: {why}")
