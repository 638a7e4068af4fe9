"""A server that speaks OpenAI's API: asked over HTTP, heard as a stream."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from prizm_plugin import Context, Error

from . import stream

# A server that loads its model answers 503. How long that is waited for, in seconds.
LOADING = 60.0
PAUSE = 0.2
# How long a server may be silent, in seconds.
SILENCE = 120.0
MOST_ANSWER = 64 * 1024


@dataclass
class Answer:
    """What a model said."""

    text: str = ""
    finish: str | None = None
    tokens: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """Where a server is, and what it is told with each question."""

    host: str
    port: int
    tls: bool
    path: str
    model: str
    key: str | None

    @classmethod
    def at(cls, base: str, model: str, key: str | None) -> Server:
        """Read a URL, with `/v1` at its end or without."""
        url = urllib.parse.urlsplit(base)
        try:
            port = url.port
        except ValueError:
            port = -1
        if url.scheme not in ("http", "https") or not url.hostname or port == -1:
            raise Error("ConfigInvalid", "setting `baseUrl`: expected a URL of http or https", details={"setting": "baseUrl"})
        path = url.path.rstrip("/")
        path += "/chat/completions" if path.endswith("/v1") else "/v1/chat/completions"
        tls = url.scheme == "https"
        return cls(url.hostname, port or (443 if tls else 80), tls, path, model, key)

    def ask(self, question: dict[str, Any], context: Context) -> Answer:
        """Ask, and pass on each piece of the answer as it comes."""
        body = {"model": self.model, "stream": True, "stream_options": {"include_usage": True}, **question}
        connection, sock, response = self._begin(json.dumps(body), context)
        withdraw = context.on_cancel(lambda: _cut(sock))
        try:
            context.report(stage="answering")
            return _hear(response, context)
        except (OSError, http.client.HTTPException) as error:
            context.checkpoint()
            raise Error("UpstreamError", f"the server at {self._shown()} broke off: {_words(error)}") from error
        finally:
            withdraw()
            connection.close()

    def _begin(self, body: str, context: Context) -> tuple[http.client.HTTPConnection, socket.socket, http.client.HTTPResponse]:
        """Send the question, again and again while the server loads its model.

        The socket is given, too: the connection forgets it where it will not be used again.
        """
        waited = 0.0
        while True:
            context.checkpoint()
            connection = self._make()
            withdraw = None
            try:
                connection.connect()
                sock = connection.sock
                withdraw = context.on_cancel(lambda at=sock: _cut(at))
                connection.request("POST", self.path, body, self._headers())
                response = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                context.checkpoint()
                message = f"the server at {self._shown()} does not answer: {_words(error)}"
                raise Error("UpstreamError", message) from error
            finally:
                if withdraw is not None:
                    withdraw()
            if response.status == 200:
                return connection, sock, response
            said = response.read(MOST_ANSWER)
            connection.close()
            if response.status != 503 or waited >= LOADING:
                raise _refusal(response.status, said, response.headers.get("Retry-After"))
            context.report(stage="loading", message="the server loads its model")
            context.sleep(PAUSE)
            waited += PAUSE

    def _make(self) -> http.client.HTTPConnection:
        make = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        return make(self.host, self.port, timeout=SILENCE)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return headers

    def _shown(self) -> str:
        return f"{self.host}:{self.port}"


def _hear(response: http.client.HTTPResponse, context: Context) -> Answer:
    answer = Answer()
    pieces: list[str] = []
    for event in stream.events(response):
        if "error" in event:
            raise _refusal(_status(event["error"]), json.dumps(event).encode(), None)
        usage = event.get("usage")
        if isinstance(usage, dict):
            names = ("prompt_tokens", "completion_tokens", "total_tokens")
            answer.tokens = {name: usage[name] for name in names if isinstance(usage.get(name), int)}
        for choice in event.get("choices") or []:
            piece = (choice.get("delta") or {}).get("content")
            if isinstance(piece, str) and piece:
                pieces.append(piece)
                context.chunk_text(piece)
            answer.finish = choice.get("finish_reason") or answer.finish
    if answer.finish is None:
        raise Error("UpstreamError", "the server's answer ended in the middle")
    answer.text = "".join(pieces)
    return answer


def _status(error: object) -> int:
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) else 500


def _refusal(status: int, said: bytes, retry_after: str | None) -> Error:
    """What a status means, with the server's own words."""
    try:
        error = json.loads(said).get("error")
        words = error.get("message") if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        words = said.decode("utf-8", "replace")
    message = f"the server answered {status}: {str(words).strip()[:500]}"
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    if status == 429:
        return Error("RateLimited", message, retry_after=seconds)
    if status in (401, 403):
        return Error("ConfigInvalid", message)
    if status == 400:
        return Error("InvalidMedia", message)
    if status < 500:
        return Error("UpstreamError", message, retryable=False)
    return Error("UpstreamError", message, retry_after=seconds)


def _cut(sock: socket.socket) -> None:
    """End a read that another thread waits in."""
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _words(error: Exception) -> str:
    return str(error) or error.__class__.__name__
