"""Process life: the cookie, the channel, the signals, and an end that leaves nothing running."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from .provider import FfmpegProvider
from .server import Server
from .wire import Channel

EXIT_USAGE = 64
COOKIE = "PRIZM_PLUGIN"
BY_HAND = (
    "This is the Prizm provider for FFmpeg; a Prizm host starts it. "
    "Try: prizm run ffmpeg/extract-audio film.mp4 -o sound.mp3"
)


class Terminated(BaseException):
    """A signal asked the process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def main() -> int:
    """Serve one session. Never returns to the interpreter's own exit, which would wait for threads."""
    if os.environ.get(COOKIE) != "1":
        print(BY_HAND, file=sys.stderr)
        return EXIT_USAGE
    server = Server(Channel.guard_stdio(), FfmpegProvider())
    status = 0
    try:
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(each, _terminate)
        server.serve()
    except Terminated as end:
        status = 128 + end.number
    _leave(server, status)


def _terminate(number: int, _: FrameType | None) -> None:
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Terminated(number)


def _leave(server: Server, status: int) -> NoReturn:
    server.abort()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)
