"""Running ffmpeg for a job: safe arguments, progress, and its failures by name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from prizm_plugin import Error, Finished

from .errors import invalid_params, named
from .job import Job
from .process import run
from .tools import Tools

QUIET = ("-nostdin", "-hide_banner", "-loglevel", "error")
MAX_INPUT_PIXELS = 100_000_000
WARNING_LINES = 5

# Containers that hold their own data. Playlists (hls, dash, concat), image sequences, subtitles
# and scripts are absent: they can name other files, or render any text file as a picture.
INPUT_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,asf,rm,mpeg,mpegts,mpegvideo,m4v,h264,hevc,ivf,obu,"
    "dv,mxf,ogg,wav,w64,aiff,caf,au,amr,flac,mp3,aac,ac3,eac3,dts,ape,wv,tta,gif,apng,"
    "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe"
)

_CONTEXT = re.compile(r"^(\[[^\]]*\] )+")


def safe_input(path: str, demuxer: str | None = None) -> list[str]:
    """The arguments that open a file below the job directory and nothing else."""
    args = ["-protocol_whitelist", "file,pipe", "-format_whitelist", INPUT_FORMATS]
    args += ["-max_pixels", str(MAX_INPUT_PIXELS)]
    if demuxer is not None:
        args += ["-f", demuxer]
    return [*args, "-i", f"file:{path}"]


def encode(
    tools: Tools,
    job: Job,
    args: Sequence[str],
    output: str,
    *,
    expected: float | None = None,
    stage: str | None = "encoding",
) -> list[str]:
    """Run ffmpeg to the end; gives the warnings that it printed although it succeeded.

    `expected` is the length of the output in seconds, from which progress is told. Without a
    stage nothing is told: then this run is a small part of what the caller reports on.
    """
    command = [tools.ffmpeg(), *QUIET, "-y", "-nostats", "-stats_period", "0.2", "-progress", "pipe:1"]
    command += [*args, "-threads", str(tools.config.threads), f"file:{output}"]

    def on_line(line: str) -> None:
        key, _, value = line.partition("=")
        if stage is not None and key == "out_time_us":
            # "N/A" until the encoder gives its first packet: still a sign of life.
            done = max(0, int(value)) / 1_000_000 if _is_whole(value) else 0.0
            job.progress.report(stage, done / expected if expected else None)

    if stage is not None:
        job.progress.report(stage, 0.0 if expected else None)
    finished = run(command, job, on_line)
    if finished.returncode != 0:
        raise failure(finished, job)
    return [clean(line, job) for line in finished.stderr[-WARNING_LINES:]]


def clean(line: str, job: Job) -> str:
    """A line of ffmpeg's without its own addresses and without the job directory."""
    return _CONTEXT.sub("", line).replace(job.job_dir.rstrip("/") + "/", "").replace("file:", "")


def last_words(finished: Finished, job: Job) -> str:
    """The last line that a program said; the line before it too, where that tells more."""
    lines: list[str] = []
    for line in finished.stderr:
        cleaned = clean(line, job)
        if cleaned not in lines:
            lines.append(cleaned)
    return "; ".join(lines[-2:]) or f"it ended with status {finished.returncode} and said nothing"


def failure(finished: Finished, job: Job) -> Error:
    """The named error for an ffmpeg that failed."""
    said = "\n".join(finished.stderr)
    words = last_words(finished, job)
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return named("ResourceExhausted", f"no space left for the output: {words}")
    if finished.returncode < 0:
        return named("ResourceExhausted", f"ffmpeg was killed by signal {-finished.returncode}; is memory short?")
    if "Cannot allocate memory" in said:
        return named("ResourceExhausted", f"ffmpeg ran out of memory: {words}")
    if "Error while opening encoder" in said or "Error initializing output stream" in said:
        return invalid_params(f"the encoder refuses these options for this input: {words}")
    return named("InvalidMedia", f"ffmpeg failed: {words}")


def _is_whole(text: str) -> bool:
    digits = text[1:] if text.startswith("-") else text
    return digits.isascii() and digits.isdigit()
