"""Frames that are too long, and a host that does not read."""

from __future__ import annotations

import io
import json
import os
import threading
import time
import unittest
from typing import Any

from prizm_plugin import channel, serve_io

from .case import LabCase
from .lab import PATIENCE, Lab
from .test_checks import HELLO, JOB

LIMIT = 64 * 1024


class Oversized(LabCase):
    def test_a_request_is_refused_by_its_id_and_the_next_one_is_read(self) -> None:
        host = self.host(Lab(), limit=LIMIT)
        frame = json.dumps({"jsonrpc": "2.0", "id": 905, "method": "transform", "params": {"x": "x" * 300_000}})
        host.send_bytes(frame.encode() + b"\n")
        data = self.assert_error(host.answer(905), 1205)["data"]
        self.assertEqual((data["kind"], data["size"], data["limit"]), ("FrameTooLarge", len(frame), LIMIT))
        host.send_bytes(b"z" * 500_000 + b"\n")
        self.assert_alive(host)
        self.assertIn("ignored a line of 500000 bytes; the limit is 65536", self.stderr.getvalue())

    def test_an_answer_becomes_an_error_with_size_and_limit(self) -> None:
        host = self.host(Lab(), limit=LIMIT)
        for model in ("plain", "lab"):
            data = self.assert_error(host.transform(model, "text-to-text", text="huge 100000"), 1205)["data"]
            self.assertEqual((data["kind"], data["limit"]), ("FrameTooLarge", LIMIT))
            self.assertTrue(100_000 < data["size"] < 101_000, data)
            self.assertEqual(len(self.text_of(host.transform(model, "text-to-text", text="huge 60000"))), 60_000)

    def test_eight_mebibytes_pass(self) -> None:
        host = self.host(Lab(), limit=8 * 1024 * 1024)
        text = "é" * 4_000_000
        self.assertEqual(self.text_of(host.transform("plain", "text-to-text", text=text)), text)


class Deaf(unittest.TestCase):
    """A host that writes and does not read."""

    def setUp(self) -> None:
        self.lab = Lab(2)
        reader, self.to = os.pipe()
        self.read_end, writer = os.pipe()
        self.session = threading.Thread(target=self.serve, args=(reader, writer), daemon=True)
        self.session.start()
        self.addCleanup(self.lab.gate.set)
        self.send({"id": 0, "method": "initialize", "params": HELLO})

    def serve(self, reader: int, writer: int) -> None:
        with open(reader, "rb", buffering=0) as source, open(writer, "wb", buffering=0) as sink:
            serve_io(self.lab.provider, source, sink)

    def send(self, frame: dict[str, Any]) -> None:
        os.write(self.to, json.dumps({"jsonrpc": "2.0", **frame}).encode() + b"\n")

    def transform(self, id: int, text: str, model: str = "plain") -> None:
        inputs = [{"kind": "text", "mime": "text/plain", "text": text}]
        self.send({"id": id, "method": "transform", "params": {**JOB, "model": model, "inputs": inputs}})

    def rest(self) -> list[Any]:
        """Hang up, and read all that was said."""
        frames = []
        with open(self.read_end, "rb") as source:
            for line in source:
                if line.strip():
                    frames.append(json.loads(line))
                    if frames[-1].get("id") == 99:
                        os.close(self.to)
        self.session.join(PATIENCE)
        self.assertFalse(self.session.is_alive())
        return frames

    def test_work_waits_for_it_and_nothing_is_lost(self) -> None:
        self.transform(1, "chunks 100")
        self.lab.wait("chunk")
        # Pings and cancellations are heard meanwhile, and progress does not wait.
        for id in range(10, 20):
            self.send({"id": id, "method": "ping"})
        self.transform(2, "burst")
        self.lab.wait("ended")
        self.assertLess(self.lab.count("chunk"), 100)
        self.send({"id": 20, "method": "transform", "params": {**JOB, "deadlineMs": 1}})
        self.transform(3, "sleep 1", "lab")
        self.lab.wait("begun", 3)
        threading.Timer(0.2, lambda: self.send({"id": 98, "method": "shutdown"})).start()
        threading.Timer(0.4, lambda: self.send({"id": 99, "method": "ping"})).start()
        frames = self.rest()
        self.assertEqual(len([frame for frame in frames if frame.get("method") == "$/chunk"]), 100)
        for id in (1, 2, 3, 20, *range(10, 20)):
            self.assertEqual(len([frame for frame in frames if frame.get("id") == id]), 1, id)

    def test_its_end_is_seen_all_the_same(self) -> None:
        self.transform(1, "chunks 100")
        self.lab.wait("chunk")
        for id in range(10, 20):
            self.send({"id": id, "method": "ping"})
        began = time.monotonic()
        os.close(self.to)
        self.session.join(PATIENCE)
        self.assertFalse(self.session.is_alive())
        self.assertLess(time.monotonic() - began, 5)
        os.close(self.read_end)


class Streams(unittest.TestCase):
    def test_any_binary_streams_will_do(self) -> None:
        lines: list[dict[str, Any]] = [
            {"id": 0, "method": "initialize", "params": HELLO},
            {"id": 1, "method": "ping"},
            {"method": "exit"},
            {"id": 2, "method": "ping"},
        ]
        source = io.BytesIO(b"\n".join(json.dumps({"jsonrpc": "2.0", **line}).encode() for line in lines))
        sink = io.BytesIO()
        serve_io(Lab().provider, source, sink)
        answers = [json.loads(line) for line in sink.getvalue().splitlines() if line]
        self.assertEqual([answer["id"] for answer in answers], [0, 1])

    def test_a_last_line_without_an_end_is_read(self) -> None:
        sink = io.BytesIO()
        serve_io(Lab().provider, io.BytesIO(b'{"jsonrpc":"2.0","id":1,"method":"ping"}'), sink)
        self.assertEqual(sink.getvalue(), b'\n{"jsonrpc":"2.0","id":1,"result":{}}\n')

    def test_a_sink_that_breaks_is_an_error(self) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "wb", buffering=0) as sink, self.assertRaises(BrokenPipeError):
            serve_io(Lab().provider, io.BytesIO(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'), sink)

    def test_the_limit_of_a_host_is_believed_within_reason(self) -> None:
        way = channel.Channel(channel_sink(), lambda error: None)
        for stated, kept in ((1, 1024), (2**63, 64 * 1024 * 1024), (65536, 65536)):
            way.set_limit(stated)
            self.assertEqual(way.limit, kept)


def channel_sink() -> Any:
    class Sink:
        def write(self, data: bytes) -> None:
            raise AssertionError(data)

    return Sink()
