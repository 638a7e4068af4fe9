"""The golden messages under `protocol/examples`: what is read is printed as it was, as in the other languages.

The rule is in `crates/prizm-protocol/tests/golden.rs`.
"""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any

from prizm_plugin import frames, jsontext, wire

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FRAMES = ("Notification", "Request", "Response")
PARAMS = {
    "initialize": "InitializeParams",
    "configure": "ConfigureParams",
    "models": "Empty",
    "health": "Empty",
    "ping": "Empty",
    "shutdown": "Empty",
    "transform": "TransformParams",
    "estimate": "EstimateParams",
    "$/cancelRequest": "CancelParams",
    "$/progress": "Progress",
    "$/chunk": "Chunk",
    "$/accepted": "Accepted",
    "$/startup": "Startup",
    "$/log": "Log",
}


def reprint(type: str, text: str) -> Any:
    value = jsontext.decode(text.strip())
    return reprint_frame(value) if type in FRAMES else json.loads(jsontext.encode(wire.read(type, value)))


def reprint_frame(value: Any) -> Any:
    """Go by the way of the wire: one compact line, told apart, its parts read, and encoded anew."""
    message = frames.classify(jsontext.encode(value))
    parts: dict[str, Any] = {"id": message.id, "method": message.method, "params": message.params}
    printed = {name: part for name, part in parts.items() if part is not None}
    if message.method is None:
        printed["error" if message.error else "result"] = message.error or message.result
    elif message.params is not None and message.method in PARAMS:
        wire.read(PARAMS[message.method], message.params)
    if message.error:
        printed["error"] = wire.read("ErrorObject", message.error)
    frame = frames.frame({"jsonrpc": "2.0", **printed})
    return json.loads(frame)


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types: 1 is not 1.0 or true."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


class Golden(unittest.TestCase):
    def test_every_directory_has_a_type_and_every_type_a_reader(self) -> None:
        directories = {path.name for path in EXAMPLES.iterdir()} - {"Manifest", "ServiceManifest"}
        self.assertGreater(len(directories), 20)
        self.assertEqual(directories - set(FRAMES) - set(wire.TYPES), set())
        self.assertEqual(set(wire.TYPES) - directories - {"EstimateParams"}, set())

    def test_every_example_is_printed_as_it_was_read(self) -> None:
        count = 0
        for path in sorted(EXAMPLES.glob("*/*.json")):
            if path.parent.name in ("Manifest", "ServiceManifest") or path.name.endswith(".printed.json"):
                continue
            with self.subTest(f"{path.parent.name}/{path.name}"):
                count += 1
                sibling = path.with_name(f"{path.stem}.printed.json")
                wanted = json.loads((sibling if sibling.exists() else path).read_text("utf-8"))
                printed = reprint(path.parent.name, path.read_text("utf-8"))
                self.assertTrue(same(printed, wanted), f"\n   is: {printed}\nwants: {wanted}")
        self.assertGreater(count, 100)


class Wrongs(unittest.TestCase):
    def test_what_is_wrong_is_named_with_its_place_and_never_quoted(self) -> None:
        media = {"kind": "text", "mime": "text/plain"}
        job = {"model": "m", "capability": "c", "inputs": [], "jobId": "j"}
        cases: list[tuple[str, Any, str]] = [
            ("Media", {**media, "mime": 1}, "`mime`: expected a string, got an integer"),
            (
                "Media",
                {**media, "kind": "smell"},
                "`kind`: expected one of text, image, audio, video, 3d, got a string",
            ),
            ("Media", [], "params: expected an object, got an array"),
            (
                "TransformParams",
                {**job, "inputs": [media, {"kind": "text"}]},
                "`inputs[1]`: the field `mime` is missing",
            ),
            ("TransformParams", {**job, "inputs": {}}, "`inputs`: expected an array, got an object"),
            ("TransformParams", {**job, "options": None}, "`options`: expected an object, got null"),
            ("TransformParams", {**job, "deadlineMs": -1}, "`deadlineMs`: expected an integer from 0 to 2^64-1"),
            ("TransformParams", {**job, "deadlineMs": 1.5}, "`deadlineMs`: expected an integer"),
            ("TransformParams", {**job, "deadlineMs": True}, "`deadlineMs`: expected an integer"),
            (
                "ConfigureParams",
                {"services": {"a": {"endpoints": {"b": 5}}}},
                "`services.a.endpoints.b`: expected a string",
            ),
            ("ConfigureParams", {"config": "sk-secret"}, "`config`: expected an object, got a string"),
            ("Usage", {"cost": "1e3"}, "`cost`: expected digits"),
            ("EstimateResult", {"cost": "٣"}, "`cost`: expected digits"),
            ("Progress", {"id": 1}, "params: the field `seq` is missing"),
            ("Progress", {"id": 1, "seq": 1, "fraction": "1"}, "`fraction`: expected a number, got a string"),
            ("ErrorObject", {"code": 2**63, "message": ""}, "`code`: expected an integer"),
        ]
        for type, value, expected in cases:
            with self.subTest(expected):
                with self.assertRaises(wire.Wrong) as raised:
                    wire.read(type, value)
                self.assertIn(expected, str(raised.exception))
                self.assertNotIn("sk-secret", str(raised.exception))

    def test_a_field_that_comes_twice_is_refused_and_a_key_that_does_is_not(self) -> None:
        with self.assertRaisesRegex(wire.Wrong, "the field `id` is there twice"):
            wire.read("CancelParams", jsontext.decode('{"id":1,"id":2}'))
        self.assertEqual(wire.read("CancelParams", jsontext.decode('{"id":1,"x":1,"x":2}')), {"id": 1})
        config = wire.read("ConfigureParams", jsontext.decode('{"config":{"a":1,"a":2}}'))["config"]
        self.assertEqual(config, {"a": 2})

    def test_what_is_known_of_a_medium_is_not_the_medium(self) -> None:
        hint = {"kind": "text", "mime": "text/plain", "meta": {"characters": 5}}
        params = {"model": "m", "capability": "c", "inputs": [{**hint, "text": "Hello"}], "jobId": "j"}
        read = wire.read("EstimateParams", params)
        self.assertEqual(read, {"model": "m", "capability": "c", "options": {}, "inputs": [hint]})
