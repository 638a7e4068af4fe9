"""What the provider asks, and what it makes of what it hears."""

from __future__ import annotations

import pathlib

from prizm_plugin.testing import Host

from prizm_llm.provider import OPTIONS, llm

from .case import Case
from .server import END, chunked, event, piece, stream

ROOT = pathlib.Path(__file__).parent.parent


class Declaration(Case):
    def test_it_declares_what_the_manifest_says(self) -> None:
        with Host(llm) as host:
            declared = host.declaration
        manifest = (ROOT / "prizm.toml").read_text()
        for name in ("id", "name", "version", "type"):
            self.assertIn(f'{name} = "{declared["provider"][name]}"', manifest)
        self.assertEqual(declared["capabilities"], ["text-to-text"])
        self.assertIn('capabilities = ["text-to-text"]', manifest)
        self.assertTrue(declared["configSchema"]["properties"]["apiKey"]["writeOnly"])
        for name, option in OPTIONS["properties"].items():
            self.assertIn(f"| `{name}` |", (ROOT / "README.md").read_text())
            self.assertTrue(option["description"], name)

    def test_it_declares_what_it_is_chosen_by(self) -> None:
        with Host(llm) as host:
            declared = host.declaration
        self.assertEqual(declared["dataPolicy"], {"retentionDays": 0, "training": False})
        (model,) = declared["models"]
        self.assertEqual(model["pricing"], [{"unit": "call", "amount": "0", "currency": "USD"}])
        self.assertEqual((model["features"], model["quality"]), (["cancel", "seed", "streaming"], 1))


class Question(Case):
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

    def test_options_that_are_null_are_as_good_as_absent(self) -> None:
        self.ask(stream(END))
        without = self.asked[0][2]
        self.assertEqual((without["max_tokens"], without["temperature"], "seed" in without), (256, 0, False))
        self.ask(stream(END), options=dict.fromkeys(OPTIONS["properties"]))
        self.assertEqual(self.asked[0][2], without)

    def test_wrong_options_are_refused(self) -> None:
        wrong = (
            {"maxTokens": 0},
            {"maxTokens": 4097},
            {"maxTokens": 1.5},
            {"temperature": 3},
            {"temperature": "hot"},
            {"seed": -1},
            {"seed": 2**31},
            {"stop": ""},
            {"stop": ["."]},
            {"system": 1},
            {"colour": "red"},
        )
        for options in wrong:
            error = self.ask(stream(END), options=options)["error"]
            self.assertEqual((error["code"], error["data"]["option"]), (-32602, next(iter(options))))
            self.assertEqual(self.asked, [])


class Answers(Case):
    def test_an_answer_comes_in_pieces_and_whole(self) -> None:
        answer = self.ask(stream(piece("Hel"), piece("lo"), END))["result"]
        self.assertEqual(answer["outputs"][0]["text"], "Hello")
        self.assertEqual(answer["usage"], {"promptTokens": 3, "completionTokens": 2, "tokens": 5})
        self.assertNotIn("meta", answer)
        self.assertEqual(self.chunks, ["Hel", "lo"])
        self.assertIn("answering", self.stages)

    def test_events_may_be_cut_anywhere_and_written_in_any_way(self) -> None:
        whole = b": keep-alive\r\n\r\nevent: message\r\n" + piece("Hé").replace(b"\n", b"\r\n") + END
        cut = [whole[at : at + 7] for at in range(0, len(whole), 7)]
        for send in (stream, chunked):
            self.assertEqual(self.said(send(*cut)), "Hé")
        lines = b'data: {"choices": [{"delta":\ndata: {"content": "two lines"}}]}\n\n'
        self.assertEqual(self.said(stream(lines, END)), "two lines")
        self.assertEqual(self.said(stream(piece("x").replace(b"data: ", b"data:"), END)), "x")

    def test_it_need_not_say_that_it_is_done(self) -> None:
        self.assertEqual(self.said(stream(piece("x", "stop"))), "x")

    def test_fields_that_are_null_are_as_good_as_absent(self) -> None:
        empty = {"error": None, "usage": None, "choices": [{"delta": None}, {"delta": {"content": None}}]}
        answer = self.ask(stream(event(empty), event({"choices": None}), piece("x", "stop")))["result"]
        self.assertEqual(answer, {"outputs": answer["outputs"]})
        self.assertEqual(answer["outputs"][0]["text"], "x")

    def test_a_cut_answer_has_a_warning(self) -> None:
        answer = self.ask(stream(piece("a"), piece("", "length")))["result"]
        self.assertEqual(answer["meta"]["warnings"], ["the answer was cut: `maxTokens` or the context was full"])

    def test_half_a_character_is_marked(self) -> None:
        self.assertEqual(self.said(stream(piece("a\ud83d"), piece("😀"), END)), "a\ufffd😀")
