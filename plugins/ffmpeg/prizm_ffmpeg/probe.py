"""What is in a file, as ffprobe sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import named
from .ffmpeg import QUIET, last_words, safe_input
from .job import Job
from .process import run
from .tools import Tools

PROBE_SECONDS = 60.0
MAX_PROBE_LINES = 20_000
ENTRIES = (
    "format=format_name,duration"
    ":stream=index,codec_type,codec_name,width,height,duration,avg_frame_rate,sample_rate,channels"
    ":stream_disposition=attached_pic"
)


@dataclass(frozen=True)
class Stream:
    """One stream of a file."""

    index: int
    kind: str
    codec: str
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    sample_rate: int | None = None
    channels: int | None = None


@dataclass(frozen=True)
class Probe:
    """A file's container, its length in seconds where known, and its streams."""

    format: str
    duration: float | None
    streams: tuple[Stream, ...]

    @property
    def video(self) -> Stream | None:
        """The first moving or still picture; cover art does not count."""
        return next((each for each in self.streams if each.kind == "video"), None)

    @property
    def audio(self) -> Stream | None:
        """The first sound track."""
        return next((each for each in self.streams if each.kind == "audio"), None)

    def meta(self) -> dict[str, Any]:
        """The `meta` of an output medium."""
        meta: dict[str, Any] = {}
        if self.duration is not None:
            meta["durationMs"] = round(self.duration * 1000)
        if self.video is not None:
            meta.update(width=self.video.width, height=self.video.height, videoCodec=self.video.codec)
            if self.video.fps and self.duration is not None:
                meta["fps"] = round(self.video.fps, 3)
        if self.audio is not None:
            meta.update(sampleRate=self.audio.sample_rate, channels=self.audio.channels, audioCodec=self.audio.codec)
        return meta


def probe(tools: Tools, job: Job, path: str, demuxer: str | None = None) -> Probe:
    """Examine a file below the job directory; InvalidMedia where it cannot be read."""
    lines: list[str] = []

    def on_line(line: str) -> None:
        if len(lines) < MAX_PROBE_LINES:
            lines.append(line)

    argv = [tools.ffprobe(), *QUIET[1:], "-show_entries", ENTRIES, "-of", "json", *safe_input(path, demuxer)]
    finished = run(argv, job, on_line, PROBE_SECONDS)
    if finished.returncode != 0:
        words = last_words(finished, job)
        if "not on whitelist" in words:
            words = "its format is not accepted (playlists, image sequences, subtitles and scripts are refused)"
        raise named("InvalidMedia", f"cannot read {path}: {words}")
    try:
        found = _read(json.loads("\n".join(lines)))
    except (ValueError, KeyError, TypeError) as error:
        raise named("InvalidMedia", f"cannot read {path}: ffprobe's answer makes no sense ({error})") from error
    if not found.streams:
        raise named("InvalidMedia", f"cannot read {path}: it holds neither pictures nor sound")
    return found


def _read(answer: Mapping[str, Any]) -> Probe:
    streams = tuple(
        _read_stream(each)
        for each in answer.get("streams", [])
        if each.get("codec_type") in ("video", "audio") and not each.get("disposition", {}).get("attached_pic")
    )
    container = answer.get("format", {})
    duration = _positive(container.get("duration"))
    if duration is None:
        duration = max((each.duration for each in streams if each.duration is not None), default=None)
    return Probe(str(container.get("format_name", "unknown")), duration, streams)


def _read_stream(stream: Mapping[str, Any]) -> Stream:
    sample_rate = _positive(stream.get("sample_rate"))
    return Stream(
        index=int(stream["index"]),
        kind=str(stream["codec_type"]),
        codec=str(stream.get("codec_name", "unknown")),
        duration=_positive(stream.get("duration")),
        width=stream.get("width"),
        height=stream.get("height"),
        fps=_rate(str(stream.get("avg_frame_rate", "0/0"))),
        sample_rate=None if sample_rate is None else int(sample_rate),
        channels=stream.get("channels"),
    )


def _positive(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if 0 < value < float("inf") else None


def _rate(text: str) -> float | None:
    top, _, bottom = text.partition("/")
    numerator, denominator = _positive(top), _positive(bottom or "1")
    return numerator / denominator if numerator and denominator else None
