"""The conversation: start, order, errors in the frames, and the end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import unittest

from .harness import HELLO, PROVIDER, ROOT, Host, ProviderCase, executable, scratch, wait_exit


class Conversation(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Host()
        self.addCleanup(self.host.close)

    def error(self, method: str, params: object = None) -> dict[str, object]:
        return self.host.call(method, params)["error"]

    def test_initialize_declares_what_the_manifest_says(self) -> None:
        declared = self.host.call("initialize", HELLO)["result"]
        manifest = (ROOT / "prizm.toml").read_text()
        self.assertEqual(declared["protocolVersion"], "1.0")
        for name in ("id", "name", "version", "type"):
            self.assertIn(f'{name} = "{declared["provider"][name]}"', manifest)
        for capability in declared["capabilities"]:
            self.assertIn(f'"{capability}"', manifest)
        self.assertEqual(manifest.count("-to-"), len(declared["capabilities"]))
        self.assertEqual((declared["liveness"], declared["cancel"]), ("ping", "cooperative"))
        self.assertEqual(declared["limits"]["maxInFlight"], min(os.cpu_count(), 4))
        self.assertEqual(declared["dataPolicy"], {"retentionDays": 0, "training": False})
        ids = [model["id"] for model in declared["models"]]
        self.assertEqual(len(ids), len(set(ids)))
        covered = {each for model in declared["models"] for each in model["capabilities"]}
        self.assertEqual(covered, set(declared["capabilities"]))
        for model in declared["models"]:
            (schema,) = model["options"].values()
            self.assertIs(schema["additionalProperties"], False)
            self.assertTrue(model["isFree"])
            self.assertEqual(model["pricing"], [{"unit": "call", "amount": "0", "currency": "USD"}])
            self.assertEqual(model["features"], ["cancel", "progress"])
            for name, option in schema["properties"].items():
                self.assertTrue(option["description"], name)
        self.host.call("configure", {"config": {}})
        self.assertEqual(self.host.call("models")["result"]["models"], declared["models"])

    def test_order_of_the_start(self) -> None:
        for method in ("transform", "configure", "models"):
            self.assertEqual(self.error(method)["code"], 1001, method)
        self.assertEqual(self.host.call("ping")["result"], {})
        self.assertEqual(self.error("initialize", {**HELLO, "protocolVersions": ["9.9"]})["code"], 1002)
        self.assertEqual(self.error("initialize", {})["code"], -32602)
        self.assertIn("result", self.host.call("initialize", HELLO))
        self.assertEqual(self.error("initialize", HELLO)["code"], -32600)
        job = {"model": "frame", "capability": "video-to-image", "inputs": [], "jobId": "j"}
        self.assertEqual(self.error("transform", job)["code"], 1004)

    def test_unknown_methods_and_notifications(self) -> None:
        self.host.ready()
        self.assertEqual(self.error("estimate", {})["code"], -32601)
        self.assertEqual(self.error("no/such")["code"], -32601)
        before = len(self.host.frames)
        self.host.send("no/such", notify=True)
        self.host.send("$/cancelRequest", {"id": 12345}, notify=True)
        self.host.send("$/cancelRequest", {"id": [1]}, notify=True)
        self.assertEqual(self.host.call("ping")["result"], {})
        self.assertEqual(len(self.host.frames), before + 1)

    def test_bom_crlf_blank_lines_and_pieces(self) -> None:
        self.host.write(b'\xef\xbb\xbf{"jsonrpc":"2.0","id":901,"method":"ping"}\r\n\r\n\n')
        self.host.write(b'{"jsonrpc":"2.0","id":902,"me')
        self.host.answer(901)
        self.host.write(
            b'thod":"ping"}\n{"jsonrpc":"2.0","id":903,"result":{}}\n{"jsonrpc":"2.0","id":904,"method":"ping"}\n'
        )
        self.assertEqual(self.host.answer(902)["result"], {})
        self.assertEqual(self.host.answer(904)["result"], {})
        self.assertFalse([frame for frame in self.host.frames if frame["id"] == 903])

    def test_oversized_frames_are_discarded_and_named(self) -> None:
        filler = b"x" * (9 * 1024 * 1024)
        self.host.write(b'{"jsonrpc":"2.0","id":77,"method":"ping","params":{"x":"' + filler + b'"}}\n')
        error = self.host.answer(77)["error"]
        self.assertEqual((error["code"], error["data"]["kind"]), (1205, "FrameTooLarge"))
        self.assertGreater(error["data"]["size"], error["data"]["limit"])
        self.host.write(filler + b"\n")
        self.assertEqual(self.host.call("ping")["result"], {})

    def test_shutdown_then_exit(self) -> None:
        self.host.ready()
        self.assertEqual(self.host.call("shutdown")["result"], {})
        self.assertEqual(self.host.call("transform", {})["error"]["code"], -32802)
        self.assertEqual(self.host.call("shutdown")["result"], {})
        self.host.send("exit", notify=True)
        self.assertEqual(wait_exit(self.host.process), 0)


class Configuration(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Host()
        self.addCleanup(self.host.close)
        self.host.call("initialize", HELLO)

    def test_wrong_types_are_named(self) -> None:
        for config in ({"threads": "many"}, {"threads": -1}, {"ffmpegPath": 5}, {"ffprobePath": ""}):
            error = self.host.call("configure", {"config": config})["error"]
            self.assertEqual((error["code"], error["data"]["kind"]), (1005, "ConfigInvalid"))
            for name in config:
                self.assertIn(name, error["message"])
        answer = self.host.call("configure", {"config": {"timeout": 30, "threads": 1}, "services": {}})
        self.assertEqual(answer["result"], {"ready": True})
        health = self.host.call("health")["result"]
        self.assertEqual((health["status"], health["activeJobs"], health["queuedJobs"]), ("healthy", 0, 0))
        self.assertGreaterEqual(health["uptimeMs"], 0)


class WithoutFfmpeg(ProviderCase):
    def setUp(self) -> None:
        self.host = Host(env={"PATH": ""}).ready()
        self.addCleanup(self.host.close)

    def test_it_says_what_to_install(self) -> None:
        health = self.host.call("health")["result"]
        self.assertEqual(health["status"], "unhealthy")
        self.assertIn("apt-get install ffmpeg", health["lastError"])
        error = self.refused(self.job_dir("film.mp4"), "frame", "video-to-image")
        self.assert_kind(
            error, 1004, "NotConfigured", "ffmpeg not found on PATH; install it with `apt-get install ffmpeg`"
        )

    def test_a_missing_encoder_is_named(self) -> None:
        fake = executable(scratch() / "poor-ffmpeg", "#!/bin/sh\necho ' V....D png  PNG image'\n")
        probe = executable(scratch() / "poor-ffprobe", "#!/bin/sh\nexit 1\n")
        self.host.call("configure", {"config": {"ffmpegPath": str(fake), "ffprobePath": str(probe)}})
        error = self.refused(self.job_dir("film.mp4"), "transcode", "video-to-video", {"format": "webm"})
        self.assert_kind(error, 1004, "NotConfigured", "libvpx-vp9, libopus")


class ByHand(unittest.TestCase):
    def test_run_by_hand_says_how(self) -> None:
        env = {name: value for name, value in os.environ.items() if name != "PRIZM_PLUGIN"}
        done = subprocess.run(PROVIDER, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn("prizm run", done.stderr)


class NoisyCode(ProviderCase):
    """A model that prints, writes to descriptor 1, runs a chatty child and reads stdin."""

    NOISY = textwrap.dedent("""
        import os, subprocess, sys
        sys.path.insert(0, ".")
        from prizm_ffmpeg import frame, main, provider
        from dataclasses import replace

        def noisy(call):
            print('{"jsonrpc":"2.0","id":1,"result":"from print"}', flush=True)
            os.write(1, b"from descriptor 1")
            subprocess.run(["echo", "from a child"])
            assert sys.stdin.read() == ""
            return frame.run(call)

        provider.MODELS = {**provider.MODELS, "frame": replace(frame.MODEL, run=noisy)}
        main.main()
    """)

    def setUp(self) -> None:
        self.host = Host([sys.executable, "-B", "-c", self.NOISY]).ready()

    def test_frames_stay_clean(self) -> None:
        output = self.transform(self.job_dir("film.mp4"), "frame", "video-to-image")
        self.assertEqual(output["meta"]["width"], 320)
        self.assertEqual(self.host.close(), 0)
        self.assertEqual(self.host.noise, [])
        self.assertFalse([frame for frame in self.host.frames if "from print" in json.dumps(frame)])
        for words in (b"from print", b"from descriptor 1", b"from a child"):
            self.assertIn(words, self.host.stderr)
