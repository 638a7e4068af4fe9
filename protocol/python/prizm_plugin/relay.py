"""Who reads: one thread at a time, which also runs functions that have been quick: waking another takes longer.

Once one of them takes its time after all, another thread goes on reading. The thread of `watch` sees to
that, and to nothing else: a signal handler of the author's, which Python runs there, interrupts no work.
"""

from __future__ import annotations

import time
from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

TICK = 0.002
"""How often it is looked whether the thread that reads is held up, in seconds, while functions run on it."""

QUIET_TICKS = 25
"""After so many without a function nobody looks until there is one: who has nothing to do never wakes up."""

QUICK = 0.001
"""What a quick function takes at most, in seconds; so many times in a row it must have been."""
TRUSTED = 16


class Relay:
    """Hands on the reading of one session."""

    def __init__(self, submit: Callable[[Callable[[], None]], None]) -> None:
        self._submit = submit
        self._lock = allocate_lock()
        self._wake = allocate_lock()
        self._wake.acquire()
        self._asleep = False
        self._over = False
        self._failure: BaseException | None = None
        self._running: Callable[[], None] | None = None
        self._runs = 0
        self._next: Callable[[], None] | None = None
        self._quick: dict[int, int] = {}
        self.has_more = False
        """Whether the thread that reads has more in hand, which should not wait for a function."""

    def trusts(self, function: Callable[..., Any]) -> bool:
        """Whether a function, which has been quick so far, may run on the thread that reads."""
        return not self.has_more and self._quick.get(id(function), 0) >= TRUSTED

    def took(self, function: Callable[..., Any], began: float) -> None:
        """Take note of how long a function took that began at `began`."""
        is_quick = time.monotonic() - began < QUICK
        self._quick[id(function)] = self._quick.get(id(function), 0) + 1 if is_quick else 0

    def run_next(self, work: Callable[[], None]) -> None:
        """Have work, which never raises, run on the thread that reads, before it reads on; only that thread may ask."""
        self._next = work

    def goes_on(self) -> bool:
        """Run the work that is next. False where another thread reads since; only for the thread that reads."""
        work = self._next
        if work is None:
            return True
        with self._lock:
            self._next = None
            self._running = work
            self._runs += 1
            if self._asleep:
                self._asleep = False
                self._wake.release()
        work()
        with self._lock:
            if self._running is not work:
                return False
            self._running = None
        return True

    def end(self, failure: BaseException | None = None) -> None:
        """Let `watch` return, or raise: the session is over. Only for the thread that reads."""
        with self._lock:
            self._over = True
            self._asleep = False
            self._failure = failure
            if self._wake.locked():
                self._wake.release()

    def watch(self, lead: Callable[[], None]) -> None:
        """Have `lead` read on a thread, and on another whenever that one is held up, until the session is over."""
        self._submit(lead)
        seen, runs, quiet = None, -1, 0
        while not self._over:
            with self._lock:
                is_held_up = seen is not None and self._running is seen
                if is_held_up:
                    self._running = None
                seen = self._running
                quiet = quiet + 1 if self._runs == runs and seen is None else 0
                runs = self._runs
                self._asleep = quiet > QUIET_TICKS and not self._over
            if is_held_up:
                self._quick.clear()
                self._submit(lead)
            self._wake.acquire(True, -1 if self._asleep else TICK)
        if self._failure is not None:
            raise self._failure
