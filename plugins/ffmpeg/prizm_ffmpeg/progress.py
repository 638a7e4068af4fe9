"""Progress of one job: sequence numbers that grow, fractions that never fall, ten reports a second."""

from __future__ import annotations

import time
from typing import Any, Callable

MIN_INTERVAL_SECONDS = 0.1
ETA_FROM_FRACTION = 0.02


class Progress:
    """Sends `$/progress` for one request. Used by that request's thread only."""

    def __init__(self, request_id: int, send: Callable[[dict[str, Any]], None]) -> None:
        self._request_id = request_id
        self._send = send
        self._seq = 0
        self._fraction = 0.0
        self._last_sent = float("-inf")
        self._stage: str | None = None
        self._stage_began = time.monotonic()

    def report(self, stage: str, fraction: float | None = None, message: str | None = None) -> None:
        """Report a stage and how much of the whole is done; more than ten a second are dropped."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_began = stage, now
        if fraction is not None:
            self._fraction = max(self._fraction, min(fraction, 1.0))
        if now - self._last_sent < MIN_INTERVAL_SECONDS:
            return
        self._last_sent = now
        self._seq += 1
        params: dict[str, Any] = {"id": self._request_id, "seq": self._seq, "stage": stage}
        if fraction is not None:
            params["fraction"] = round(self._fraction, 4)
            if ETA_FROM_FRACTION <= self._fraction:
                elapsed = now - self._stage_began
                params["etaMs"] = round(1000 * elapsed * (1 - self._fraction) / self._fraction)
        if message is not None:
            params["message"] = message
        self._send({"jsonrpc": "2.0", "method": "$/progress", "params": params})
