"""The voices that the engines really have, as they list them themselves."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

PATIENCE = 5.0
"""How long an engine may take to list its voices, in seconds."""

_COMMANDS = {"flite": ["flite", "-lv"], "espeak-ng": ["espeak-ng", "--voices"]}
_TELLS_TIME = "awb_time"
"""A voice of flite's that knows the words of a clock only."""

_known: dict[str, list[str]] = {}


def known(engine: str) -> list[str]:
    """Give an engine's voices, as it listed them last."""
    return _known.get(engine) or listed(engine)


def listed(engine: str) -> list[str]:
    """Give the voices that an engine lists now; none where it is missing."""
    import subprocess

    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    try:
        ended = subprocess.run(_COMMANDS[engine], stdin=null, stdout=pipe, stderr=null, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    _known[engine] = _READERS[engine](ended.stdout.decode("utf-8", "replace"))
    return _known[engine]


def _of_flite(said: str) -> list[str]:
    """Read `Voices available: kal awb …`."""
    return [each for each in said.partition("Voices available:")[2].split() if each != _TELLS_TIME]


def _of_espeak(said: str) -> list[str]:
    """Read a table whose second column has the languages, which are what `-v` takes."""
    rows = [line.split() for line in said.splitlines()[1:]]
    return list(dict.fromkeys(row[1] for row in rows if len(row) > 3))


_READERS: dict[str, Callable[[str], list[str]]] = {"flite": _of_flite, "espeak-ng": _of_espeak}
