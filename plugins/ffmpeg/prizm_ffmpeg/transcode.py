"""video-to-video: another format, size, frame rate or quality, or a part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import schema
from .errors import invalid_params
from .ffmpeg import safe_input
from .formats import VIDEO_FORMATS, VIDEO_INPUTS, VideoFormat, layout_filter
from .media import InputSpec
from .model import Call, Model, Product
from .probe import Probe, Stream
from .result import make
from .size import MAX_SIDE, check_area, even
from .source import measured_duration, open_source, require_video
from .trim import Trim, trim_properties


def check(options: Mapping[str, Any]) -> None:
    """Refuse a quality that the format's encoder does not know."""
    chosen = VIDEO_FORMATS[options["format"]]
    crf = options.get("crf")
    if crf is not None and crf > chosen.max_crf:
        raise invalid_params(f"option crf: {chosen.name} takes 0 to {chosen.max_crf}; got {crf}", option="crf")


def run(call: Call) -> Product:
    """Encode the first picture stream and, unless muted, the first sound track."""
    chosen = VIDEO_FORMATS[call.options["format"]]
    call.tools.require_encoders(call.job, chosen.video_encoder, chosen.audio_encoder)
    source = open_source(call)
    stream = require_video(source, call.primary)
    trim = Trim.of(call.options, measured_duration(call, source))
    args = [*trim.args, *safe_input(call.primary.path), "-map", f"0:{stream.index}", "-sn", "-dn"]
    filters = scale(call.options, stream)
    if "fps" in call.options:
        filters.append(f"fps={call.options['fps']:g}")
    if filters:
        args += ["-vf", ",".join(filters)]
    args += _sound(call.options, source, chosen)
    args += video_args(chosen, call.options.get("crf"))
    return make(call, args, kind="video", mime=chosen.mime, stem="video", extension=chosen.name, expected=trim.length)


def scale(options: Mapping[str, Any], stream: Stream) -> list[str]:
    """The filter for the wanted size. The encoders need even sides, so odd ones lose a pixel."""
    width, height = (even(options.get(name)) for name in ("width", "height"))
    if width is not None and height is not None:
        return [f"scale=w={width}:h={height}:force_original_aspect_ratio=decrease:force_divisible_by=2"]
    if width is not None or height is not None:
        check_area(options, "height" if width is None else "width", stream)
        return [f"scale=w={width or -2}:h={height or -2}"]
    odd = (stream.width or 0) % 2 or (stream.height or 0) % 2
    return ["scale=w=trunc(iw/2)*2:h=trunc(ih/2)*2"] if odd else []


def video_args(chosen: VideoFormat, crf: int | None) -> list[str]:
    """The picture encoder's and the container's arguments."""
    quality = chosen.default_crf if crf is None else crf
    return [
        "-c:v",
        chosen.video_encoder,
        *chosen.video_args,
        "-crf",
        str(quality),
        *chosen.file_args,
        "-f",
        chosen.muxer,
    ]


def _sound(options: Mapping[str, Any], source: Probe, chosen: VideoFormat) -> list[str]:
    if options["mute"] or source.audio is None:
        return ["-an"]
    filters = layout_filter(chosen.audio_encoder, source.audio)
    args = ["-map", f"0:{source.audio.index}", "-c:a", chosen.audio_encoder, "-b:a", "160k"]
    return [*args, "-af", ",".join(filters)] if filters else args


MODEL = Model(
    id="transcode",
    name="Transcode",
    description="Converts, scales, cuts, mutes a video or changes its frame rate.",
    capability="video-to-video",
    options=schema.obj(
        {
            "format": schema.choice(
                "mp4 and mkv hold H.264 and AAC, webm holds VP9 and Opus.", list(VIDEO_FORMATS), "mp4"
            ),
            "width": schema.integer(
                "Pixels across, rounded down to even; the height follows. With both, the video fits inside.",
                16,
                MAX_SIDE,
            ),
            "height": schema.integer("Pixels down, rounded down to even; the width follows.", 16, MAX_SIDE),
            "fps": schema.number("Frames a second; the source's where absent.", 1, 120),
            "crf": schema.integer(
                "Quality: 0 best to 51 (mp4, mkv) or 63 (webm) smallest; 23, or 32 for webm, where absent.", 0, 63
            ),
            "mute": schema.boolean("Leave the sound out.", False),
            **trim_properties(),
        }
    ),
    inputs=(InputSpec("video"),),
    input_formats=VIDEO_INPUTS,
    output_formats=tuple(each.mime for each in VIDEO_FORMATS.values()),
    check=check,
    run=run,
)
