"""Sound at another rate, in plain Python: about five milliseconds a second of sound."""

from __future__ import annotations

from array import array
from itertools import accumulate, pairwise

RATE = 16_000
"""What recognisers want."""


class Resampler:
    """Turns blocks of one second, the last of which may be shorter, into blocks at 16 kHz."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        step = rate / RATE
        self._places = [divmod(each * step, 1) for each in range(RATE + 1)]
        self._last = 0

    def take(self, block: array[int]) -> array[int]:
        """Give a block at 16 kHz."""
        if self._rate == RATE:
            return block
        wanted = min(RATE, round(len(block) * RATE / self._rate))
        made = self._averaged(block, wanted) if self._rate > RATE else self._interpolated(block, wanted)
        self._last = block[-1]
        return array("h", made)

    def _averaged(self, block: array[int], wanted: int) -> list[int]:
        """Average what falls into the time of each new sample, so that high tones do not come back as low ones."""
        sums = [0, *accumulate(block)]
        padded = [*block, 0, 0]
        end = len(block)
        places = ((min(int(at), end), part) for at, part in self._places[: wanted + 1])
        heights = [sums[at] + part * padded[at] for at, part in places]
        width = self._rate / RATE
        return [int((after - before) / width) for before, after in pairwise(heights)]

    def _interpolated(self, block: array[int], wanted: int) -> list[int]:
        """Draw a line from each sample to the next, beginning at the last one of the block before."""
        points = [self._last, *block]
        places = ((int(at), part) for at, part in self._places[:wanted])
        return [int(points[at] + part * (points[at + 1] - points[at])) for at, part in places]
