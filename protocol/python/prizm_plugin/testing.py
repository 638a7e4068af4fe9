"""A host for tests: talks to a provider in this process, over pipes, as Prizm does.

class Greets(unittest.TestCase):
    def test_it_greets(self):
        with Host(provider) as host:
            answer = host.transform("greeter", "text-to-text", text="Ann")
            self.assertEqual(answer["result"]["outputs"][0]["text"], "Hello Ann")
"""

from __future__ import annotations

import json
import os
import threading

from .stdio import serve_io

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable

    from .provider import Provider

PATIENCE = 30.0
"""How long an answer may take, in seconds."""


class Host:
    """One conversation with a provider, which has been initialized and configured when it begins.

    `seen` has every frame that came, in order.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        config: dict[str, Any] | None = None,
        limit: int = 8 * 1024 * 1024,
        ready: bool = True,
    ) -> None:
        self.seen: list[dict[str, Any]] = []
        self._news = threading.Condition()
        self._is_over = False
        self._next_id = 0
        theirs, self._to = os.pipe()
        self._from, writer = os.pipe()
        self._threads = [
            threading.Thread(target=self._serve, args=(provider, theirs, writer), daemon=True),
            threading.Thread(target=self._read, daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        if ready:
            limits = {"maxFrameBytes": limit, "maxInFlight": 64}
            host = {"name": "prizm-plugin.testing", "version": "1"}
            hello = {"protocolVersions": ["1.0"], "host": host, "limits": limits, "instanceId": "test"}
            self.declaration = self.call("initialize", hello)["result"]
            self.configured = self.call("configure", {"config": config or {}, "services": {}})

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def request(self, method: str, params: Any = None) -> int:
        """Send a request; gives its id."""
        self._next_id += 1
        self.send({"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params})
        return self._next_id

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def call(self, method: str, params: Any = None) -> dict[str, Any]:
        """Send a request and wait for its answer: a dict with `result` or `error`."""
        return self.answer(self.request(method, params))

    def transform(self, model: str, capability: str, *, text: str | None = None, **more: Any) -> dict[str, Any]:
        """Have a job done, of a text or of `inputs=`, and wait for its answer."""
        return self.answer(self.start(model, capability, text=text, **more))

    def start(self, model: str, capability: str, *, text: str | None = None, **more: Any) -> int:
        """Begin a job; gives its id."""
        inputs = [] if text is None else [{"kind": "text", "mime": "text/plain", "text": text}]
        job = {"model": model, "capability": capability, "inputs": inputs, "jobId": "test"}
        return self.request("transform", {**job, **more})

    def cancel(self, id: int) -> None:
        """Ask for the end of a request's work."""
        self.notify("$/cancelRequest", {"id": id})

    def answer(self, id: int) -> dict[str, Any]:
        """Wait for the answer to a request."""
        return self.wait(lambda frame: frame.get("id") == id, f"the answer to request {id}")

    def notices(self, id: int, method: str) -> list[dict[str, Any]]:
        """What came so far of one kind for a request, such as `$/progress`: the parameters."""
        with self._news:
            notices = [frame["params"] for frame in self.seen if frame.get("method") == method]
        return [notice for notice in notices if notice["id"] == id]

    def wait(self, accept: Callable[[dict[str, Any]], bool], what: str = "such a frame") -> dict[str, Any]:
        """Wait for the first frame that `accept` takes."""
        with self._news:
            self._news.wait_for(lambda: self._is_over or any(map(accept, self.seen)), PATIENCE)
            found = next(filter(accept, self.seen), None)
            if found is None:
                raise AssertionError(f"{what} did not come; the last frames are {self.seen[-5:]}")
            return found

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame as it is."""
        self.send_bytes(json.dumps(frame, ensure_ascii=False).encode() + b"\n")

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        while data:
            data = data[os.write(self._to, data) :]

    def close(self) -> None:
        """Hang up, and wait for the end of the session."""
        if self._to >= 0:
            os.close(self._to)
            self._to = -1
            for thread in self._threads:
                thread.join(PATIENCE)

    @staticmethod
    def _serve(provider: Provider, reader: int, writer: int) -> None:
        with open(reader, "rb", buffering=0) as source, open(writer, "wb", buffering=0) as sink:
            serve_io(provider, source, sink)

    def _read(self) -> None:
        with open(self._from, "rb") as source:
            for line in source:
                if line.strip():
                    with self._news:
                        self.seen.append(json.loads(line))
                        self._news.notify_all()
        with self._news:
            self._is_over = True
            self._news.notify_all()
