"""audio-to-audio: another format, a part, another speed, an even loudness."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import schema
from .ffmpeg import safe_input
from .formats import (
    AUDIO_FORMATS,
    AUDIO_INPUTS,
    LAYOUTS,
    AudioFormat,
    audio_args,
    audio_properties,
    layout_filter,
)
from .media import InputSpec
from .model import Call, Model, Product
from .probe import Stream
from .result import make
from .source import measured_duration, open_source, require_audio
from .trim import Trim, trim_properties

# EBU R128: the loudness that most platforms play podcasts and music at.
LOUDNORM = "loudnorm=I=-16:TP=-1.5:LRA=11"


def run(call: Call) -> Product:
    """Encode the first sound track through the chosen filters."""
    chosen = AUDIO_FORMATS[call.options["format"]]
    call.tools.require_encoders(call.job, chosen.encoder)
    source = open_source(call)
    track = require_audio(source, call.primary)
    trim = Trim.of(call.options, measured_duration(call, source))
    filters = _filters(call.options, track)
    args = [*trim.args, *safe_input(call.primary.path), "-map", f"0:{track.index}", "-vn", "-sn", "-dn"]
    if filters:
        args += ["-af", ",".join(filters)]
    args += audio_args(call.options)
    expected = trim.length / call.options["speed"]
    return make(call, args, kind="audio", mime=chosen.mime, stem="audio", extension=chosen.name, expected=expected)


def _filters(options: Mapping[str, Any], track: Stream) -> list[str]:
    chosen = AUDIO_FORMATS[options["format"]]
    filters = [] if "channels" in options else layout_filter(chosen.encoder, track)
    filters += atempo(options["speed"])
    if not options["normalize"]:
        return filters
    # loudnorm works at 192 kHz and would leave that rate to the encoder; and ffmpeg's search for a
    # layout behind it may fail, so both are said.
    rate = options.get("sampleRate") or _nearest_rate(chosen, track.sample_rate or 48000)
    channels = options.get("channels") or min(track.channels or 2, chosen.max_channels)
    layout = f":channel_layouts={LAYOUTS[channels]}" if channels in LAYOUTS else ""
    return [*filters, LOUDNORM, f"aformat=sample_rates={rate}{layout}"]


def _nearest_rate(chosen: AudioFormat, wanted: int) -> int:
    return min((rate for rate in chosen.sample_rates if rate >= wanted), default=max(chosen.sample_rates))


def atempo(speed: float) -> list[str]:
    """A chain of atempo filters, each within the 0.5–2 where none of them drops samples."""
    filters: list[str] = []
    while speed > 2 or speed < 0.5:
        step = 2.0 if speed > 2 else 0.5
        filters.append(f"atempo={step:g}")
        speed /= step
    return filters if speed == 1 else [*filters, f"atempo={speed:.6f}"]


MODEL = Model(
    id="convert-audio",
    name="Convert audio",
    description="Converts, cuts, speeds up or slows down, and evens out the loudness of a recording.",
    capability="audio-to-audio",
    options=schema.obj(
        {
            **audio_properties(),
            **trim_properties(),
            "speed": schema.number("How many times as fast; the pitch stays.", 0.25, 4, 1),
            "normalize": schema.boolean("Even out the loudness to −16 LUFS (EBU R128).", False),
        }
    ),
    inputs=(InputSpec("audio"),),
    input_formats=AUDIO_INPUTS,
    output_formats=tuple(dict.fromkeys(each.mime for each in AUDIO_FORMATS.values())),
    check=audio_args,
    run=run,
)
