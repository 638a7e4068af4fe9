"""What a server does wrong, and what the host is told of it."""

from __future__ import annotations

import http.client
import http.server
import socket
import threading
import time
from typing import Any, Callable
from unittest import mock

from prizm_plugin.testing import PATIENCE, Host

from prizm_llm import server as server_module
from prizm_llm.provider import MODEL, llm

from .case import CAPABILITY, Case
from .server import END, Script, Server, chunked, event, fall_silent, piece, refuse, reset, stream

OK = b"HTTP/1.0 200 OK\r\n\r\n"
LOADING = {"error": {"message": "Loading model"}}


class Refusals(Case):
    def test_each_has_its_kind(self) -> None:
        for status, kind, retryable in (
            (400, "InvalidMedia", False),
            (401, "ConfigInvalid", False),
            (403, "ConfigInvalid", False),
            (404, "UpstreamError", False),
            (429, "RateLimited", True),
            (500, "UpstreamError", True),
        ):
            error = self.refused(kind, refuse(status, {"error": {"message": "no, because"}}, Retry_After="7"))
            self.assertEqual(error["data"]["retryable"], retryable, status)
            self.assertEqual(error["message"], f"the server answered {status}: no, because")
            self.assertEqual(error["data"].get("retryAfterMs"), 7000 if retryable else None)

    def test_the_words_are_where_servers_have_them(self) -> None:
        for body, words in (
            ({"error": "as text"}, "as text"),
            ({"detail": "Not Found"}, '{"detail": "Not Found"}'),
            ({"error": {"code": 7}}, '{"error": {"code": 7}}'),
            ([1], "[1]"),
            (None, "Not Found"),
            ("x" * 1000, '"' + "x" * 499),
        ):
            error = self.refused("UpstreamError", refuse(404, body))
            self.assertEqual(error["message"], f"the server answered 404: {words}")

    def test_when_to_ask_again_is_read_where_it_is_seconds(self) -> None:
        for value, expected in (("0", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("9" * 400, None), ("\xb2", None)):
            error = self.refused("RateLimited", refuse(429, Retry_After=value))
            self.assertEqual(error["data"].get("retryAfterMs"), expected)

    def test_a_server_that_loads_its_model_is_asked_again(self) -> None:
        answer = self.ask(refuse(503, LOADING), refuse(503, LOADING), stream(piece("x"), END))["result"]
        self.assertEqual((answer["outputs"][0]["text"], len(self.asked)), ("x", 3))
        self.assertIn("loading", self.stages)

    def test_a_server_that_loads_for_too_long_is_given_up(self) -> None:
        with mock.patch.object(server_module, "LOADING", 0.0):
            error = self.refused("UpstreamError", refuse(503, LOADING))
        self.assertEqual(error["message"], "the server answered 503: Loading model")
        self.assertTrue(error["data"]["retryable"])

    def test_an_error_in_the_answer(self) -> None:
        for said, kind, words in (
            ({"code": 500, "message": "out of tokens"}, "UpstreamError", "500: out of tokens"),
            ({"code": 429, "message": "too many"}, "RateLimited", "429: too many"),
            ({"code": "busy"}, "UpstreamError", '500: {"code": "busy"}'),
            ("as text", "UpstreamError", "500: as text"),
        ):
            error = self.refused(kind, stream(piece("x"), event({"error": said}), END))
            self.assertEqual(error["message"], f"the server answered {words}")


class Breaks(Case):
    def test_an_answer_that_breaks_off_is_no_answer(self) -> None:
        for script, words in (
            (stream(piece("x")), "ended in the middle"),
            (stream(piece("x"), b"data: [DONE]\n\n"), "ended in the middle"),
            (stream(piece("x"), piece("y", "stop").rstrip()), "ended in the middle"),
            (chunked(piece("x")), "ended in the middle"),
            (stream(), "ended in the middle"),
            (reset(OK, piece("x")), "broke off"),
            (reset(b"HTTP/1.0 500 No\r\nContent-Length: 9\r\n\r\n", b"half"), "broke off"),
            (reset(), "does not answer"),
            (reset(b"who knows\r\n\r\n"), "does not answer"),
        ):
            with self.subTest(words):
                error = self.refused("UpstreamError", script)
                self.assertIn(words, error["message"])
                self.assertTrue(error["data"]["retryable"])

    def test_an_answer_that_makes_no_sense_is_the_servers_failure(self) -> None:
        for data, words in (
            (b"{", "no JSON"),
            (b"\xff", "no JSON"),
            (b"[" * 100_000, "no JSON"),
            (b"[1]", "no event"),
            (b'{"choices": 5}', "no event"),
            (b'{"choices": [1]}', "no event"),
            (b'{"choices": [{"delta": "x"}]}', "no event"),
        ):
            with self.subTest(data[:40]):
                error = self.refused("UpstreamError", stream(b"data: " + data + b"\n\n", END))
                self.assertIn(words, error["message"])

    def test_a_line_without_end_is_given_up(self) -> None:
        for send in (stream, chunked):
            error = self.refused("UpstreamError", send(b"data: " + b"x" * (1024 * 1024 + 1) + b"\n\n"))
            self.assertIn("too long", error["message"])
            self.assertFalse(error["data"]["retryable"])

    def test_nobody_there_is_told(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            error = self.refused("UpstreamError", config={"baseUrl": url})
        self.assertIn("does not answer", error["message"])

    def test_silence_has_an_end(self) -> None:
        for limit, writes, words in (
            ("TURN", (), "does not answer: timed out"),
            ("SILENCE", (OK,), "broke off: timed out"),
            ("SILENCE", (OK, piece("x")), "broke off: timed out"),
        ):
            with self.subTest(words), mock.patch.object(server_module, limit, 0.05):
                self.assertIn(words, self.refused("UpstreamError", fall_silent(*writes))["message"])


    def test_a_turn_may_come_later_than_silence_may_last(self) -> None:
        def late(handler: http.server.BaseHTTPRequestHandler) -> None:
            # Until it is over for sure: the client waits on another thread.
            time.sleep(0.2)
            handler.wfile.write(OK + piece("x") + END)

        with mock.patch.object(server_module, "SILENCE", 0.05):
            self.assertEqual(self.said(late), "x")


class Cancelling(Case):
    def setUp(self) -> None:
        # Without the grace, nothing but the work's own end can answer for it.
        patch = mock.patch("prizm_plugin.job.GRACE", 10 * PATIENCE)
        patch.start()
        self.addCleanup(patch.stop)

    def hangs_up(self, script: Script, is_heard: Callable[[Host], object]) -> None:
        """Cancel a job as soon as the server is silent and `is_heard` has returned."""
        with Server(script) as server, Host(llm, config={"baseUrl": server.url}) as host:
            job = host.start(MODEL, CAPABILITY, text="x")
            self.assertTrue(server.is_silent.wait(PATIENCE))
            is_heard(host)
            host.cancel(job)
            self.assertEqual(host.answer(job)["error"]["code"], -32800)
            self.assertTrue(server.hung_up.wait(PATIENCE))

    def test_it_hangs_up_on_a_silent_server(self) -> None:
        self.hangs_up(fall_silent(), lambda _: None)
        self.hangs_up(fall_silent(OK), lambda host: host.wait(is_notice("$/progress")))
        self.hangs_up(fall_silent(OK, piece("Once")), lambda host: host.wait(is_notice("$/chunk")))

    def test_it_hangs_up_in_the_middle_of_a_refusal(self) -> None:
        is_read = threading.Event()
        read = http.client.HTTPResponse.read

        def tell(response: http.client.HTTPResponse, size: int) -> bytes:
            is_read.set()
            return read(response, size)

        script = fall_silent(b"HTTP/1.0 500 No\r\nContent-Length: 9\r\n\r\n", b"half")
        with mock.patch.object(http.client.HTTPResponse, "read", tell):
            self.hangs_up(script, lambda _: self.assertTrue(is_read.wait(PATIENCE)))

    def test_it_waits_no_longer_for_a_model(self) -> None:
        with mock.patch.object(server_module, "PAUSE", 10 * PATIENCE):
            with Server(refuse(503, LOADING)) as server, Host(llm, config={"baseUrl": server.url}) as host:
                job = host.start(MODEL, CAPABILITY, text="x")
                host.wait(is_notice("$/progress"))
                host.cancel(job)
                self.assertEqual(host.answer(job)["error"]["code"], -32800)

    def test_a_deadline_ends_it_as_well(self) -> None:
        self.refused("DeadlineExceeded", fall_silent(OK), deadlineMs=50)


def is_notice(method: str) -> Callable[[dict[str, Any]], bool]:
    return lambda frame: frame.get("method") == method
