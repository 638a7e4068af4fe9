"""Text made ready for an engine: clean, and in pieces that it speaks one after the other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MAX_CHARS = 20_000
"""The longest text that is spoken: about 20 minutes."""

PIECE_CHARS = 300
MAX_WORD = 60
"""Longer words are cut: what flite takes grows with the square of a number's digits."""

_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "‚": ",", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": " - ", "…": "..."}
    | {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "€": " euros "}
)
_SENTENCE_END = re.compile(r"(?<=[.!?;:。！？])\s+")


def clean(text: str) -> str:
    """Text without control characters, which engines take for commands, and with single spaces."""
    kept = (" " if unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") else each for each in text)
    return " ".join(part for part in "".join(kept).split(" ") if part)


def to_ascii(text: str) -> tuple[str, str]:
    """Text in ASCII, which is all that flite reads, and the characters that have no counterpart there."""
    spread = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    lost = {each for each in spread if not each.isascii() and not unicodedata.combining(each)}
    plain = "".join(each if each.isascii() else " " if each in lost else "" for each in spread)
    return " ".join(plain.split()), "".join(sorted(lost))


def can_be_said(text: str) -> bool:
    """Whether there is a letter or a digit in it."""
    return any(each.isalnum() for each in text)


def pieces(text: str) -> Iterator[str]:
    """Cut text at the ends of sentences into pieces of about PIECE_CHARS, and at words where a sentence is longer."""
    piece = ""
    for part in _parts(text):
        if piece and len(piece) + 1 + len(part) > PIECE_CHARS:
            yield piece
            piece = ""
        piece = f"{piece} {part}" if piece else part
    if piece:
        yield piece


def _parts(text: str) -> Iterator[str]:
    for sentence in _SENTENCE_END.split(text):
        words = [word[at : at + MAX_WORD] for word in sentence.split() for at in range(0, len(word), MAX_WORD)]
        part = ""
        for word in words:
            if part and len(part) + 1 + len(word) > PIECE_CHARS:
                yield part
                part = ""
            part = f"{part} {word}" if part else word
        if part:
            yield part
