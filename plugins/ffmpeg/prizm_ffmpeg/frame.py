"""video-to-image: one frame of a video."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import schema
from .errors import invalid_params
from .formats import IMAGE_FORMATS, VIDEO_INPUTS, image_args, image_properties
from .media import InputSpec, output_file
from .model import Call, Model, Product
from .probe import Stream
from .result import describe
from .size import MAX_SIDE, check_area
from .source import measured_duration, open_source, require_video
from .stills import grab, last_frame_time, picture_length
from .trim import MAX_SECONDS

PERCENT_PATTERN = r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$"


def run(call: Call) -> Product:
    """Find the moment, take the frame, scale it."""
    chosen = IMAGE_FORMATS[call.options["format"]]
    call.tools.require_encoders(call.job, chosen.encoder)
    source = open_source(call)
    stream = require_video(source, call.primary)
    total = picture_length(source, stream, measured_duration(call, source))
    time = moment(call.options["time"], total, last_frame_time(total, stream))
    call.job.progress.report("seeking")
    args: list[str] = [*_scale(call.options, stream), *image_args(call.options)]
    with output_file(call.job.job_dir, "frame", chosen.name) as path:
        warnings = grab(call, stream, time, args, path)
        output = describe(call, path, "image", chosen.mime, chosen.name, warnings, chosen.demuxer)
    return Product([output], warnings)


def moment(time: float | str, total: float, last: float) -> float:
    """The time in seconds that `time` means in a video of `total` seconds whose last frame begins at `last`."""
    if isinstance(time, str):
        return min(float(time[:-1]) / 100 * total, last)
    if time > total:
        message = f"option time: {time:g} s is beyond the end of the video, whose pictures last {total:.3f} s"
        raise invalid_params(message, option="time")
    return min(time, last)


def _scale(options: Mapping[str, Any], stream: Stream) -> list[str]:
    width, height = options.get("width"), options.get("height")
    if width is None and height is None:
        return []
    if width is not None and height is not None:
        return ["-vf", f"scale=w={width}:h={height}:force_original_aspect_ratio=decrease"]
    check_area(options, "height" if width is None else "width", stream)
    return ["-vf", f"scale=w={width or -1}:h={height or -1}"]


MODEL = Model(
    id="frame",
    name="Frame",
    description="Takes one picture out of a video.",
    capability="video-to-image",
    options=schema.obj(
        {
            "time": {
                "description": 'When: seconds from the start, or a share of the length such as "50%".',
                "anyOf": [
                    {"type": "number", "minimum": 0, "maximum": MAX_SECONDS},
                    {"type": "string", "pattern": PERCENT_PATTERN, "examples": ["50%"]},
                ],
                "default": 0,
            },
            "width": schema.integer(
                "Pixels across; the height follows. With both, the picture fits inside.", 1, MAX_SIDE
            ),
            "height": schema.integer("Pixels down; the width follows.", 1, MAX_SIDE),
            **image_properties(),
        }
    ),
    inputs=(InputSpec("video"),),
    input_formats=VIDEO_INPUTS,
    output_formats=tuple(each.mime for each in IMAGE_FORMATS.values()),
    check=image_args,
    run=run,
)
