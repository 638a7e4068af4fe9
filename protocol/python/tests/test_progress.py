"""What a job says before its answer."""

from __future__ import annotations

import time
from typing import Any

from prizm_plugin import Error

from .case import LabCase
from .lab import CHUNK, Lab

BOTH = ("plain", "lab")


class SaidCase(LabCase):
    def said(self, what: str, model: str = "lab", **more: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """What came for a job before its answer, and its answer."""
        host = self.host(Lab(), **more)
        id = host.start(model, "text-to-text", text=what)
        answer = host.answer(id)
        self.assert_alive(host)
        at = host.seen.index(answer)
        frames = [frame["params"] for frame in host.seen if frame.get("params", {}).get("id") == id]
        self.assertEqual(frames, [frame["params"] for frame in host.seen[:at] if "params" in frame])
        numbers = [frame["seq"] for frame in frames if "seq" in frame]
        self.assertEqual(numbers, sorted(set(numbers)))
        return frames, answer


class Progress(SaidCase):
    def test_fractions_are_clamped_and_never_fall(self) -> None:
        frames, _ = self.said("wild")
        self.assertEqual([frame.get("fraction") for frame in frames], [0.5, 0.5, None, 1.0, 1.0])
        self.assertEqual({frame["stage"] for frame in frames}, {"wild"})

    def test_a_burst_is_told_seldom_and_ends_with_its_last(self) -> None:
        for model in BOTH:
            began = time.monotonic()
            frames, _ = self.said("burst", model)
            most = (time.monotonic() - began) * 10 + 2
            self.assertLessEqual(len(frames), most)
            self.assertEqual((frames[0]["fraction"], frames[-1]["fraction"]), (0.0, 0.999))

    def test_what_was_held_back_leaves_as_soon_as_it_may(self) -> None:
        host = self.host(Lab())
        began = time.monotonic()
        id = host.start("lab", "text-to-text", text="held-back 20000")
        host.wait(lambda frame: frame.get("params", {}).get("seq") == 2)
        self.assertGreater(time.monotonic() - began, 0.09)
        first, second = host.notices(id, "$/progress")
        self.assertEqual(first, {"id": id, "seq": 1, "fraction": 0.1, "stage": "first"})
        self.assertEqual(second, {"id": id, "seq": 2, "fraction": 0.2, "message": "held back", "etaMs": 5000})
        self.assertLess(time.monotonic() - began, 10)

    def test_it_may_be_told_in_full(self) -> None:
        for model in BOTH:
            ((frame, *_), _) = self.said("report", model)
            expected = {"seq": 1, "fraction": 0.2, "stage": "s", "message": "m", "etaMs": 5000}
            self.assertEqual({**frame, **expected}, frame)


class Chunks(SaidCase):
    def test_chunks_come_in_order_before_the_answer(self) -> None:
        for model in BOTH:
            frames, answer = self.said("chunks 40", model)
            self.assertEqual([frame["text"].split(" ")[0] for frame in frames], [str(each) for each in range(40)])
            self.assertEqual(self.text_of(answer), "chunks 40")

    def test_chunks_over_the_limit_are_cut_into_frames(self) -> None:
        frames, _ = self.said("chunks 2", limit=4096)
        self.assertEqual("".join(frame["text"] for frame in frames), f"0 {CHUNK}1 {CHUNK}")
        self.assertLess(max(len(str(frame)) for frame in frames), 4096)

    def test_an_error_may_know_better_what_was_charged(self) -> None:
        data = Error("UpstreamError", "it was given back", details={"charged": "no"}).to_wire("unknown")["data"]
        self.assertEqual((data["accepted"], data["charged"]), (True, "no"))

    def test_what_was_accepted_is_repeated_by_the_error(self) -> None:
        for number, code in ((5, 1201), (9_000_000, 1205)):
            frames, answer = self.said(f"accept {number}")
            self.assertEqual([(frame["remoteId"], frame["charged"]) for frame in frames], [("remote-7", "yes")])
            data = self.assert_error(answer, code)["data"]
            self.assertEqual((data["accepted"], data["charged"]), (True, "yes"))
