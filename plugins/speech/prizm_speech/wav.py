"""Reading WAV files, whatever their header claims: blocks of one second, as 16 kHz mono."""

from __future__ import annotations

import os
import struct
import sys
from array import array
from collections.abc import Iterator
from typing import BinaryIO

from .resample import RATE, Resampler

MAX_SECONDS = 3600
"""The longest recording."""

MAX_CHANNELS = 32
RATES = range(4_000, 384_001)

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_WIDTHS = {_PCM: (1, 2, 3, 4), _FLOAT: (4, 8)}
_MAX_FMT = 4096
_MAX_CHUNKS = 10_000


class NotWav(Exception):
    """It is no WAV file, or one of a compressed kind: another program may read it."""


class Broken(Exception):
    """It is a WAV file that cannot be true."""


class Wav:
    """An open WAV file, positioned where its samples begin."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = os.fstat(file.fileno()).st_size
        self.warning: str | None = None
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise NotWav("it does not begin as a WAV file does")
        self._frames = 0
        self._kind = self.channels = self.rate = self._width = 0
        self._find_samples()

    @property
    def seconds(self) -> float:
        """How long it is, by what is really there."""
        return self._frames / self.rate

    def blocks(self) -> Iterator[array[int]]:
        """Give the sound as 16 kHz mono, a second at a time."""
        resampler = Resampler(self.rate)
        left = self._frames
        while left > 0:
            data = self._file.read(min(left, self.rate) * self._width * self.channels)
            frames = len(data) // (self._width * self.channels)
            if frames == 0:
                return
            left -= frames
            samples = _samples(data[: frames * self._width * self.channels], self._kind, self._width)
            yield resampler.take(_mono(samples, self.channels))

    def _find_samples(self) -> None:
        """Walk the chunks to the samples; each length is held to what the file has."""
        for _ in range(_MAX_CHUNKS):
            head = self._file.read(8)
            if len(head) < 8:
                raise Broken(f"it ends before its {self._missing}")
            name, length = struct.unpack("<4sI", head)
            here = self._file.tell()
            if name == b"fmt ":
                self._read_format(self._file.read(min(length, _MAX_FMT)))
            elif name == b"data":
                return self._measure(length, here)
            self._file.seek(min(here + length + length % 2, self._size))
        raise Broken(f"its first {_MAX_CHUNKS} chunks have no {self._missing}")

    @property
    def _missing(self) -> str:
        return "samples" if self._width else "format"

    def _read_format(self, data: bytes) -> None:
        if len(data) < 16:
            raise Broken("its format is cut off")
        kind, channels, rate, _, align, bits = struct.unpack("<HHIIHH", data[:16])
        if kind == _EXTENSIBLE and len(data) >= 26:
            (kind,) = struct.unpack("<H", data[24:26])
        if kind not in _WIDTHS:
            raise NotWav(f"its samples are compressed (format {kind})")
        width = (bits + 7) // 8
        if not 1 <= channels <= MAX_CHANNELS or rate not in RATES or width not in _WIDTHS[kind]:
            raise Broken(f"its header claims {channels} channels, {rate} Hz, {bits} bits")
        if align != width * channels:
            raise Broken(
                f"its header claims frames of {align} bytes; {channels} times {bits} bits are {width * channels}"
            )
        self._kind, self.channels, self.rate, self._width = kind, channels, rate, width

    def _measure(self, claimed: int, here: int) -> None:
        if not self._width:
            raise Broken("its samples come before its format")
        there = self._size - here
        # A recorder that was stopped, or wrote into a pipe, leaves the largest length or none: take all that is there.
        if claimed == 0:
            claimed = there
        if claimed > there and claimed < 0x7FFFF000:
            self.warning = f"the file is cut off: its header claims {claimed} bytes of sound, and there are {there}"
        self._frames = min(claimed, there) // (self._width * self.channels)
        if self._frames == 0:
            raise Broken("it holds no sound")
        if self.seconds > MAX_SECONDS:
            raise Broken(f"it is {self.seconds:.0f} s long; {MAX_SECONDS} s are the most, so cut it")


def _samples(data: bytes, kind: int, width: int) -> array[int]:
    """Give samples as 16 bits."""
    if kind == _FLOAT:
        values = array("f" if width == 4 else "d", data)
        if sys.byteorder == "big":
            values.byteswap()
        # What is not a number is no sound.
        return array("h", [int(min(1.0, max(-1.0, each)) * 32767) if each == each else 0 for each in values])
    if width == 1:
        return array("h", [(each - 128) << 8 for each in data])
    high = bytearray(len(data) // width * 2)
    high[0::2] = data[width - 2 :: width]
    high[1::2] = data[width - 1 :: width]
    samples = array("h", bytes(high))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _mono(samples: array[int], channels: int) -> array[int]:
    if channels == 1:
        return samples
    each = [samples[at::channels] for at in range(channels)]
    return array("h", [sum(frame) // channels for frame in zip(*each)])


__all__ = ["MAX_SECONDS", "RATE", "Broken", "NotWav", "Wav"]
