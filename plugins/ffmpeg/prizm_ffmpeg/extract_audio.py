"""video-to-audio: the sound of a video, as a file of its own."""

from __future__ import annotations

from . import schema
from .ffmpeg import safe_input
from .formats import (
    AUDIO_FORMATS,
    VIDEO_INPUTS,
    audio_args,
    audio_properties,
    layout_filter,
)
from .media import InputSpec
from .model import Call, Model, Product
from .result import make
from .source import measured_duration, open_source, require_audio
from .trim import Trim, trim_properties


def run(call: Call) -> Product:
    """Encode the first sound track."""
    chosen = AUDIO_FORMATS[call.options["format"]]
    call.tools.require_encoders(call.job, chosen.encoder)
    source = open_source(call)
    track = require_audio(source, call.primary)
    trim = Trim.of(call.options, measured_duration(call, source))
    filters = [] if "channels" in call.options else layout_filter(chosen.encoder, track)
    args = [*trim.args, *safe_input(call.primary.path), "-map", f"0:{track.index}", "-vn", "-sn", "-dn"]
    if filters:
        args += ["-af", ",".join(filters)]
    args += audio_args(call.options)
    return make(call, args, kind="audio", mime=chosen.mime, stem="audio", extension=chosen.name, expected=trim.length)


MODEL = Model(
    id="extract-audio",
    name="Extract audio",
    description="Takes the first sound track out of a video.",
    capability="video-to-audio",
    options=schema.obj({**audio_properties(), **trim_properties()}),
    inputs=(InputSpec("video"),),
    input_formats=VIDEO_INPUTS,
    output_formats=tuple(dict.fromkeys(each.mime for each in AUDIO_FORMATS.values())),
    check=audio_args,
    run=run,
)
