"""The programs and packages that do the work: whether they are there, and the remedy where they are not."""

from __future__ import annotations

import importlib.util
import shutil

from prizm_plugin import Error

INSTALL = {
    "flite": "apt-get install flite",
    "espeak-ng": "apt-get install espeak-ng",
    "ffmpeg": "apt-get install ffmpeg",
    "pocketsphinx": "pip install pocketsphinx==5.1.1",
    "faster-whisper": "pip install faster-whisper==1.2.1",
}


def find(program: str, purpose: str = "") -> str:
    """Find a program on PATH, anew each time: an install needs no restart. Raises Error(NotConfigured)."""
    path = shutil.which(program)
    if path is None:
        raise missing(program, purpose)
    return path


def missing(name: str, purpose: str = "") -> Error:
    """The error for something that is not there."""
    details = {"program": name, "install": INSTALL[name]}
    return Error("NotConfigured", sentence(name, purpose), retryable=False, details=details)


def sentence(name: str, purpose: str = "") -> str:
    """What is missing and the line that installs it."""
    return f"`{name}` is missing{purpose and ' ' + purpose}; install it with `{INSTALL[name]}`"


def lacking() -> list[str]:
    """A sentence for each engine that the models need and that is not there."""
    absent = [name for name in ("flite", "espeak-ng") if shutil.which(name) is None]
    if importlib.util.find_spec("pocketsphinx") is None:
        absent.append("pocketsphinx")
    return [sentence(name) for name in absent]
