"""Sizes of pictures: even sides, and an end to what an extreme shape would make of one given side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import invalid_params
from .probe import Stream

MAX_SIDE = 8192
MAX_OUTPUT_PIXELS = 4 * MAX_SIDE * MAX_SIDE


def even(side: int | None) -> int | None:
    """A side rounded down to an even number of pixels."""
    return None if side is None else side - side % 2


def check_area(options: Mapping[str, Any], name: str, stream: Stream, count: int = 1) -> None:
    """Refuse the side that option `name` gives where the picture's shape, `count` times, makes too many pixels."""
    width, height = stream.width or 1, stream.height or 1
    # A rotated video is shown on its side, so the longer shape is the one to fear.
    shape = max(width / height, height / width)
    pixels = count * options[name] ** 2 * shape
    if pixels > MAX_OUTPUT_PIXELS:
        message = (
            f"option {name}: {options[name]} is too large for a picture of {width}x{height}: "
            f"it could make {pixels / 1e6:.0f} megapixels; expected at most {MAX_OUTPUT_PIXELS / 1e6:.0f}"
        )
        raise invalid_params(message, option=name)
