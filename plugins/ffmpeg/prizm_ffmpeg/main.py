"""Process life: an end by signal leaves nothing running, as every other end."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

from prizm_plugin import serve

from .provider import ffmpeg


def main() -> NoReturn:
    """Serve one session."""
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, _terminate)
    serve(ffmpeg)


def _terminate(number: int, _: FrameType | None) -> None:
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)
