"""audio-to-text: a recording made readable, and what the child makes of it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any

from prizm_plugin import Context, Error, ProgramFailed, Request, Result

from . import programs
from .settings import Settings
from .wav import MAX_SECONDS, Broken, NotWav, Wav

LISTEN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "listen.py")

# Containers that hold their own sound; playlists, which can name other files, are not among them.
CONTAINERS = "mov,mp4,m4a,matroska,webm,avi,asf,ogg,wav,w64,aiff,caf,au,amr,flac,mp3,aac,ac3,eac3,wv,tta"


class Heard:
    """What the child has told so far."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.texts: list[str] = []
        self.words: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self.error: dict[str, str] | None = None
        self.seconds: float | None = None
        self._stage = "loading"
        self._weight = 0
        self._sure = 0.0

    @property
    def confidence(self) -> float:
        """How sure the engine is, from 0 to 1, on the average of all words."""
        return round(self._sure / self._weight, 3) if self._weight else 0.0

    def take(self, line: str) -> None:
        """Take a line that the child printed; libraries may print others."""
        try:
            told = json.loads(line)
        except ValueError:
            return
        if not isinstance(told, dict):
            return
        self._stage = told.get("stage", self._stage)
        if "stage" in told or "fraction" in told:
            self._context.report(stage=self._stage, fraction=told.get("fraction"))
        if told.get("text"):
            self._context.chunk_text(f" {told['text']}" if self.texts else told["text"])
            self.texts.append(told["text"])
            self.words += told["words"]
            self._weight += told["weight"]
            self._sure += told["confidence"] * told["weight"]
        if "warning" in told:
            self.warnings.append(told["warning"])
        self.error = told.get("error", self.error)
        self.seconds = told.get("seconds", self.seconds)


def hear(request: Request, context: Context, settings: Settings) -> Result:
    """Recognise the speech in the request's recording."""
    is_whisper = request.model == "whisper"
    request.only_options("words", *(["language"] if is_whisper else []))
    words = request.option("words", bool, True)
    language = request.option("language", str, "")
    if language and not (language.isascii() and language.isalpha() and 2 <= len(language) <= 3):
        raise Error.invalid_option("language", "a code such as en", language)
    python, more = (settings.whisper(), [settings.model, language]) if is_whisper else (sys.executable, [])
    path = str(context.input(request.input()))
    with tempfile.TemporaryDirectory(prefix=".speech-", dir=_outputs(context)) as scratch:
        if not _is_readable(path):
            path = _convert(context, path, scratch)
        heard = _listen(context, [python, "-B", LISTEN, request.model, path, "1" if words else "0", *more])
    meta: dict[str, Any] = {"engine": request.model, "confidence": heard.confidence}
    meta["durationMs"] = round((heard.seconds or 0) * 1000)
    if words:
        meta["words"] = heard.words
    if heard.warnings:
        meta["warnings"] = heard.warnings
    return Result([" ".join(heard.texts)], meta=meta)


def _outputs(context: Context) -> str:
    path = os.path.join(context.job_dir, "out")
    os.makedirs(path, exist_ok=True)
    return path


def _is_readable(path: str) -> bool:
    """Whether it is a WAV file that is read here; Error(InvalidMedia) where it is one, but broken."""
    try:
        with open(path, "rb") as file:
            Wav(file)
        return True
    except NotWav:
        return False
    except Broken as broken:
        raise Error("InvalidMedia", f"the recording cannot be read: {broken}") from broken
    except OSError as error:
        raise Error("InvalidMedia", f"the recording cannot be read: {error.strerror}") from error


def _convert(context: Context, path: str, scratch: str) -> str:
    """Have ffmpeg make a WAV file of another format."""
    ffmpeg = programs.find("ffmpeg", "to read anything but WAV")
    context.report(stage="converting")
    out = os.path.join(scratch, "sound.wav")
    argv = [ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error"]
    argv += ["-protocol_whitelist", "file,pipe", "-format_whitelist", CONTAINERS, "-i", f"file:{path}"]
    argv += ["-map", "0:a:0", "-t", str(MAX_SECONDS + 1), "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le"]
    try:
        context.run([*argv, "-f", "wav", f"file:{out}"])
    except ProgramFailed as error:
        said = "; ".join(error.finished.stderr[-2:]).replace(f"{context.job_dir}/", "")
        raise Error("InvalidMedia", f"ffmpeg cannot read the recording: {said or error.message}") from error
    _is_readable(out)
    return out


def _listen(context: Context, argv: list[str]) -> Heard:
    heard = Heard(context)
    try:
        context.run(argv, on_line=heard.take)
    except ProgramFailed as error:
        if error.reason == "started":
            raise Error("NotConfigured", error.message, retryable=False) from error
        if error.finished.returncode < 0:
            message = f"the engine was killed by signal {-error.finished.returncode}; is memory short?"
            raise Error("ResourceExhausted", message) from error
        raise
    if heard.error is not None:
        raise _named(heard.error)
    if heard.seconds is None:
        raise Error.internal("the engine ended without a word")
    return heard


def _named(error: dict[str, str]) -> Error:
    kind, message = error["kind"], error["message"]
    if kind == "missing":
        return programs.missing(message)
    if kind == "option":
        return Error.invalid_params(message, option="language")
    named: Any = kind
    return Error(named, message, retryable=kind == "ResourceExhausted")
