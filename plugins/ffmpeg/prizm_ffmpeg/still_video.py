"""image-to-video: a still picture held for a while, if wished with a slow zoom and with sound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import schema
from .ffmpeg import safe_input
from .formats import AUDIO_INPUTS, IMAGE_INPUTS, VIDEO_FORMATS, layout_filter
from .media import InputSpec
from .model import Call, Model, Product
from .probe import Probe, Stream
from .result import make
from .size import even
from .source import open_image, open_source, require_audio, require_video
from .transcode import check, video_args
from .trim import MIN_SECONDS

AUDIO_ROLE = "audio"
MAX_SIDE = 4096
MAX_SECONDS = 60 * 60
DEFAULT_SECONDS = 5
MAX_ZOOM_PIXELS = 64_000_000


def run(call: Call) -> Product:
    """Bring the picture to the video's size, repeat it, and add the sound."""
    chosen = VIDEO_FORMATS[call.options["format"]]
    call.tools.require_encoders(call.job, chosen.video_encoder, chosen.audio_encoder)
    picture, demuxer = open_image(call)
    stream = require_video(picture, call.primary)
    sound = _open_sound(call)
    seconds = _seconds(call.options, sound)
    fps = f"{call.options['fps']:g}"
    # The pictures' demuxers take a frame rate, GIF's does not; one frame is used in either case.
    rate = [] if demuxer == "gif" else ["-framerate", fps]
    args = [*rate, *safe_input(call.primary.path, demuxer)]
    if sound is not None:
        args += safe_input(call.inputs[AUDIO_ROLE].path)
    args += ["-map", "0:v:0", "-vf", ",".join(_filters(call.options, stream, seconds)), "-r", fps]
    if sound is not None and sound.audio is not None:
        args += ["-map", f"1:{sound.audio.index}", "-c:a", chosen.audio_encoder, "-b:a", "160k"]
        layout = layout_filter(chosen.audio_encoder, sound.audio)
        args += ["-af", ",".join(layout)] if layout else []
    args += ["-t", f"{seconds:.6f}", *video_args(chosen, call.options.get("crf"))]
    return make(call, args, kind="video", mime=chosen.mime, stem="video", extension=chosen.name, expected=seconds)


def _open_sound(call: Call) -> Probe | None:
    if AUDIO_ROLE not in call.inputs:
        return None
    sound = open_source(call, AUDIO_ROLE)
    require_audio(sound, call.inputs[AUDIO_ROLE])
    return sound


def _seconds(options: Mapping[str, Any], sound: Probe | None) -> float:
    if "duration" in options:
        return float(options["duration"])
    if sound is not None and sound.duration is not None:
        return min(sound.duration, MAX_SECONDS)
    return float(DEFAULT_SECONDS)


def size(options: Mapping[str, Any], stream: Stream) -> tuple[int, int]:
    """The video's size: as asked, else the picture's, made even and at most MAX_SIDE."""
    width, height = (even(options.get(name)) for name in ("width", "height"))
    across, down = stream.width or MAX_SIDE, stream.height or MAX_SIDE
    if width is not None and height is not None:
        return width, height
    if width is not None:
        factor = width / across
    elif height is not None:
        factor = height / down
    else:
        factor = min(1.0, MAX_SIDE / across, MAX_SIDE / down)
    return _fitting(across * factor), _fitting(down * factor)


def _fitting(side: float) -> int:
    return min(MAX_SIDE, max(16, round(side / 2) * 2))


def _filters(options: Mapping[str, Any], stream: Stream, seconds: float) -> list[str]:
    width, height = size(options, stream)
    zoom = options["zoom"]
    # zoompan moves by whole pixels: on an enlarged picture the steps are too small to see.
    factor = 1
    while zoom > 1 and factor < 4 and width * height * (2 * factor) ** 2 <= MAX_ZOOM_PIXELS:
        factor *= 2
    across, down = width * factor, height * factor
    # Multiplying by alpha puts a transparent picture on black.
    filters = ["trim=end_frame=1", "format=gbrap", "premultiply=inplace=1"]
    if options["fit"] == "cover":
        filters += [f"scale={across}:{down}:force_original_aspect_ratio=increase", f"crop={across}:{down}"]
    else:
        filters += [f"scale={across}:{down}:force_original_aspect_ratio=decrease"]
        filters += ["format=yuv444p", f"pad={across}:{down}:(ow-iw)/2:(oh-ih)/2"]
    filters += ["setsar=1", "format=yuv420p"]
    if zoom == 1:
        return [*filters, "loop=loop=-1:size=1"]
    frames = max(2, round(seconds * options["fps"]))
    step = f"1+{zoom - 1:.6f}*on/{frames - 1}"
    centre = "x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2'"
    return [*filters, f"zoompan=z='{step}':{centre}:d={frames}:s={width}x{height}:fps={options['fps']:g}"]


MODEL = Model(
    id="still-video",
    name="Still video",
    description="Makes a video of a picture, with sound and a slow zoom if wished.",
    capability="image-to-video",
    options=schema.obj(
        {
            "duration": schema.number(
                f"Seconds; the sound's length where absent, else {DEFAULT_SECONDS}.", MIN_SECONDS, MAX_SECONDS
            ),
            "width": schema.integer("Pixels across, rounded down to even; the height follows.", 16, MAX_SIDE),
            "height": schema.integer("Pixels down, rounded down to even; the width follows.", 16, MAX_SIDE),
            "fit": schema.choice(
                "With both sides given: contain adds black bars, cover cuts the edges off.",
                ("contain", "cover"),
                "contain",
            ),
            "fps": schema.number("Frames a second.", 1, 120, 25),
            "zoom": schema.number(
                "How many times larger the picture's middle is at the end; 1 does not move.", 1, 4, 1
            ),
            "format": schema.choice(
                "mp4 and mkv hold H.264 and AAC, webm holds VP9 and Opus.", list(VIDEO_FORMATS), "mp4"
            ),
            "crf": schema.integer(
                "Quality: 0 best to 51 (mp4, mkv) or 63 (webm) smallest; 23, or 32 for webm, where absent.", 0, 63
            ),
        }
    ),
    inputs=(InputSpec("image"), InputSpec("audio", AUDIO_ROLE, required=False)),
    input_formats=(*IMAGE_INPUTS, *AUDIO_INPUTS),
    output_formats=tuple(each.mime for each in VIDEO_FORMATS.values()),
    check=check,
    run=run,
)
