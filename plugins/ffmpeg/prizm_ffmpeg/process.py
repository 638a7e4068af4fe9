"""Running ffmpeg and ffprobe: the SDK does it, and their failures to start or to end get names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from prizm_plugin import Finished, ProgramFailed

from .errors import named
from .job import Job


def run(
    argv: Sequence[str],
    job: Job,
    on_line: Callable[[str], None],
    time_limit: float | None = None,
) -> Finished:
    """Run a program in the job's directory to its end, handing each line of its stdout to `on_line`."""
    try:
        return job.context.run(list(argv), on_line=on_line, cwd=job.job_dir, time_limit=time_limit, check=False)
    except ProgramFailed as error:
        if error.reason == "time":
            raise named("InvalidMedia", error.message) from error
        raise named("NotConfigured", error.message) from error
