"""What must happen later: one thread for all deadlines, grace periods and progress held back."""

from __future__ import annotations

import heapq
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


class Timer:
    """Something that will happen unless it is cancelled."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: Callable[[], None] | None) -> None:
        self.when = when
        self.call = call

    def __lt__(self, other: Timer) -> bool:
        return self.when < other.when

    def cancel(self) -> None:
        """Let it not happen; too late is no fault."""
        self.call = None


class Clock:
    """Calls back on its own thread. What it calls must neither wait nor be an author's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._timers: list[Timer] = []
        self._started = False
        self._stopped = False

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call back after some seconds."""
        timer = Timer(time.monotonic() + seconds, call)
        with self._lock:
            if len(self._timers) > 64 and sum(each.call is None for each in self._timers) * 2 > len(self._timers):
                self._timers = [each for each in self._timers if each.call is not None]
                heapq.heapify(self._timers)
            heapq.heappush(self._timers, timer)
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="prizm-clock", daemon=True).start()
            elif self._timers[0] is timer:
                self._changed.notify()
        return timer

    def stop(self) -> None:
        """Let nothing happen any more."""
        with self._lock:
            self._stopped = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._lock:
                call = self._next()
            if call is None:
                return
            call()

    def _next(self) -> Callable[[], None] | None:
        while not self._stopped:
            if not self._timers:
                self._changed.wait()
                continue
            left = self._timers[0].when - time.monotonic()
            if left > 0 and self._timers[0].call is not None:
                self._changed.wait(min(left, threading.TIMEOUT_MAX))
                continue
            call = heapq.heappop(self._timers).call
            if call is not None:
                return call
        return None
