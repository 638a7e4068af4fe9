"""One transform at work: its directory, and what is told of its progress."""

from __future__ import annotations

import os

from prizm_plugin import Context

from .errors import invalid_params
from .progress import Progress
from .schema import show


class Job:
    """What the models know of the SDK's context."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.progress = Progress(context)
        self.job_dir = _directory(context)


def _directory(context: Context) -> str:
    path = str(context.job_dir)
    try:
        exists = os.path.isdir(path)
    except ValueError:
        exists = False
    if not exists:
        raise invalid_params(f"jobDir: there is no directory {show(path)}")
    return path
