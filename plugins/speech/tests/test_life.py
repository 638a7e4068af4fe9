"""What is declared, what is missing, and how work ends early."""

from __future__ import annotations

import os
import sys
import time
from unittest import mock

from .case import ROOT, Case, children, recording, wait_until

LONG = "The weather will be cold and cloudy tomorrow. " * 40


class Declared(Case):
    def test_it_declares_what_the_manifest_says(self) -> None:
        manifest = (ROOT / "prizm.toml").read_text()
        provider = self.host.declaration["provider"]
        for name in ("id", "name", "version", "type"):
            self.assertIn(f'{name} = "{provider[name]}"', manifest)
        self.assertEqual(self.host.declaration["capabilities"], ["text-to-audio", "audio-to-text"])
        models = self.host.declaration["models"]
        self.assertEqual([each["id"] for each in models], ["flite", "espeak-ng", "pocketsphinx", "whisper"])
        for model in models:
            self.assertTrue(model["isFree"])
            for options in model["options"].values():
                self.assertIs(options["additionalProperties"], False)
                for name, option in options["properties"].items():
                    self.assertTrue(option["description"], name)
        self.assertEqual(self.host.call("models")["result"]["models"], models)
        self.assertEqual(self.host.call("health")["result"]["status"], "healthy")


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
        self.assertEqual([each["id"] for each in models], ["flite", "espeak-ng", "pocketsphinx", "whisper"])
        voice = models[0]["options"]["text-to-audio"]["properties"]["voice"]
        self.assertEqual((voice["default"], "enum" in voice), ("slt", False))
        health = self.host.call("health")["result"]
        self.assertEqual(health["status"], "degraded")
        for model, line in (("flite", "apt-get install flite"), ("espeak-ng", "apt-get install espeak-ng")):
            self.assertIn(line, health["lastError"])
            id, job = self.begin_speak("Hello.", model)
            error = self.refused(id, 1004, "NotConfigured", f"`{model}` is missing", f"`{line}`")
            self.assertEqual((error["data"]["program"], error["data"]["install"]), (model, line))
            self.assertIs(error["data"]["retryable"], False)
            self.assertEqual(os.listdir(job / "out"), [])

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
