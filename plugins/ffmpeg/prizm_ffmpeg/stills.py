"""Taking single frames out of a video, for the models that make pictures of it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .errors import named
from .ffmpeg import encode, safe_input
from .model import Call
from .probe import Probe, Stream

LAST_FRAME_WINDOWS = (2.0, 15.0)


def last_frame_time(duration: float, stream: Stream) -> float:
    """Where the last frame begins, as well as the container tells."""
    return max(0.0, duration - 1 / (stream.fps or 25))


def grab(call: Call, stream: Stream, time: float, args: Sequence[str], output: str) -> list[str]:
    """Write the frame shown at `time` seconds to `output`; gives ffmpeg's warnings.

    Near the end no frame begins at or after the time: then the last one before it is the one shown.
    """
    source = [*safe_input(call.primary.path), "-map", f"0:{stream.index}"]
    warnings = encode(
        call.tools, call.job, ["-ss", f"{time:.6f}", *source, "-frames:v", "1", *args], output, stage=None
    )
    for window in LAST_FRAME_WINDOWS:
        if _has_data(call, output):
            return warnings
        # Without a number of frames, -update leaves the last one in the file.
        begin = max(0.0, time - window)
        part = ["-ss", f"{begin:.6f}", "-t", f"{time - begin + 0.001:.6f}"]
        warnings = encode(call.tools, call.job, [*part, *source, *args], output, stage=None)
    if _has_data(call, output):
        return warnings
    words = "; ".join(warnings) or "its pictures end earlier or are damaged there"
    raise named("InvalidMedia", f"{call.primary.path} shows no picture at {time:.3f} s: {words}")


def _has_data(call: Call, path: str) -> bool:
    return os.path.getsize(os.path.join(call.job.job_dir, path)) > 0


def picture_length(source: Probe, stream: Stream, measured: float) -> float:
    """The length of the pictures, which may end before the sound does."""
    return min(measured, stream.duration) if stream.duration else measured
