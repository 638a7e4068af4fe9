"""Where an author's code runs: plain functions on threads, coroutines in one event loop."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from .note import note

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine
    from typing import Any, Callable


class Threads:
    """Threads for plain functions: one more whenever none is idle, so that no call waits for another."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._running = 0

    def submit(self, call: Callable[[], None]) -> None:
        """Run `call`, which never raises. Raises RuntimeError where no thread can be had."""
        with self._lock:
            has_idle = self._idle > 0
            if has_idle:
                self._idle -= 1
            else:
                self._running += 1
        if has_idle:
            self._calls.put(call)
            return
        try:
            threading.Thread(target=self._work, args=(call,), name="prizm-worker", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._running -= 1
            raise

    def stop(self) -> None:
        """Let every thread end once it has nothing to do."""
        with self._lock:
            running = self._running
        for _ in range(running):
            self._calls.put(None)

    def _work(self, call: Callable[[], None] | None) -> None:
        while call is not None:
            call()
            with self._lock:
                self._idle += 1
            call = self._calls.get()


class Loop:
    """One event loop on a thread of its own. `asyncio` is imported there, so that a start need not wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._early: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = False
        self._stopping = False

    def start(self) -> None:
        """Get ready, without waiting for it."""
        with self._lock:
            if self._started:
                return
            self._started = True
        threading.Thread(target=self._run, name="prizm-loop", daemon=True).start()

    def call(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function in the loop, soon; when the session is over it is forgotten."""
        self.start()
        if self._loop is None:
            with self._lock:
                if self._loop is None:
                    self._early.append((function, args))
                    return
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # The loop has been closed: the session is over.
            pass

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a coroutine that never raises; only within the loop."""
        assert self._loop is not None
        return self._loop.create_task(work)

    def stop(self) -> None:
        """Cancel all that runs, and end."""
        with self._lock:
            self._stopping = True
            loop = self._loop
        if loop is not None:
            self.call(loop.stop)

    def _run(self) -> None:
        import asyncio

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        with self._lock:
            for function, args in self._early:
                loop.call_soon(function, *args)
            self._loop = loop
        while not self._stopping:
            try:
                loop.run_forever()
            except (SystemExit, KeyboardInterrupt) as error:
                note(f"a task that nobody waits for raised {type(error).__name__}, which ends nothing")
        self._close(loop)

    @staticmethod
    def _close(loop: asyncio.AbstractEventLoop) -> None:
        import asyncio

        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        try:
            # A task that resists its cancellation is left where it is.
            loop.run_until_complete(asyncio.wait(tasks, timeout=1)) if tasks else None
            loop.run_until_complete(loop.shutdown_asyncgens())
        except BaseException as error:  # The session is over; nothing that is left may hold up its end.
            note(f"ignored while closing the event loop: {type(error).__name__}: {error}")
        loop.close()
