"""Bytes to lines, lines to messages."""

from __future__ import annotations

import random
import unittest
from typing import Any
from unittest import mock

from prizm_plugin import frames, heads, jsontext


def decode(limit: int, *chunks: bytes) -> list[Any]:
    decoder = frames.LineDecoder(limit)
    lines = [line for chunk in chunks for line in decoder.feed(chunk)] + decoder.finish()
    return [line if isinstance(line, bytes) else (line.size, line.head) for line in lines]


class Lines(unittest.TestCase):
    def test_lines_end_in_lf_or_crlf_and_blank_ones_are_skipped(self) -> None:
        self.assertEqual(decode(64, b"\n\na\r\n \t\n\r\nb\n"), [b"a", b"b"])
        self.assertEqual(decode(64, b"a\nb"), [b"a", b"b"])

    def test_a_byte_order_mark_is_skipped_at_the_start_only(self) -> None:
        bom = b"\xef\xbb\xbf"
        self.assertEqual(decode(64, bom + b"a\n" + bom + b"b\n"), [b"a", bom + b"b"])

    def test_an_oversized_line_is_discarded_and_the_next_one_is_read(self) -> None:
        long = b"x" * 100_000 + b"\nnext\n"
        chunks = [long[at : at + 777] for at in range(0, len(long), 777)]
        for pieces in (chunks, [long]):
            self.assertEqual(decode(5_000, *pieces), [(100_000, b"x" * 4096), b"next"])
        self.assertEqual(decode(4, b"12345"), [(5, b"1234")])

    def test_an_oversized_line_holds_only_its_head(self) -> None:
        decoder = frames.LineDecoder(1 << 20)
        for _ in range(1000):
            self.assertEqual(decoder.feed(b"x" * 65536), [])
        self.assertLessEqual(len(decoder._partial), 4096)

    def test_any_bytes_in_any_chunks_give_the_same_lines(self) -> None:
        chance = random.Random(7)
        for _ in range(300):
            data = bytes(chance.choice(b'\n\r{ax"\xef') for _ in range(chance.randrange(200)))
            cut, limit = chance.randrange(1, 40), chance.randrange(1, 64)
            chunks = [data[at : at + cut] for at in range(0, len(data), cut)]
            self.assertEqual(decode(limit, *chunks), decode(limit, data), (data, cut, limit))


CASES: list[tuple[str, str]] = [
    ('{"jsonrpc":"2.0","id":1,"method":"ping"}', "request"),
    ('{"jsonrpc":"2.0","method":"exit"}', "notification"),
    ('{"jsonrpc":"2.0","id":1,"result":null}', "response"),
    ('{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""},"extra":1}', "response"),
    ('  {"jsonrpc":"2.0","id":9007199254740991,"result":{}}  ', "response"),
    ('{"jsonrpc":"2.0","id":9007199254740992,"result":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":99999999999999999999999,"method":"ping"}', "noise"),
    ('{"jsonrpc":"2.0","id":null,"result":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":"1","result":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":-1,"result":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":-0,"result":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":true,"method":"ping"}', "noise"),
    ('{"jsonrpc":"2.0","id":1.0,"result":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","result":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"method":5}', "noise"),
    ('{"jsonrpc":"2.0","id":1}', "noise"),
    ('{"jsonrpc":"2.0","result":1}', "noise"),
    ('{"jsonrpc":"1.0","id":1,"result":{}}', "noise"),
    ('{"id":1,"result":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"id":2,"result":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"result":{}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"result":{}} trailing', "noise"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":NaN}}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":-Infinity}}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":"\t"}}', "noise"),
    ('{"jsonrpc":"2.0","id":0,"method":"m","params":{}}', "request"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params": {} }', "request"),
    ('{"jsonrpc":"2.0","id":01,"method":"m","params":{}}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{}}}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{},"id":2}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{},"result":1}', "noise"),
    ('{"jsonrpc":"2.0","id":1,"id":2,"method":"m","params":{}}', "noise"),
    ('[{"jsonrpc":"2.0","id":1,"method":"a"}]', "noise"),
    ("Loading model weights...", "noise"),
    ("{", "noise"),
    ("", "noise"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":1e999}}', "unreadable"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":"\\ud800"}}', "unreadable"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{"\\uDFFF":1}}', "unreadable"),
    ('{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":"\\ud83d\\ude00"}}', "request"),
    ('{"jsonrpc":"2.0","method":"exit","params":["\\ud800"]}', "noise"),
]


def told(line: bytes) -> str:
    try:
        message = frames.classify(line)
    except frames.Noise:
        return "noise"
    except frames.Unreadable:
        return "unreadable"
    return "response" if message.method is None else "notification" if message.id is None else "request"


class Messages(unittest.TestCase):
    def test_messages_are_told_apart(self) -> None:
        for line, expected in CASES:
            self.assertEqual(told(line.encode()), expected, line)
        self.assertEqual(told(b'{"jsonrpc":"2.0","id":1,"result":"\xff"}'), "noise")

    def test_they_are_told_apart_without_the_accelerator_too(self) -> None:
        with mock.patch.object(jsontext, "_scan", None), mock.patch.object(jsontext, "_encode", None):
            self.test_messages_are_told_apart()
            self.assertEqual(jsontext.encode({"é": [1, None]}), '{"é":[1,null]}'.encode())
            self.assertRaises(ValueError, jsontext.encode, float("nan"))
            self.assertRaises(TypeError, jsontext.encode, {1})

    def test_deep_nesting_is_refused_by_its_id(self) -> None:
        deep = '{"jsonrpc":"2.0","id":5,"method":"m","params":' + "[" * 200_000 + "]" * 200_000 + "}"
        with self.assertRaises(frames.Unreadable) as raised:
            frames.classify(deep.encode())
        self.assertEqual((raised.exception.id, raised.exception.method), (5, "m"))
        self.assertEqual(told(deep[:-50_000].encode()), "noise")
        self.assertEqual(told(deep.replace('"id":5,', "").encode()), "noise")

    def test_numbers_are_exact_within_64_bits_and_near_beyond(self) -> None:
        for text, expected in {"18446744073709551615": 2**64 - 1, "-9223372036854775808": -(2**63)}.items():
            self.assertEqual(jsontext.decode(text), expected)
        beyond = jsontext.decode("18446744073709551616")
        self.assertEqual((beyond, type(beyond)), (2.0**64, float))
        self.assertRaises(jsontext.Unrepresentable, jsontext.decode, "9" * 10_000)

    def test_what_cannot_be_written_is_an_error(self) -> None:
        within: list[Any] = []
        within.append(within)
        self.assertRaises(RecursionError, jsontext.encode, within)
        for value in (float("nan"), float("-inf"), "\ud800", {"\udfff": 1}):
            self.assertRaises(ValueError, jsontext.encode, value)
        self.assertRaises(TypeError, jsontext.encode, object())

    def test_a_frame_has_a_line_feed_on_both_sides(self) -> None:
        self.assertEqual(frames.frame({"a": "x\ny – é"}), '\n{"a":"x\\ny – é"}\n'.encode())


class Heads(unittest.TestCase):
    def test_the_id_counts_where_it_was_read_and_the_line_is_no_answer(self) -> None:
        for head, id in {
            '{"jsonrpc":"2.0","id":7,"method":"transform","params":{"mod': 7,
            '{"method":"transform","id":8,"params":{"text":"\\"id\\":9': 8,
            ' { "params" : {"a":["}]"]} , "id" : 6 , "x":': 6,
            '{"method":"transform","params":{"id":9': None,
            '{"id":12': None,
            '{"id":7,"result":{"a"': None,
            '{"id":7,"result":{"a":1},"x': None,
            '{"id":"7","method":"transform': None,
            '{"id":9007199254740992,"method":"x': None,
            "xxxxxxxxxxxx": None,
        }.items():
            self.assertEqual(frames.id_of_truncated_request(head.encode()), id, head)

    def test_large_values_are_passed_over(self) -> None:
        text = '{"a":"' + "é\\n" * 2000 + '","b":1}'
        members, is_whole = heads.members(text)
        self.assertEqual({key: heads.value(raw) for key, raw in members.items()}, {"a": ..., "b": 1})
        self.assertTrue(is_whole)
