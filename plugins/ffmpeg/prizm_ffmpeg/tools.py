"""The ffmpeg and ffprobe that a job uses, and what they can encode."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from .config import Config
from .errors import named
from .job import Job
from .process import run

INSTALL_HINT = "install it with `apt-get install ffmpeg`"
LIST_SECONDS = 30.0


@dataclass
class Tools:
    """One configuration's programs. They are looked up anew for each job: an install needs no restart."""

    config: Config
    _encoders: frozenset[str] | None = None

    def problem(self) -> str | None:
        """What is missing, with its remedy, or None."""
        for program in (self.config.ffmpeg_path, self.config.ffprobe_path):
            if shutil.which(program) is None:
                return missing(program)
        return None

    def ffmpeg(self) -> str:
        """The path of ffmpeg."""
        return _find(self.config.ffmpeg_path)

    def ffprobe(self) -> str:
        """The path of ffprobe."""
        return _find(self.config.ffprobe_path)

    def require_encoders(self, job: Job, *names: str) -> None:
        """Refuse the job where this ffmpeg was built without an encoder that it needs."""
        encoders = self._encoders
        if encoders is None:
            # Two jobs may both ask at first; waiting for one another would delay a cancel.
            encoders = self._encoders = _list_encoders(self.ffmpeg(), job)
        absent = [name for name in names if name not in encoders]
        if absent:
            lack = f"{self.ffmpeg()} was built without the encoder {', '.join(absent)}"
            raise named("NotConfigured", f"{lack}; {INSTALL_HINT} or choose another format")


def missing(program: str) -> str:
    """The sentence for a program that is not there."""
    where = "" if os.path.dirname(program) else " on PATH"
    return f"{program} not found{where}; {INSTALL_HINT}"


def _find(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise named("NotConfigured", missing(program))
    return os.path.abspath(path)


def _list_encoders(ffmpeg: str, job: Job) -> frozenset[str]:
    lines: list[str] = []
    finished = run([ffmpeg, "-hide_banner", "-loglevel", "error", "-encoders"], job, lines.append, LIST_SECONDS)
    if finished.returncode != 0:
        raise named("NotConfigured", f"{ffmpeg} cannot list its encoders: {' '.join(finished.stderr[-1:])}")
    # Rows read " V....D libx264   …"; the legend above them ends at a row of dashes.
    rows = [line.split() for line in lines]
    return frozenset(row[1] for row in rows if len(row) > 2 and len(row[0]) == 6 and row[1] != "=")
