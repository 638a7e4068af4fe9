"""What the SDK itself tells people, on stderr."""

from __future__ import annotations

import sys


def note(what: object) -> None:
    """Tell people something. There is nobody to tell where that fails."""
    tell(f"prizm-plugin: {what}")


def tell(line: str) -> None:
    """Write one line to stderr, in one piece, so that lines of several threads do not mix."""
    try:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass


def tell_traceback(error: BaseException) -> None:
    """Show where an exception came from, below the SDK's own call."""
    import traceback

    trace = error.__traceback__
    within = trace.tb_next if trace is not None else None
    tell("".join(traceback.format_exception(type(error), error, within or trace)).rstrip())
