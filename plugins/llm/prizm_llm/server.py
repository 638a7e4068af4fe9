"""A server that speaks OpenAI's API: asked over HTTP, heard as a stream."""

from __future__ import annotations

import functools
import http.client
import json
import socket
import time
from dataclasses import dataclass
from typing import Any

from prizm_plugin import Context, Error

from .address import PRINTABLE, Address
from .answer import Answer, hear
from .refusal import Refusal

# A server that loads its model answers 503. How long that is waited for, in seconds.
LOADING = 60.0
PAUSE = 0.2
# How long a server may be silent before it answers, and in an answer, in seconds. One that takes a call at a time, as
# llama.cpp does, lets the others wait without a word.
TURN = 900.0
SILENCE = 120.0
MOST_REFUSAL = 64 * 1024


@dataclass(frozen=True)
class Server:
    """Where a server is, and what it is told with each question."""

    address: Address
    model: str
    key: str | None

    @classmethod
    def at(cls, base: str, model: str, key: str | None) -> Server:
        """Check the settings. Raises Error(ConfigInvalid), which names the setting."""
        if key and not PRINTABLE.fullmatch(key):
            message = "setting `apiKey`: expected ASCII without spaces and line ends"
            raise Error("ConfigInvalid", message, details={"setting": "apiKey"})
        return cls(Address.of(base), model, key)

    def ask(self, question: dict[str, Any], context: Context) -> Answer:
        """Ask, again and again while the server loads its model, and pass on the answer as it comes."""
        body = json.dumps({"model": self.model, "stream": True, "stream_options": {"include_usage": True}, **question})
        until = time.monotonic() + LOADING
        while True:
            answer = self._ask_once(body, context)
            if isinstance(answer, Answer):
                return answer
            if answer.status != 503 or time.monotonic() >= until:
                raise answer.error()
            context.report(stage="loading", message="the server loads its model")
            context.sleep(PAUSE)

    def _ask_once(self, body: str, context: Context) -> Answer | Refusal:
        connection = self._connection()
        failed = "does not answer"
        try:
            connection.connect()
            # The connection forgets its socket where it will not be used again.
            sock = connection.sock
            withdraw = context.on_cancel(functools.partial(_cut, sock))
            try:
                sock.settimeout(TURN)
                connection.request("POST", self.address.path, body, self._headers())
                response = connection.getresponse()
                sock.settimeout(SILENCE)
                failed = "broke off"
                if response.status != 200:
                    said = response.read(MOST_REFUSAL)
                    return Refusal.of(response.status, response.reason, said, response.headers.get("Retry-After"))
                context.report(stage="answering")
                return hear(response, context)
            finally:
                withdraw()
        except (OSError, http.client.HTTPException) as error:
            context.checkpoint()
            message = f"the server at {self.address} {failed}: {str(error) or error.__class__.__name__}"
            raise Error("UpstreamError", message) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        make = http.client.HTTPSConnection if self.address.tls else http.client.HTTPConnection
        return make(self.address.host, self.address.port, timeout=SILENCE)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return headers


def _cut(sock: socket.socket) -> None:
    """End a read that another thread waits in."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
