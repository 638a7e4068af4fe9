"""Progress of one job: how long the stage will still take, by how long it took so far."""

from __future__ import annotations

import time

from prizm_plugin import Context

ETA_FROM_FRACTION = 0.02


class Progress:
    """Tells how far one job is. Used by that job's thread only."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stage: str | None = None
        self._stage_began = time.monotonic()

    def report(self, stage: str, fraction: float | None = None, message: str | None = None) -> None:
        """Report a stage and how much of the whole is done."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_began = stage, now
        if fraction is not None:
            fraction = round(min(fraction, 1.0), 4)
        eta = None
        if fraction is not None and fraction >= ETA_FROM_FRACTION:
            eta = (now - self._stage_began) * (1 - fraction) / fraction
        self._context.report(fraction=fraction, stage=stage, message=message, eta=eta)
