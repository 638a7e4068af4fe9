"""The voices that the engines really have, as they list them themselves."""

from __future__ import annotations

import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

PATIENCE = 5.0
"""How long an engine may take to list its voices, in seconds."""

_COMMANDS = {"flite": ["flite", "-lv"], "espeak-ng": ["espeak-ng", "--voices"]}
_TELLS_TIME = "awb_time"
"""A voice of flite's that knows the words of a clock only."""

_asked: dict[str, subprocess.Popen[bytes] | None] = {}
_known: dict[str, list[str]] = {}


def begin() -> None:
    """Ask the engines, without waiting for what they say."""
    for engine in _COMMANDS:
        _asked[engine] = _start(engine)


def known(engine: str) -> list[str]:
    """Give an engine's voices, as it listed them last."""
    return _known.get(engine) or listed(engine)


def listed(engine: str) -> list[str]:
    """Give the voices that an engine lists now, or answers to `begin`; none where it is missing."""
    process = _asked.pop(engine, None) or _start(engine)
    if process is None:
        return []
    try:
        said, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return []
    _known[engine] = _READERS[engine](said.decode("utf-8", "replace"))
    return _known[engine]


def _start(engine: str) -> subprocess.Popen[bytes] | None:
    null = subprocess.DEVNULL
    try:
        return subprocess.Popen(_COMMANDS[engine], stdin=null, stdout=subprocess.PIPE, stderr=null)
    except OSError:
        return None


def _of_flite(said: str) -> list[str]:
    """Read `Voices available: kal awb …`."""
    return [each for each in said.partition("Voices available:")[2].split() if each != _TELLS_TIME]


def _of_espeak(said: str) -> list[str]:
    """Read a table whose second column has the languages, which are what `-v` takes."""
    rows = [line.split() for line in said.splitlines()[1:]]
    return list(dict.fromkeys(row[1] for row in rows if len(row) > 3))


_READERS: dict[str, Callable[[str], list[str]]] = {"flite": _of_flite, "espeak-ng": _of_espeak}
