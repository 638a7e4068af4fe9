"""What the provider asks, and what it makes of what it hears."""

from __future__ import annotations

import pathlib
import socket
import unittest
from typing import Any

from prizm_plugin.testing import PATIENCE, Host

from prizm_llm.provider import llm

from .server import END, Server, event, piece, refuse, stream

ROOT = pathlib.Path(__file__).parent.parent


class Llm(unittest.TestCase):
    def ask(self, *scripts: Any, text: str = "Hello", **more: Any) -> dict[str, Any]:
        with Server(*scripts) as server, Host(llm, config={"baseUrl": server.url}) as host:
            answer = host.transform("smollm2-135m", "text-to-text", text=text, **more)
            self.chunks = [chunk["text"] for chunk in host.notices(answer["id"], "$/chunk")]
            self.stages = {notice.get("stage") for notice in host.notices(answer["id"], "$/progress")}
            self.asked = server.asked
            return answer

    def error(self, *scripts: Any, **more: Any) -> dict[str, Any]:
        return self.ask(*scripts, **more)["error"]

    def test_it_declares_what_the_manifest_says(self) -> None:
        with Host(llm) as host:
            declared = host.declaration
        manifest = (ROOT / "prizm.toml").read_text()
        for name in ("id", "name", "version", "type"):
            self.assertIn(f'{name} = "{declared["provider"][name]}"', manifest)
        self.assertEqual(declared["capabilities"], ["text-to-text"])

    def test_an_answer_comes_in_pieces_and_whole(self) -> None:
        answer = self.ask(stream(piece("Hel"), piece("lo"), END))["result"]
        self.assertEqual(answer["outputs"][0]["text"], "Hello")
        self.assertEqual(answer["meta"], {"tokens": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})
        self.assertEqual("".join(self.chunks), "Hello")
        self.assertIn("answering", self.stages)

    def test_events_may_be_cut_anywhere_and_written_in_any_way(self) -> None:
        whole = b": keep-alive\r\n\r\nevent: message\r\n" + piece("Hé").replace(b"\n", b"\r\n") + END
        cut = [whole[at : at + 7] for at in range(0, len(whole), 7)]
        self.assertEqual(self.ask(stream(*cut))["result"]["outputs"][0]["text"], "Hé")
        lines = b'data: {"choices": [{"delta":\ndata: {"content": "two lines"}}]}\n\n'
        self.assertEqual(self.ask(stream(lines, END))["result"]["outputs"][0]["text"], "two lines")
        unended = piece("x") + b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
        self.assertEqual(self.ask(stream(unended))["result"]["outputs"][0]["text"], "x")

    def test_options_reach_the_server(self) -> None:
        options = {"system": "Be kind", "maxTokens": 7, "temperature": 1, "seed": 3, "stop": "."}
        self.ask(stream(END), options=options)
        path, _, body = self.asked[0]
        self.assertEqual(path, "/v1/chat/completions")
        expected = {
            "model": "smollm2-135m",
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": "system", "content": "Be kind"}, {"role": "user", "content": "Hello"}],
            "max_tokens": 7,
            "temperature": 1.0,
            "seed": 3,
            "stop": ["."],
        }
        self.assertEqual(body, expected)
        for wrong in ({"maxTokens": 0}, {"temperature": 3}, {"colour": "red"}):
            error = self.error(stream(END), options=wrong)
            self.assertEqual(error["code"], -32602)
            self.assertIn(next(iter(wrong)), error["message"])

    def test_a_cut_answer_has_a_warning(self) -> None:
        answer = self.ask(stream(piece("a"), piece("", "length")))["result"]
        self.assertEqual(answer["meta"]["warnings"], ["the answer was cut at `maxTokens`"])

    def test_a_server_that_loads_its_model_is_asked_again(self) -> None:
        loading = refuse(503, {"error": {"message": "Loading model"}})
        answer = self.ask(loading, loading, stream(piece("x"), END))["result"]
        self.assertEqual((answer["outputs"][0]["text"], len(self.asked)), ("x", 3))
        self.assertIn("loading", self.stages)

    def test_each_refusal_has_its_kind(self) -> None:
        said = {"error": {"message": "no, because"}}
        for status, kind, retryable in (
            (400, "InvalidMedia", False),
            (401, "ConfigInvalid", False),
            (403, "ConfigInvalid", False),
            (404, "UpstreamError", False),
            (429, "RateLimited", True),
            (500, "UpstreamError", True),
        ):
            error = self.error(refuse(status, said, Retry_After="7"))
            self.assertEqual((error["data"]["kind"], error["data"]["retryable"]), (kind, retryable), status)
            self.assertIn(f"the server answered {status}: no, because", error["message"])
            if status == 429:
                self.assertEqual(error["data"]["retryAfterMs"], 7000)

    def test_an_answer_that_breaks_off_is_no_answer(self) -> None:
        for script, words in (
            (stream(piece("x")), "ended in the middle"),
            (stream(piece("x"), b"data: {"), "ended in the middle"),
            (stream(b"data: {\n\n"), "no JSON"),
            (stream(b"data: [1]\n\n"), "no event"),
            (stream(event({"error": {"code": 500, "message": "out of tokens"}})), "out of tokens"),
            (stream(b"data: " + b"x" * (1024 * 1024 + 1) + b"\n\n"), "too long"),
        ):
            error = self.error(script)
            self.assertEqual(error["data"]["kind"], "UpstreamError")
            self.assertIn(words, error["message"])

    def test_nobody_there_is_told(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            with Host(llm, config={"baseUrl": url}) as host:
                error = host.transform("smollm2-135m", "text-to-text", text="x")["error"]
        self.assertEqual(error["data"]["kind"], "UpstreamError")
        self.assertIn("does not answer", error["message"])

    def test_cancelling_hangs_up(self) -> None:
        with Server() as server:
            with Host(llm, config={"baseUrl": server.url}) as host:
                server._server.RequestHandlerClass.do_POST = lambda handler: server.hold(handler)  # type: ignore[attr-defined]
                job = host.start("smollm2-135m", "text-to-text", text="x")
                self.assertTrue(server.held.wait(PATIENCE))
                host.cancel(job)
                self.assertEqual(host.answer(job)["error"]["code"], -32800)
                self.assertTrue(server.hung_up.wait(PATIENCE))

    def test_a_new_configuration_is_for_new_jobs(self) -> None:
        with Server(stream(piece("one"), END)) as first, Server(stream(piece("two"), END)) as second, Host(llm) as host:
            error = host.transform("smollm2-135m", "text-to-text", text="x")["error"]
            self.assertEqual(error["data"]["kind"], "NotConfigured")
            for server, said in ((first, "one"), (second, "two")):
                services = {"backend": {"endpoints": {"http": server.url}}}
                host.call("configure", {"config": {}, "services": services})
                answer = host.transform("smollm2-135m", "text-to-text", text="x")
                self.assertEqual(answer["result"]["outputs"][0]["text"], said)

    def test_a_server_is_named_with_v1_or_without(self) -> None:
        for path in ("", "v1", "v1/"):
            with Server(stream(END)) as server:
                config = {"baseUrl": server.url + path, "apiKey": "k-1234567", "model": "other"}
                with Host(llm, config=config) as host:
                    host.transform("smollm2-135m", "text-to-text", text="x")
                asked, headers, body = server.asked[0]
            self.assertEqual((asked, body["model"]), ("/v1/chat/completions", "other"))
            self.assertEqual(headers["Authorization"], "Bearer k-1234567")
        for wrong in ("ftp://secret.example", "http://", "127.0.0.1:80", "http://h:x"):
            with Host(llm, config={"baseUrl": wrong}) as host:
                error = host.configured["error"]
            self.assertEqual(error["data"]["kind"], "ConfigInvalid")
            self.assertIn("`baseUrl`", error["message"])
            self.assertNotIn(wrong, error["message"])


if __name__ == "__main__":
    unittest.main()
