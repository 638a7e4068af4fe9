"""A server that speaks OpenAI's API, and answers each question with what a test has scripted."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Any, Callable

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


class Server:
    """The server; `asked` has every question with its path and headers."""

    def __init__(self, *scripts: Script) -> None:
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.held = threading.Event()
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

    def hold(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Begin an answer, and say nothing more until the other side hangs up."""
        stream(piece("Once"))(handler)
        self.held.set()
        handler.connection.settimeout(30)
        if handler.connection.recv(1) == b"":
            self.hung_up.set()
