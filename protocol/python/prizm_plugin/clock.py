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


_MOST_IDLE = 64


class Clock:
    """Calls back on its own thread. What it calls must neither wait nor be an author's.

    Most timers are cancelled long before their time, and the thread is not woken for those.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._timers: list[Timer] = []
        self._most = _MOST_IDLE
        self._wakes_at = 0.0
        self._started = False
        self._stopped = False

    def after(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Call back after some seconds."""
        timer = Timer(time.monotonic() + seconds, call)
        with self._lock:
            if len(self._timers) > self._most:
                self._timers = [each for each in self._timers if each.call is not None]
                heapq.heapify(self._timers)
                self._most = max(_MOST_IDLE, 2 * len(self._timers))
            heapq.heappush(self._timers, timer)
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="prizm-clock", daemon=True).start()
            elif timer.when < self._wakes_at:
                self._wakes_at = timer.when
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
            while self._timers and self._timers[0].call is None:
                heapq.heappop(self._timers)
            left = self._timers[0].when - time.monotonic() if self._timers else threading.TIMEOUT_MAX
            if left <= 0:
                call = heapq.heappop(self._timers).call
                if call is not None:  # It may have been cancelled just now.
                    return call
                continue
            self._wakes_at = self._timers[0].when if self._timers else float("inf")
            self._changed.wait(min(left, threading.TIMEOUT_MAX))
            self._wakes_at = 0.0
        return None
