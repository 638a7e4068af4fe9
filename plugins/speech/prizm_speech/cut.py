"""Long recordings in pieces that are recognised one after the other, cut where it is quiet."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

from .resample import RATE

MOST = 20 * RATE
"""The longest piece, in samples."""

LEAST = 8 * RATE
_STEP = RATE // 50
_QUIET = 10  # Steps: a pause of a fifth of a second.


def cut(blocks: Iterable[array[int]]) -> Iterator[tuple[int, array[int]]]:
    """Give pieces, each with the sample that it begins at."""
    waiting, start = array("h"), 0
    for block in blocks:
        waiting.extend(block)
        while len(waiting) > MOST:
            at = quietest(waiting[LEAST:MOST]) + LEAST
            yield start, waiting[:at]
            waiting, start = waiting[at:], start + at
    if waiting:
        yield start, waiting


def quietest(samples: array[int]) -> int:
    """The middle of the quietest fifth of a second."""
    loudness = [sum(map(abs, samples[at : at + _STEP])) for at in range(0, len(samples) - _STEP, _STEP)]
    sums = [sum(loudness[at : at + _QUIET]) for at in range(max(1, len(loudness) - _QUIET))]
    return (sums.index(min(sums)) + _QUIET // 2) * _STEP
