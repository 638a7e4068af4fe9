"""A provider in a process of its own, at the ends of real pipes."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 30.0
HELLO: dict[str, Any] = {
    "protocolVersions": ["1.0"],
    "host": {"name": "tests", "version": "0"},
    "limits": {"maxFrameBytes": 8 * 1024 * 1024, "maxInFlight": 64},
    "instanceId": "tests-1",
}


def environment(**more: str) -> dict[str, str]:
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**known, "PRIZM_PLUGIN": "1", "PYTHONPATH": str(ROOT), **more}


class Plugin:
    """One process, and the conversation with it."""

    def __init__(self, script: Path, **more: Any) -> None:
        pipe = subprocess.PIPE
        given = {"stdin": pipe, "stdout": pipe, "stderr": pipe, "env": environment(), **more}
        self.process = subprocess.Popen([sys.executable, "-B", str(script)], bufsize=0, **given)
        self.noise: list[bytes] = []
        self._rest = b""

    def __enter__(self) -> Plugin:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def send(self, frame: dict[str, Any]) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", **frame}).encode() + b"\n")

    def write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        while data:
            data = data[self.process.stdin.write(data) or 0 :]

    def line(self) -> bytes | None:
        """The next line that is not blank; None at the end."""
        assert self.process.stdout is not None
        while True:
            line, end, rest = self._rest.partition(b"\n")
            if end:
                self._rest = rest
                if line.strip():
                    return line
                continue
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            assert ready, "nothing came in time"
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                return self._rest or None
            self._rest += data

    def answer(self, id: int) -> dict[str, Any]:
        """The answer to a request; whatever is no frame goes to `noise`."""
        while True:
            line = self.line()
            assert line is not None, f"it ended: {self.said()}"
            try:
                frame: dict[str, Any] = json.loads(line)
            except ValueError:
                self.noise.append(line)
                continue
            if frame.get("id") == id:
                return frame

    def call(self, id: int, method: str, params: Any = None) -> dict[str, Any]:
        self.send({"id": id, "method": method, "params": params})
        return self.answer(id)

    def initialize(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.call(0, "initialize", HELLO)["result"]
        return answer

    def transform(self, id: int, text: str) -> dict[str, Any]:
        self.begin(id, text)
        return self.answer(id)

    def begin(self, id: int, text: str) -> None:
        inputs = [{"kind": "text", "mime": "text/plain", "text": text}]
        job = {"model": "rude", "capability": "text-to-text", "inputs": inputs, "jobId": "j"}
        self.send({"id": id, "method": "transform", "params": job})

    def hang_up(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def said(self) -> str:
        """All of stderr, once the process has ended."""
        assert self.process.stderr is not None
        said: bytes = self.process.stderr.read()
        return said.decode()

    def ended(self) -> tuple[int, float]:
        """The exit status, and how long it took."""
        began = time.monotonic()
        return self.process.wait(PATIENCE), time.monotonic() - began
