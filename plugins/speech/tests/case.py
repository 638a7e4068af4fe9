"""What the tests share: a provider to talk to, directories for jobs, recordings, and how far two texts are apart."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import wave
from array import array
from functools import cache
from pathlib import Path
from typing import Any, Callable

from prizm_plugin import testing
from prizm_plugin.testing import Host

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 180.0
# Recognition takes as long as the recording, and longer where others are at work.
testing.PATIENCE = PATIENCE
PS = shutil.which("ps") or "ps"


def bring_pocketsphinx() -> None:
    """Have pocketsphinx as `requirements.txt` pins it, for this process and those that it starts."""
    if importlib.util.find_spec("pocketsphinx") is not None:
        return
    requirements = ROOT / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    site = ROOT.parent.parent / "target" / "tmp" / f"speech-{digest}"
    if not site.is_dir():
        site.parent.mkdir(parents=True, exist_ok=True)
        made = tempfile.mkdtemp(dir=site.parent)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
        pip += ["--disable-pip-version-check", "--root-user-action", "ignore"]
        subprocess.run([*pip, "--target", made, "-r", str(requirements)], check=True)
        try:
            os.rename(made, site)
        except OSError:  # Somebody else was faster.
            shutil.rmtree(made)
    sys.path.append(str(site))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(site)]))


class Case(unittest.TestCase):
    """A test with a provider and directories for its jobs."""

    config: dict[str, Any] = {}

    def setUp(self) -> None:
        bring_pocketsphinx()
        from prizm_speech.provider import speech

        self.host = Host(speech, config=self.config)
        self.addCleanup(self.host.close)

    def job(self) -> Path:
        """A fresh job directory, whose name is no plain word."""
        path = Path(tempfile.mkdtemp(prefix="prizm speech é %s "))
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        (path / "in").mkdir()
        (path / "out").mkdir()
        return path

    def begin_speak(self, text: str, model: str = "flite", **options: Any) -> tuple[int, Path]:
        job = self.job()
        return self.host.start(model, "text-to-audio", text=text, options=options, jobDir=str(job)), job

    def speak(self, text: str, model: str = "flite", **options: Any) -> Path:
        """The recording of a text."""
        id, job = self.begin_speak(text, model, **options)
        answer = self.answer(id)
        self.assertIn("result", answer, answer)
        (audio,) = answer["result"]["outputs"]
        self.assertEqual(os.listdir(job / "out"), [Path(audio["path"]).name])
        with wave.open(str(job / audio["path"])) as file:
            meta = audio["meta"]
            self.assertEqual((file.getnchannels(), file.getsampwidth()), (1, 2))
            self.assertEqual(meta["sampleRate"], file.getframerate())
            self.assertEqual(meta["durationMs"], round(file.getnframes() * 1000 / file.getframerate()))
        self.said = answer["result"]
        return job / audio["path"]

    def begin_hear(self, sound: Path | bytes, model: str = "pocketsphinx", name: str = "a.wav", **more: Any) -> int:
        job = self.job()
        (job / "in" / name).write_bytes(sound if isinstance(sound, bytes) else sound.read_bytes())
        inputs = [{"kind": "audio", "mime": "audio/x", "path": f"in/{name}"}]
        self.hearing = job
        return self.host.start(model, "audio-to-text", inputs=inputs, jobDir=str(job), **more)

    def hear(self, sound: Path | bytes, model: str = "pocketsphinx", name: str = "a.wav", **more: Any) -> str:
        """The text of a recording."""
        id = self.begin_hear(sound, model, name, **more)
        answer = self.answer(id)
        self.assertIn("result", answer, answer)
        (text,) = answer["result"]["outputs"]
        self.heard = answer["result"]
        chunks = self.host.notices(id, "$/chunk")
        self.assertEqual("".join(chunk["text"] for chunk in chunks), text["text"])
        return str(text["text"])

    def answer(self, id: int) -> dict[str, Any]:
        """The answer to a job, which leaves nothing behind."""
        answer = self.host.answer(id)
        self.assertEqual(children(), [])
        return answer

    def refused(self, id: int, code: int, kind: str | None, *words: str) -> dict[str, Any]:
        """The error of a job, which leaves nothing behind."""
        error: dict[str, Any] = self.answer(id).get("error", {})
        self.assertEqual((error.get("code"), error.get("data", {}).get("kind")), (code, kind), error)
        for word in words:
            self.assertIn(word, error["message"])
        return error


def children() -> list[int]:
    """The living children of this process."""
    table = subprocess.run([PS, "-A", "-o", "pid=,ppid=,stat=,comm="], stdout=subprocess.PIPE, text=True, check=True)
    rows = [line.split() for line in table.stdout.splitlines()]
    return [int(row[0]) for row in rows if int(row[1]) == os.getpid() and row[2][0] != "Z" and row[3] != "ps"]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.02)


@cache
def recording(text: str) -> bytes:
    """A text as flite says it, straight from flite."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "a.wav")
        subprocess.run(["flite", "-voice", "slt", "-t", text, "-o", path], check=True)
        return path.read_bytes()


def samples(sound: bytes) -> array[int]:
    """The samples of a plain file of flite's."""
    return array("h", sound[44:])


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def distance(expected: list[str], heard: list[str]) -> int:
    """How many words must be put in, left out or replaced."""
    row = list(range(len(heard) + 1))
    for count, word in enumerate(expected, 1):
        above, row = row, [count]
        for at, other in enumerate(heard, 1):
            row.append(min(above[at] + 1, row[-1] + 1, above[at - 1] + (word != other)))
    return row[-1]
