"""Making an output: run ffmpeg into a fresh file, look at what came out, describe it."""

from __future__ import annotations

from collections.abc import Sequence

from prizm_plugin import Error, Media

from .errors import named
from .ffmpeg import encode
from .media import output_file, output_medium
from .model import Call, Product
from .probe import probe


def make(
    call: Call,
    args: Sequence[str],
    *,
    kind: str,
    mime: str,
    stem: str,
    extension: str,
    expected: float | None = None,
) -> Product:
    """Encode one output file of `kind` and describe it; nothing stays behind on failure."""
    with output_file(call.job.job_dir, stem, extension) as path:
        warnings = encode(call.tools, call.job, args, path, expected=expected)
        return Product([describe(call, path, kind, mime, extension, warnings)], warnings)


def describe(
    call: Call,
    path: str,
    kind: str,
    mime: str,
    extension: str,
    warnings: list[str],
    demuxer: str | None = None,
) -> Media:
    """The output medium of a finished file; an empty one is the input's fault and is named so."""
    try:
        found = probe(call.tools, call.job, path, demuxer)
    except Error as error:
        if error.kind != "InvalidMedia":
            raise
        words = "; ".join(warnings) or "the chosen part of the input holds no data for it"
        raise named("InvalidMedia", f"ffmpeg made no usable {kind}: {words}") from error
    name = f"{call.primary.stem}.{extension}"
    return output_medium(kind, mime, path, name, found.meta())
