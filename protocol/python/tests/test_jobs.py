"""Jobs at the same time, in turn, and in ruins."""

from __future__ import annotations

import json
from typing import Any

from prizm_plugin import Error

from .case import LabCase
from .lab import Lab

BOTH = ("plain", "lab")


class Jobs(LabCase):
    def test_jobs_run_at_the_same_time_and_answer_as_they_finish(self) -> None:
        host = self.host(Lab(3))
        ids = [host.start("lab", "text-to-text", text=f"sleep {ms}") for ms in (900, 100, 500)]
        for id in ids:
            host.answer(id)
        order = [frame["id"] for frame in host.seen if frame.get("id") in ids]
        self.assertEqual(order, [ids[1], ids[2], ids[0]])

    def test_jobs_over_the_declared_number_wait_and_pings_do_not(self) -> None:
        for model in BOTH:
            lab = Lab(1)
            host = self.host(lab)
            ids = [host.start(model, "text-to-text", text="wait") for _ in range(3)]
            lab.wait("begun")
            self.assert_alive(host)
            health = self.health(host)
            self.assertEqual((health["activeJobs"], health["queuedJobs"], health["status"]), (1, 2, "healthy"))
            self.assertEqual(lab.count("begun"), 1)
            host.cancel(ids[0])
            self.assert_error(host.answer(ids[0]), -32800)
            lab.wait("begun", 2)
            self.assertEqual(self.health(host)["queuedJobs"], 1)

    def test_two_hundred_large_jobs_all_get_their_own_answer(self) -> None:
        for model in BOTH:
            host = self.host(Lab(64))
            body = "b" * 64 * 1024
            ids = [host.start(model, "text-to-text", text=f"{number} {body}") for number in range(200)]
            for number, id in enumerate(ids):
                self.assertEqual(self.text_of(host.answer(id)), f"{number} {body}")
            self.assertEqual(len([frame for frame in host.seen if frame.get("id") in ids]), 200)

    def test_an_exception_is_an_answer_and_the_provider_lives_on(self) -> None:
        for model in BOTH:
            host = self.host(Lab())
            for what, code, message in (
                ("raise 7", -32603, "ValueError: the lab blew up at 7"),
                ("exit 3", -32603, "the provider called sys.exit(3)"),
                ("interrupt", -32603, "KeyboardInterrupt"),
                ("disk-full", 1103, "OSError: [Errno 28] No space left on device"),
            ):
                error = self.assert_error(host.transform(model, "text-to-text", text=what), code)
                self.assertEqual(error["message"], message)
                self.assertEqual(self.health(host)["lastError"], message)
            self.assertIn("in at_once\n", self.stderr.getvalue())
            self.assertEqual(self.health(host)["activeJobs"], 0)
            self.assertEqual(self.text_of(host.transform(model, "text-to-text", text="echo")), "echo")

    def test_an_error_says_its_kind_and_hints(self) -> None:
        error = self.assert_error(self.host(Lab()).transform("lab", "text-to-text", text="rate"), 1102, "slow down")
        expected = {"kind": "RateLimited", "retryable": True, "retryAfterMs": 1500, "docsUrl": "https://example.org"}
        self.assertEqual(error["data"], {**expected, "left": 0})

    def test_results_may_be_text_media_several_or_all_there_is_to_say(self) -> None:
        host = self.host(Lab())
        outputs = host.transform("lab", "text-to-text", text="results")["result"]["outputs"]
        self.assertEqual([each["mime"] for each in outputs], ["text/plain", "text/markdown"])
        result = host.transform("plain", "text-to-text", text="result")["result"]
        self.assertEqual(result["usage"], {"cost": "0.5", "currency": "USD", "tokens": 3})
        self.assertEqual(result["meta"], {"seed": 1})

    def test_results_that_are_none_are_errors(self) -> None:
        host = self.host(Lab())
        for what, words in (
            ("nothing", "returned a NoneType; expected text, Media"),
            ("object", "returned a object"),
            ("media", "an output is a int"),
            ("nan", "the answer cannot be written as JSON"),
            ("set", "the answer cannot be written as JSON: a set is not JSON"),
            ("half", "the answer cannot be written as JSON"),
        ):
            for model in BOTH:
                self.assert_error(host.transform(model, "text-to-text", text=f"bad {what}"), -32603, words)
        self.assert_alive(host)

    def test_a_function_that_is_not_declared_async_may_give_a_coroutine(self) -> None:
        lab = Lab()
        lab.provider.model("wrapped", capabilities=["text-to-text"])(lambda request, cx: lab.coroutine(request, cx))
        self.assertEqual(self.text_of(self.host(lab).transform("wrapped", "text-to-text", text="sleep 1")), "sleep 1")

    def test_a_stray_task_that_exits_ends_nothing(self) -> None:
        host = self.host(Lab())
        self.assertEqual(self.text_of(host.transform("lab", "text-to-text", text="stray-exit")), "stray-exit")
        self.assertEqual(self.text_of(host.transform("lab", "text-to-text", text="sleep 1")), "sleep 1")

    def test_text_of_any_kind_comes_back_as_it_went(self) -> None:
        host = self.host(Lab())
        text = 'say "hi"\n\\ \t\u0000\u2028 👩‍👩‍👧 العربية ' + "x" * 100_000
        for model in BOTH:
            self.assertEqual(self.text_of(host.transform(model, "text-to-text", text=text)), text)

    def test_ids_are_echoed_to_the_last_digit(self) -> None:
        host = self.host(Lab())
        for id in (0, 2**53 - 1):
            host.send({"jsonrpc": "2.0", "id": id, "method": "ping"})
            self.assertIs(type(host.answer(id)["id"]), int)


class Errors(LabCase):
    def test_kinds_are_retryable_as_they_are_in_rust(self) -> None:
        retryable = {"DeadlineExceeded", "RateLimited", "ResourceExhausted", "UpstreamError"}
        from prizm_plugin import errors

        for kind, (code, _) in errors.KINDS.items():
            error = Error(kind, "x")  # type: ignore[arg-type]
            self.assertEqual((error.code, error.kind, error.message), (code, kind, "x"))
            self.assertEqual(error.data, {"kind": kind, "retryable": kind in retryable})
        self.assertEqual(Error("UpstreamError", "x", retryable=False).data["retryable"], False)
        self.assertRaises(ValueError, Error, "NoSuchKind", "x")

    def test_the_table_is_the_one_of_rust(self) -> None:
        import re
        from pathlib import Path

        from prizm_plugin import errors

        source = Path(__file__).resolve().parents[3] / "crates/prizm-protocol/src/error.rs"
        rows = re.findall(r"^    (\w+) = (\d+), retryable: (\w+);", source.read_text("utf-8"), re.MULTILINE)
        table = {name: (int(code), flag == "true") for name, code, flag in rows}
        self.assertEqual(table, errors.KINDS)
        self.assertGreater(len(table), 10)

    def test_messages_are_told_whatever_is_in_them(self) -> None:
        told: Any = Error.internal("half \ud800 of it").to_wire()
        json.dumps(told).encode()
        self.assertEqual(told["message"], "half ? of it")
