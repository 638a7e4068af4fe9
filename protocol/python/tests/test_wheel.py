"""The wheel: pip builds it, and it installs where nothing else is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

from .plugin import ROOT


def pip(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", *map(str, arguments)]


class Wheel(unittest.TestCase):
    def test_it_is_typed_and_installs_in_a_fresh_environment(self) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            source, wheels, place = (Path(scratch) / name for name in ("source", "wheels", "place"))
            # pip builds a copy, so that nothing is left in the repository.
            unneeded = shutil.ignore_patterns("tests", "__pycache__")
            shutil.copytree(ROOT, source, ignore=unneeded)
            subprocess.run(pip("wheel", "--no-deps", "--wheel-dir", wheels, source), check=True)
            (wheel,) = wheels.iterdir()
            self.assertEqual(wheel.name, "prizm_plugin-0.1.0-py3-none-any.whl")
            with zipfile.ZipFile(wheel) as archive:
                names = set(archive.namelist())
                metadata = archive.read("prizm_plugin-0.1.0.dist-info/METADATA").decode()
            modules = {f"prizm_plugin/{path.name}" for path in (source / "prizm_plugin").iterdir()}
            self.assertEqual({name for name in names if name.startswith("prizm_plugin/")}, modules)
            self.assertIn("prizm_plugin/py.typed", modules)
            self.assertIn("Requires-Python: >=3.9", metadata)
            self.assertNotIn("Requires-Dist", metadata)

            subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
            python = place / "bin" / "python"
            subprocess.run(pip("--python", python, "install", "--no-index", "--no-deps", wheel), check=True)
            script = "import prizm_plugin as p; print(p.__file__); p.serve(p.Provider('own', version='1'))"
            env = {name: value for name, value in os.environ.items() if not name.startswith(("PRIZM", "PYTHON"))}
            done = subprocess.run([python, "-c", script], cwd=scratch, env=env, capture_output=True, text=True)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertTrue(Path(done.stdout.strip()).is_relative_to(place), done.stdout)
            self.assertTrue(Path(done.stdout.strip()).with_name("py.typed").is_file())
