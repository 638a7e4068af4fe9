"""Runs an author's code so that it always ends in an answer."""

from __future__ import annotations

import os
import sys
import time

from .errors import Cancelled, Error, cancelled, of_exception
from .note import note, tell_traceback
from .provider import is_async
from .relay import Relay
from .workers import Loop, Threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any, Callable

    from .clock import Clock
    from .job import Job

_RETRY = 0.05


class Call:
    """An author's function with its arguments, and what makes an answer of what it gives."""

    __slots__ = ("args", "function", "to_wire")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], to_wire: Callable[[Any], Any]) -> None:
        self.function = function
        self.args = args
        self.to_wire = to_wire


class Runner:
    """Starts calls where they belong."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._process = os.getpid()
        self._threads = Threads()
        self._loop = Loop()
        self.relay = Relay(self.on_thread)

    def expect_async(self) -> None:
        """Get the event loop ready before it is needed."""
        self._loop.start()

    def start(self, job: Job, call: Call) -> None:
        """Run a call for a job, which it answers."""
        if is_async(call.function):
            self._loop.call(self._begin, job, call)
        else:
            self.on_thread(lambda: self._run(job, call))

    def start_here(self, job: Job, call: Call) -> None:
        """Run a call on the thread that reads, which is the one that asks, where that holds nothing up."""
        if self.relay.trusts(call.function):
            self.relay.run_next(lambda: self._run(job, call))
        else:
            self.start(job, call)

    def on_thread(self, work: Callable[[], None]) -> None:
        """Run `work`, which never raises, on a thread, as soon as one can be had."""
        try:
            self._threads.submit(work)
        except RuntimeError as error:
            note(f"waiting for a thread: {error}")
            self._clock.after(_RETRY, lambda: self.on_thread(work))

    def stop(self) -> None:
        """Let the threads end that have nothing to do, and the event loop with all that runs in it."""
        self._threads.stop()
        self._loop.stop()

    def _run(self, job: Job, call: Call) -> None:
        try:
            if job.is_cancelled or job.answered:
                raise Cancelled("cancelled")
            began = time.monotonic()
            given = call.function(*call.args)
            self.relay.took(call.function, began)
            if hasattr(given, "__await__"):
                self._loop.call(self._begin, job, Call(_itself, (given,), call.to_wire))
                return
            result = call.to_wire(given)
        except BaseException as error:  # Nothing of an author's may end the session, not even sys.exit.
            job.answer(error=_told(job, error), waits=True)
        else:
            job.answer(result, waits=True)
        if os.getpid() != self._process:  # A child that was forked has come back from the author's code.
            os._exit(0)

    def _begin(self, job: Job, call: Call) -> None:
        if job.is_cancelled or job.answered:
            job.answer(error=cancelled())
            return
        job.task = self._loop.spawn(self._await(job, call))

        def stop() -> None:
            if job.task is not None:
                self._loop.call(job.task.cancel)

        job.on_over(stop)

    async def _await(self, job: Job, call: Call) -> None:
        try:
            result = call.to_wire(await call.function(*call.args))
        except BaseException as error:  # As on a thread.
            job.task = None
            job.answer(error=_told(job, error))
        else:
            job.task = None
            job.answer(result)


async def _itself(given: Awaitable[Any]) -> Any:
    """Wait for what a plain function gave, such as a coroutine behind a decorator."""
    return await given


def _told(job: Job, error: BaseException) -> Error:
    """What the host is told of an exception. What fails after a cancellation most likely fails because of it."""
    asyncio = sys.modules.get("asyncio")
    is_cancellation = isinstance(error, (Cancelled, getattr(asyncio, "CancelledError", Cancelled)))
    if not is_cancellation and not isinstance(error, Error):
        tell_traceback(error)
    if job.is_cancelled:
        return cancelled()
    if is_cancellation:
        return Error.internal(f"the work was cancelled, but not by the host: {type(error).__name__}")
    return of_exception(error)
