"""The README's snippets run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from .plugin import ROOT


class Readme(unittest.TestCase):
    def test_its_provider_passes_its_test(self) -> None:
        snippets = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
        provider, test = snippets
        with tempfile.TemporaryDirectory() as scratch:
            (Path(scratch) / "provider.py").write_text(provider, "utf-8")
            (Path(scratch) / "test_provider.py").write_text(test, "utf-8")
            env = {**os.environ, "PYTHONPATH": str(ROOT)}
            argv = [sys.executable, "-B", "-m", "unittest", "test_provider"]
            done = subprocess.run(argv, cwd=scratch, env=env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Ran 1 test", done.stderr)
