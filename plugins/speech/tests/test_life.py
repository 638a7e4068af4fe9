"""What is declared, what is missing, and how work ends early."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

from .case import ROOT, Case, children, recording, wait_until

MODELS = ["flite", "espeak-ng", "pocketsphinx"]
FLITE = shutil.which("flite") or "flite"
HELLO = {
    "protocolVersions": ["1.0"],
    "host": {"name": "tests", "version": "1"},
    "limits": {"maxFrameBytes": 1 << 23, "maxInFlight": 64},
    "instanceId": "test",
}
# Writes down which processes a program starts.
WATCH = """
import runpy, sys
def heard(event, arguments):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system", "os.fork", "os.forkpty"):
        open(sys.argv[1], "a").write(event + "\\n")
sys.addaudithook(heard)
sys.path.insert(0, ".")
runpy.run_path("provider.py", run_name="__main__")
"""

LONG = "The weather will be cold and cloudy tomorrow. " * 40


def declare(path: str) -> tuple[Any, list[str]]:
    """What the provider, as Prizm starts it with this PATH, declares, and the processes that it started for that."""
    frame = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO}
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "log")
        log.touch()
        ended = subprocess.run(
            [sys.executable, "-B", "-c", WATCH, log],
            input=json.dumps(frame).encode() + b"\n",
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PATH": path, "PRIZM_PLUGIN": "1"},
            check=True,
        )
        return json.loads(ended.stdout)["result"], log.read_text().split()


class Declared(Case):
    def test_it_declares_what_the_manifest_says(self) -> None:
        manifest = (ROOT / "prizm.toml").read_text()
        provider = self.host.declaration["provider"]
        for name in ("id", "name", "version", "type"):
            self.assertIn(f'{name} = "{provider[name]}"', manifest)
        self.assertEqual(self.host.declaration["capabilities"], ["text-to-audio", "audio-to-text"])
        models = self.host.declaration["models"]
        self.assertEqual([each["id"] for each in models], MODELS)
        for model in models:
            self.assertTrue(model["isFree"])
            for options in model["options"].values():
                self.assertIs(options["additionalProperties"], False)
                for name, option in options["properties"].items():
                    self.assertTrue(option["description"], name)
        self.assertEqual(self.host.call("health")["result"]["status"], "healthy")

    def test_it_is_the_same_on_every_machine(self) -> None:
        (here, started), (elsewhere, _) = declare(os.environ["PATH"]), declare("/no/such")
        self.assertEqual(started, [])
        self.assertEqual(here, elsewhere)
        self.assertEqual(here, self.host.declaration)

    def test_its_models_are_asked_for_what_is_here(self) -> None:
        found = self.host.call("models")["result"]["models"]
        self.assertEqual([each["id"] for each in found], MODELS)
        for declared, model in zip(self.host.declaration["models"][:2], found):
            voice = model["options"]["text-to-audio"]["properties"]["voice"]
            usual = declared["options"]["text-to-audio"]["properties"].pop("voice")
            self.assertEqual((usual["default"], "enum" in usual), (voice["default"], False))
            self.assertIn(voice["default"], voice["enum"])
            self.assertTrue(all(re.search(usual["pattern"], each) for each in voice["enum"]))
            del model["options"]["text-to-audio"]["properties"]["voice"]
        self.assertEqual(found, self.host.declaration["models"])


class Missing(Case):
    def setUp(self) -> None:
        super().setUp()
        recording("Hello world.")
        paths = mock.patch.dict(os.environ, {"PATH": "/no/such", "PYTHONPATH": ""})
        modules = mock.patch.object(
            sys, "path", [each for each in sys.path if not os.path.isdir(f"{each}/pocketsphinx")]
        )
        for each in (paths, modules):
            each.start()
            self.addCleanup(each.stop)

    def answer(self, id: int) -> dict[str, object]:
        return self.host.answer(id)

    def test_it_starts_declares_and_names_the_remedies(self) -> None:
        models = self.host.call("models")["result"]["models"]
        self.assertEqual(models, self.host.declaration["models"])
        health = self.host.call("health")["result"]
        self.assertEqual(health["status"], "degraded")
        for model, line in (("flite", "apt-get install flite"), ("espeak-ng", "apt-get install espeak-ng")):
            self.assertIn(line, health["lastError"])
            id, job = self.begin_speak("Hello.", model)
            error = self.refused(id, 1004, "NotConfigured", f"`{model}` is missing", f"`{line}`")
            self.assertEqual((error["data"]["program"], error["data"]["install"]), (model, line))
            self.assertIs(error["data"]["retryable"], False)
            self.assertEqual(os.listdir(job / "out"), [])

    def test_one_engine_speaks_without_the_other(self) -> None:
        directory = self.job()
        (directory / "flite").symlink_to(FLITE)
        with mock.patch.dict(os.environ, {"PATH": str(directory)}):
            models = self.host.call("models")["result"]["models"]
            voices = [each["options"]["text-to-audio"]["properties"]["voice"] for each in models[:2]]
            self.assertEqual(["enum" in each for each in voices], [True, False])
            self.assertGreater(self.speak("Hello.").stat().st_size, 44)
            id, _ = self.begin_speak("Hello.", "espeak-ng")
            error = self.refused(id, 1004, "NotConfigured", "`espeak-ng` is missing")
            self.assertEqual(error["data"]["install"], "apt-get install espeak-ng")

    def test_pocketsphinx_too(self) -> None:
        self.assertIn("pip install pocketsphinx", self.host.call("health")["result"]["lastError"])
        with mock.patch.object(sys, "executable", self.bare_python()):
            self.refused(
                self.begin_hear(recording("Hello world.")),
                1004,
                "NotConfigured",
                "`pocketsphinx` is missing",
                "pip install",
            )

    def bare_python(self) -> str:
        """A Python that sees no packages."""
        path = self.job() / "python"
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
        path.chmod(0o755)
        return str(path)


class Ends(Case):
    def test_a_cancellation_in_the_middle_of_speaking(self) -> None:
        id, job = self.begin_speak(LONG)
        self.host.wait(lambda frame: frame.get("params", {}).get("fraction", 0) > 0, "progress")
        self.host.cancel(id)
        self.refused(id, -32800, None)
        self.assertEqual(os.listdir(job / "out"), [])

    def test_a_cancellation_in_the_middle_of_listening(self) -> None:
        id = self.begin_hear(recording(LONG))
        self.host.wait(lambda frame: frame.get("params", {}).get("fraction", 0) > 0, "progress")
        self.assertEqual(len(children()), 1)
        begun = time.monotonic()
        self.host.cancel(id)
        self.refused(id, -32800, None)
        self.assertLess(time.monotonic() - begun, 3)
        self.assertEqual(os.listdir(self.hearing / "out"), [])

    def test_a_deadline_in_the_middle(self) -> None:
        id = self.begin_hear(recording(LONG), deadlineMs=1500)
        self.refused(id, 1101, "DeadlineExceeded")
        self.assertEqual(os.listdir(self.hearing / "out"), [])

    def test_the_provider_answers_while_it_listens(self) -> None:
        id = self.begin_hear(recording(LONG))
        self.host.wait(lambda frame: "fraction" in frame.get("params", {}), "progress")
        begun = time.monotonic()
        self.assertEqual(self.host.call("ping")["result"], {})
        self.assertLess(time.monotonic() - begun, 1)
        self.host.cancel(id)
        self.answer(id)

    def test_a_host_that_is_gone_ends_the_work(self) -> None:
        self.begin_hear(recording(LONG))
        self.host.wait(lambda frame: "fraction" in frame.get("params", {}), "progress")
        self.host.close()
        wait_until(lambda: not children(), "the end of the child")
