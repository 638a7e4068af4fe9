"""The child that recognises: it may be killed at any moment, and keeps its parent free to answer meanwhile.

It prints a JSON object a line: `stage`, `fraction`, `text` with its `words`, `warning`, at last `seconds`; or `error`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Callable

from .wav import RATE, Broken, NotWav, Wav

PARENT = os.getppid()


class Refused(Exception):
    """What the host is told instead of a result, by kind."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def main() -> None:
    """Recognise the file that the command line names."""
    engine, path, *rest = sys.argv[1:]
    try:
        with open(path, "rb") as file:
            sound = Wav(file)
            if sound.warning:
                say(warning=sound.warning)
            say(stage="loading")
            _engine(engine)(sound, *rest)
            say(seconds=round(sound.seconds, 3))
    except Refused as refused:
        say(error={"kind": refused.kind, "message": str(refused)})
    except (NotWav, Broken) as broken:
        say(error={"kind": "InvalidMedia", "message": f"the recording cannot be read: {broken}"})
    except MemoryError:
        say(error={"kind": "ResourceExhausted", "message": "there is not enough memory for the engine"})


def say(**line: Any) -> None:
    """Tell the parent; once it is gone, nobody wants to hear more."""
    if os.getppid() != PARENT:
        os._exit(1)
    print(json.dumps(line), flush=True)


def progress(sample: int, sound: Wav) -> None:
    """Say how far it is."""
    say(fraction=round(min(1.0, sample / RATE / sound.seconds), 4))


def _engine(name: str) -> Callable[..., None]:
    from . import sphinx, whisper

    return sphinx.recognise if name == "pocketsphinx" else whisper.recognise
