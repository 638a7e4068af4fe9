"""Tests of the provider: `python3 -m unittest`. A host talks to it over pipes, as Prizm does."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from typing import Any

from prizm_plugin.testing import Host
from provider import provider


class Conversation(unittest.TestCase):
    def setUp(self) -> None:
        self.host = Host(provider)
        self.addCleanup(self.host.close)

    def say(self, text: str, **options: Any) -> dict[str, Any]:
        return self.host.transform("echo", "text-to-text", text=text, options=options)

    def test_it_declares_what_the_manifest_says(self) -> None:
        manifest = Path(__file__).with_name("prizm.toml").read_text("utf-8")
        for key, value in self.host.declaration["provider"].items():
            self.assertIn(f'{key} = "{value}"', manifest)
        for capability in self.host.declaration["capabilities"]:
            self.assertIn(f'"{capability}"', manifest)

    def test_it_says_the_text_as_often_as_it_is_wanted(self) -> None:
        answer = self.say("héllo\n", times=3)
        self.assertEqual(answer["result"]["outputs"][0]["text"], "héllo\n héllo\n héllo\n")
        chunks = self.host.notices(answer["id"], "$/chunk")
        self.assertEqual("".join(chunk["text"] for chunk in chunks), "héllo\n héllo\n héllo\n")
        self.assertEqual(self.host.notices(answer["id"], "$/progress")[0]["stage"], "echoing")

    def test_it_gives_a_picture_back(self) -> None:
        with tempfile.TemporaryDirectory() as job:
            (Path(job) / "in").mkdir()
            (Path(job) / "in/0.jpg").write_bytes(b"picture")
            picture = {"kind": "image", "mime": "image/jpeg", "path": "in/0.jpg"}
            answer = self.host.transform("echo", "image-to-image", inputs=[picture], jobDir=job, options={"delayMs": 1})
            self.assertEqual(answer["result"]["outputs"], [{**picture, "path": "out/echo.jpg"}])
            self.assertEqual((Path(job) / "out/echo.jpg").read_bytes(), b"picture")

    def test_it_can_be_cancelled(self) -> None:
        id = self.host.start("echo", "text-to-text", text="slow", options={"delayMs": 60_000})
        self.host.wait(lambda frame: frame.get("method") == "$/progress")
        self.host.cancel(id)
        self.assertEqual(self.host.answer(id)["error"]["code"], -32800)

    def test_wrong_options_and_inputs_are_named(self) -> None:
        for options in ({"times": 0}, {"times": "3"}, {"delayMs": -1}, {"loud": True}):
            error = self.say("x", **options)["error"]
            self.assertEqual((error["code"], error["data"]["option"]), (-32602, *options))
        text = {"kind": "text", "mime": "text/plain", "text": "x"}
        for capability, inputs in (("text-to-text", []), ("image-to-image", []), ("image-to-image", [text])):
            error = self.host.transform("echo", capability, inputs=inputs)["error"]
            self.assertEqual(error["data"]["kind"], "InvalidMedia")


if __name__ == "__main__":
    unittest.main()
