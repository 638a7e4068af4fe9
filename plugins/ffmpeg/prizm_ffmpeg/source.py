"""Opening a model's input: it must be there, be readable, and hold what the model works on."""

from __future__ import annotations

from .errors import named
from .ffmpeg import QUIET, failure, safe_input
from .media import PRIMARY, Input, image_demuxer, open_check
from .model import Call
from .probe import Probe, Stream, probe
from .process import run


def open_source(call: Call, role: str = PRIMARY) -> Probe:
    """Check and probe a moving or sounding input."""
    item = call.inputs[role]
    call.job.progress.report("probing")
    open_check(call.job.job_dir, item)
    return probe(call.tools, call.job, item.path)


def open_image(call: Call) -> tuple[Probe, str]:
    """Check and probe a picture; gives its demuxer too."""
    call.job.progress.report("probing")
    open_check(call.job.job_dir, call.primary)
    demuxer = image_demuxer(call.job.job_dir, call.primary)
    return probe(call.tools, call.job, call.primary.path, demuxer), demuxer


def require_video(source: Probe, item: Input) -> Stream:
    """The picture stream, or InvalidMedia."""
    if source.video is None:
        raise named("InvalidMedia", f"{item.path} has no video stream")
    return source.video


def require_audio(source: Probe, item: Input) -> Stream:
    """The sound stream, or InvalidMedia."""
    if source.audio is None:
        raise named("InvalidMedia", f"{item.path} has no audio stream")
    return source.audio


def measured_duration(call: Call, source: Probe) -> float:
    """The length in seconds; read off the packets where the container does not tell, as in live recordings."""
    if source.duration is not None:
        return source.duration
    call.job.progress.report("measuring")
    times: list[int | None] = [None]

    def on_line(line: str) -> None:
        key, _, value = line.partition("=")
        if key == "out_time_us" and value.isascii() and value.isdigit():
            times[0] = int(value)

    command = [call.tools.ffmpeg(), *QUIET, "-nostats", "-progress", "pipe:1", *safe_input(call.primary.path)]
    finished = run([*command, "-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "null", "-"], call.job, on_line)
    if finished.returncode != 0:
        raise failure(finished, call.job)
    if not times[0]:
        raise named("InvalidMedia", f"{call.primary.path} has no length: it holds no packet that can be timed")
    return times[0] / 1_000_000
