"""The options `start` and `duration`: which part of the input is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import schema
from .errors import invalid_params

MAX_SECONDS = 24 * 60 * 60
MIN_SECONDS = 0.01


def trim_properties() -> dict[str, schema.Schema]:
    """The options themselves."""
    return {
        "start": schema.number("Seconds of the input to skip; it must be before the input's end.", 0, MAX_SECONDS, 0),
        "duration": schema.number(
            "Seconds of the input to keep at most; to the end where absent or where the input ends first.",
            MIN_SECONDS,
            MAX_SECONDS,
        ),
    }


@dataclass(frozen=True)
class Trim:
    """The part that is kept: input arguments, and its length in seconds."""

    args: list[str]
    length: float

    @classmethod
    def of(cls, options: Mapping[str, Any], total: float) -> Trim:
        """The part that the options choose of an input of `total` seconds."""
        start = options["start"]
        if start >= total:
            message = f"option start: {start:g} s is beyond the end of the input, which is {total:.3f} s long"
            raise invalid_params(message, option="start")
        args = ["-ss", f"{start:.6f}"] if start else []
        length = total - start
        if "duration" in options:
            length = min(length, options["duration"])
            args += ["-t", f"{options['duration']:.6f}"]
        return cls(args, length)
