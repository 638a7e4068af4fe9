"""The members of a JSON object that is cut off, or too deep to be read: told apart without reading them."""

from __future__ import annotations

import re

from . import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STRING = r'"(?:[^"\\]|\\.)*"'
_KEY = re.compile(rf"\s*({_STRING})\s*:\s*", re.DOTALL)
_SCALAR = re.compile(rf'{_STRING}|[^\s,\[\]{{}}"]+', re.DOTALL)
_WITHIN = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_NEXT = re.compile(r"\s*([,}])")


def members(text: str) -> tuple[dict[str, str], bool]:
    """Give the text of every member's value, empty where it is cut off, and whether the object is whole."""
    found: dict[str, str] = {}
    at = 1 if text.startswith("{") else len(text)
    while True:
        key = _KEY.match(text, at)
        if key is None:
            return found, False
        start = key.end()
        end = _end_of_value(text, start)
        after = _NEXT.match(text, end)
        is_whole = end > start and after is not None
        found[str(value(key.group(1)))] = text[start:end] if is_whole else ""
        if after is None or not is_whole:
            return found, False
        at = after.end()
        if after.group(1) == "}":
            return found, at == len(text)


def value(raw: str) -> Any:
    """What a small value is; of a large one, or one that cannot be read, only that it is there."""
    if len(raw) > 1024:
        return ...
    try:
        return jsontext.decode(raw)
    except (ValueError, RecursionError):
        return ...


def _end_of_value(text: str, start: int) -> int:
    if text[start : start + 1] not in ("[", "{"):
        scalar = _SCALAR.match(text, start)
        return start if scalar is None else scalar.end()
    depth = 0
    for token in _WITHIN.finditer(text, start):
        if token.group() in ("[", "{"):
            depth += 1
        elif token.group() in ("]", "}"):
            depth -= 1
            if depth == 0:
                return token.end()
    return start
