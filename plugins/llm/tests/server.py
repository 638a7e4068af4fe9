"""A server that speaks OpenAI's API, and answers each question with what a test has scripted."""

from __future__ import annotations

import http.server
import json
import socket
import struct
import threading
from typing import Any, Callable

from prizm_plugin.testing import PATIENCE

Script = Callable[[http.server.BaseHTTPRequestHandler], None]


def event(value: Any) -> bytes:
    """One event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def piece(text: str, finish: str | None = None) -> bytes:
    """An event with a piece of the answer."""
    return event({"choices": [{"delta": {"content": text}, "finish_reason": finish}]})


USAGE = event({"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})
END = piece("", "stop") + USAGE + b"data: [DONE]\n\n"


def stream(*writes: bytes) -> Script:
    """Answer with a stream, in these writes, and hang up."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        for write in writes:
            handler.wfile.write(write)
            handler.wfile.flush()

    return answer


def chunked(*writes: bytes) -> Script:
    """Answer with a stream in chunks of HTTP, as llama.cpp does, that ends only after the last of them."""
    chunks = [b"%x\r\n%s\r\n" % (len(write), write) for write in writes]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        for write in (head, *chunks):
            handler.wfile.write(write)

    return answer


def refuse(status: int, body: Any = None, **headers: str) -> Script:
    """Answer with an error."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def fall_silent(*writes: bytes) -> Script:
    """Write this, and nothing more until the other side hangs up."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        server: Server = handler.server.outer  # type: ignore[attr-defined]
        for write in writes:
            handler.wfile.write(write)
        server.is_silent.set()
        handler.connection.settimeout(PATIENCE)
        if handler.connection.recv(1) == b"":
            server.hung_up.set()

    return answer


def reset(*writes: bytes) -> Script:
    """Write this, and end the connection as a crash does."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        for write in writes:
            handler.wfile.write(write)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return answer


class Server:
    """The server; `asked` has every question with its path and headers."""

    def __init__(self, *scripts: Script) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.is_silent = threading.Event()
        self.hung_up = threading.Event()
        left = list(scripts)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, dict(self.headers), body))
                left.pop(0)(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.outer = self  # type: ignore[attr-defined]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"
