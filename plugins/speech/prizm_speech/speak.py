"""text-to-audio: an engine speaks a text piece by piece, and the pieces become one WAV file."""

from __future__ import annotations

import os
import tempfile
import wave
from typing import Any

from prizm_plugin import Context, Error, Media, ProgramFailed, Request, Result

from . import programs, voices
from .engines import SPEAKERS, Speaker
from .text import MAX_CHARS, can_be_said, clean, pieces, to_ascii

PIECE_SECONDS = 60.0
"""How long an engine may take for one piece; it needs a second at most."""


def speak(request: Request, context: Context) -> Result:
    """Make speech of the request's text."""
    engine = SPEAKERS[request.model]
    request.only_options("voice", "speed", "pitch", "format")
    request.option("format", str, "wav", choices=["wav"])
    speed = request.option("speed", float, 1.0, minimum=engine.speed[0], maximum=engine.speed[1])
    pitch = request.option("pitch", float, 1.0, minimum=engine.pitch[0], maximum=engine.pitch[1])
    wanted = request.option("voice", str, engine.voice)
    said, lost = _sayable(engine, request.text())
    program = programs.find(engine.program)
    arguments = engine.arguments(_voice(engine, wanted), speed, pitch)
    audio = _spoken(context, [program, *arguments], said)
    meta: dict[str, Any] = {"engine": engine.program, "voice": wanted}
    if lost:
        meta["warnings"] = [f"{engine.program} cannot say `{lost[:50]}`"]
    return Result([audio], meta=meta)


def _sayable(engine: Speaker, text: str) -> tuple[str, str]:
    if len(text) > MAX_CHARS:
        raise Error("InvalidMedia", f"the text has {len(text)} characters; {MAX_CHARS} are spoken at most, so split it")
    said, lost = clean(text), ""
    if engine.is_ascii:
        said, lost = to_ascii(said)
    else:
        # Two brackets would begin a spelling in phonemes.
        said = said.replace("[[", "[ [").replace("]]", "] ]")
    if not can_be_said(said):
        other = "; `espeak-ng` speaks other languages" if lost else ""
        raise Error("InvalidMedia", f"the text has nothing that `{engine.program}` can say{other}")
    return said, lost


def _voice(engine: Speaker, wanted: str) -> str:
    known = voices.known(engine.program)
    if wanted not in known:
        there = ", ".join(known) or "none, as it lists none"
        raise Error.invalid_option("voice", f"one that `{engine.program}` has: {there}", wanted)
    return wanted


def _spoken(context: Context, argv: list[str], said: str) -> Media:
    parts = list(pieces(said))
    total = sum(map(len, parts))
    path = context.create_output("speech.wav")
    done = frames = rate = 0
    try:
        with _scratch(context) as scratch, wave.open(str(path), "wb") as joined:
            joined.setparams((1, 2, 16_000, 0, "NONE", ""))
            for part in parts:
                context.progress(done / total, "speaking")
                with _piece(context, argv, scratch, part) as spoken:
                    if frames == 0:
                        rate = spoken.getframerate()
                        joined.setframerate(rate)
                    frames += spoken.getnframes()
                    joined.writeframes(spoken.readframes(spoken.getnframes()))
                done += len(part)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if frames == 0:
        path.unlink()
        raise Error("InvalidMedia", f"`{os.path.basename(argv[0])}` found nothing to say in the text")
    audio = context.output("audio", "audio/wav", path)
    audio.meta = {"durationMs": round(frames * 1000 / rate), "sampleRate": rate, "channels": 1}
    return audio


def _scratch(context: Context) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=".speech-", dir=context.job_dir / "out")


def _piece(context: Context, argv: list[str], scratch: str, part: str) -> wave.Wave_read:
    """Have one piece spoken. The file's name is the engine's; the text is never on its command line."""
    with open(os.path.join(scratch, "in.txt"), "w", encoding="utf-8") as file:
        file.write(part + "\n")
    out = os.path.join(scratch, "out.wav")
    try:
        context.run(argv, cwd=scratch, time_limit=PIECE_SECONDS)
        spoken = wave.open(out, "rb")
        if (spoken.getnchannels(), spoken.getsampwidth()) != (1, 2):
            raise wave.Error("expected 16 bits, mono")
        return spoken
    except ProgramFailed as error:
        raise Error("UpstreamError", error.message, retryable=error.reason == "time") from error
    except (OSError, wave.Error, EOFError) as error:
        raise Error("UpstreamError", f"`{os.path.basename(argv[0])}` made no sound file: {error}") from error
