"""What the tests share."""

from __future__ import annotations

import io
import unittest
from typing import Any
from unittest import mock

from prizm_plugin.testing import Host

from .lab import Lab


class LabCase(unittest.TestCase):
    """A test that talks to a lab; `stderr` has what was said to people."""

    def setUp(self) -> None:
        self.stderr = io.StringIO()
        patch = mock.patch("sys.stderr", self.stderr)
        patch.start()
        self.addCleanup(patch.stop)

    def host(self, lab: Lab, **more: Any) -> Host:
        host = Host(lab.provider, **more)
        self.addCleanup(host.close)
        self.addCleanup(lab.gate.set)
        return host

    def assert_alive(self, host: Host) -> None:
        self.assertEqual(host.call("ping")["result"], {})

    def health(self, host: Host) -> dict[str, Any]:
        health: dict[str, Any] = host.call("health")["result"]
        return health

    def assert_error(self, answer: dict[str, Any], code: int, *words: str) -> dict[str, Any]:
        self.assertIn("error", answer)
        error: dict[str, Any] = answer["error"]
        self.assertEqual(error["code"], code, error)
        for word in words:
            self.assertIn(word, error["message"])
        return error

    def text_of(self, answer: dict[str, Any]) -> str:
        self.assertIn("result", answer)
        (output,) = answer["result"]["outputs"]
        text: str = output["text"]
        return text
