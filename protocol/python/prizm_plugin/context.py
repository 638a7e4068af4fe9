"""What a provider can say and learn while it works on a job."""

from __future__ import annotations

import time

from . import files
from .errors import Cancelled, Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Callable

    from .children import Finished
    from .job import Job
    from .media import Media
    from .types import Charged, Kind


class Context:
    """A job as its provider sees it. Usable from any thread, in plain functions and in coroutines."""

    def __init__(self, job: Job, chunk_bytes: int) -> None:
        self._job = job
        self._chunk_bytes = chunk_bytes

    # What is said.

    def progress(self, fraction: float, stage: str | None = None) -> None:
        """Say how far the job is, from 0 to 1. It costs little: the host is told ten times a second at most.

        The last one before the answer is always told. A fraction is clamped, and never falls.
        """
        self._job.report(fraction, stage=stage)

    def report(
        self,
        *,
        fraction: float | None = None,
        stage: str | None = None,
        message: str | None = None,
        eta: float | None = None,
    ) -> None:
        """Say how far the job is, in full: a stage in a word, a message for people, the seconds that it will take."""
        eta_ms = None if eta is None or eta != eta else max(0, round(min(eta, 2.0**40) * 1000))
        self._job.report(fraction, stage=stage, message=message, etaMs=eta_ms)

    def chunk_text(self, text: str) -> None:
        """Send the next piece of a text before the answer, which must stand alone without it.

        Waits while the host does not read.
        """
        for piece in pieces(text, self._chunk_bytes):
            self._job.chunk(text=piece)

    def chunk_file(self, path: files.AnyPath) -> None:
        """Send a file of `create_output` before the answer, which must stand alone without it."""
        self._job.chunk(path=files.relative(self._dir(), path))

    def accepted(self, remote_id: str, charged: Charged) -> None:
        """Say that a remote system has taken the job under this name, so that it is never submitted again.

        The answer, should it be an error, repeats it. Only the first call counts.
        """
        self._job.accepted(remote_id, charged)

    # What is learned.

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody wants the answer any more."""
        return self._job.is_cancelled

    def checkpoint(self) -> None:
        """End the work early where nobody wants the answer: raises Cancelled."""
        if self._job.is_cancelled:
            raise Cancelled("cancelled")

    def sleep(self, seconds: float) -> None:
        """Wait in a plain function; raises Cancelled as soon as nobody wants the answer any more."""
        if self._job.wait_over(seconds):
            raise Cancelled("cancelled")

    def on_cancel(self, call: Callable[[], None]) -> Callable[[], None]:
        """Call back, from any thread, as soon as nobody wants the answer any more; gives how to take that back."""
        return self._job.on_over(call)

    @property
    def deadline(self) -> float | None:
        """When an answer is of no more use, by the clock of `time.monotonic`. The SDK answers for the work then."""
        return self._job.deadline

    @property
    def remaining(self) -> float | None:
        """The seconds that are left until the deadline, where there is one."""
        deadline = self._job.deadline
        return None if deadline is None else max(0.0, deadline - time.monotonic())

    @property
    def job_id(self) -> str:
        """The job's name in logs; empty for an estimate."""
        return self._job.job_id

    # Files.

    @property
    def job_dir(self) -> Path:
        """The job's own directory. Raises Error(−32602) where it has none: every medium of it is text."""
        return _path(self._dir())

    def input(self, media: Media) -> Path:
        """Find an input's file, which is read-only.

        Raises Error(InvalidMedia) where it is no file, or is missing or not beneath the job's directory.
        """
        if media.path is None:
            return _path(files.input_path("", media))
        return _path(files.input_path(self._dir(), media))

    def read_input(self, media: Media) -> bytes:
        """Read an input whole: its file, or its inline text."""
        if media.text is not None:
            return media.text.encode("utf-8")
        return files.read(str(self.input(media)), media.path or "")

    def create_output(self, name: str) -> Path:
        """Find where to write an output of this name, such as `card.png` or `frames/1.png`.

        The directories up to it are made. `output` turns the path into a medium.
        """
        return _path(files.new_output(self._dir(), name))

    def output(self, kind: Kind, mime: str, path: files.AnyPath) -> Media:
        """Give a file of the job's directory as a medium."""
        return files.medium(self._dir(), kind, mime, path)

    def output_file(self, kind: Kind, mime: str, name: str, data: bytes) -> Media:
        """Write bytes to an output of this name and give it as a medium."""
        path = files.new_output(self._dir(), name)
        files.write(path, data)
        return files.medium(self._dir(), kind, mime, path)

    def run(
        self,
        argv: Sequence[files.AnyPath],
        *,
        on_line: Callable[[str], None] | None = None,
        cwd: files.AnyPath | None = None,
        env: Mapping[str, str] | None = None,
        time_limit: float | None = None,
        check: bool = True,
    ) -> Finished:
        """Run a program to its end; see `prizm_plugin.children.run`. In a coroutine: `asyncio.to_thread`."""
        from .children import run

        directory = self._job.job_dir if cwd is None else cwd
        return run(self, argv, on_line=on_line, cwd=directory, env=env, time_limit=time_limit, check=check)

    def _dir(self) -> str:
        if self._job.job_dir is None:
            needs = "so it can neither read nor write files; the host must give one for anything but text"
            raise Error.invalid_params(f"the job has no directory (`jobDir`), {needs}")
        return self._job.job_dir


def _path(path: str) -> Path:
    from pathlib import Path

    return Path(path)


def pieces(text: str, most: int) -> Iterator[str]:
    """Cut text into pieces of at most `most` characters."""
    return (text[start : start + most] for start in range(0, len(text), most))
