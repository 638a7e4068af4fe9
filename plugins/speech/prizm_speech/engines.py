"""The engines that speak: what each can be asked, and how it is started. Text reaches them in a file only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple

from prizm_plugin import Model

from .text import MAX_CHARS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ANY_VOICE = r"^[A-Za-z0-9][A-Za-z0-9_+-]{0,63}$"


class Speaker(NamedTuple):
    """An engine that makes speech of text, which is a model of the same name."""

    program: str
    name: str
    description: str
    voice: str
    speed: tuple[float, float]
    pitch: tuple[float, float]
    is_ascii: bool
    quality: int
    typical_ms: int
    arguments: Callable[[str, float, float], Sequence[str]]

    def model(self, known: Sequence[str] = ()) -> Model:
        """The declaration, with the voices that are known of the engine; any where none is."""
        return Model(
            self.program,
            ["text-to-audio"],
            name=self.name,
            description=self.description,
            options={"text-to-audio": self._options(known)},
            pricing=[{"unit": "call", "amount": "0", "currency": "USD"}],
            is_free=True,
            limits={"maxInputChars": MAX_CHARS},
            input_formats=["text/plain"],
            output_formats=["audio/wav"],
            features=["cancel", "progress"],
            quality=self.quality,
            typical_ms=self.typical_ms,
        )

    def _options(self, known: Sequence[str]) -> dict[str, Any]:
        voice: dict[str, Any] = {"type": "string", "description": "Who speaks, of those that the engine has"}
        voice |= {"enum": [*known]} if known else {"pattern": ANY_VOICE}
        if not known or self.voice in known:
            voice["default"] = self.voice
        return {
            "$schema": DIALECT,
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "voice": voice,
                "speed": _number(self.speed, "How many times as fast as usual"),
                "pitch": _number(self.pitch, "How many times as high as usual"),
                "format": {"type": "string", "enum": ["wav"], "default": "wav", "description": "Of the file"},
            },
        }


def _number(bounds: tuple[float, float], description: str) -> dict[str, Any]:
    low, high = bounds
    return {"type": "number", "minimum": low, "maximum": high, "default": 1, "description": description}


def _flite(voice: str, speed: float, pitch: float) -> list[str]:
    tuned = ["--setf", f"duration_stretch={1 / speed:.4f}"] if speed != 1 else []
    tuned += ["--setf", f"f0_shift={pitch:.4f}"] if pitch != 1 else []
    return ["-voice", voice, *tuned, "-f", "in.txt", "-o", "out.wav"]


def _espeak(voice: str, speed: float, pitch: float) -> list[str]:
    # Its own scale from 0 to 99 is one of tones: 50 is the voice's own, and at 99 it is 1.63 times as high.
    tone = min(99, max(0, round(50 + 50 * math.log(pitch) / math.log(1.6))))
    tuned = ["-s", str(round(175 * speed)), "-p", str(tone)]
    return ["-v", voice, *tuned, "-b", "1", "-f", "in.txt", "-w", "out.wav"]


FLITE = Speaker(
    program="flite",
    name="Flite",
    description="Speaks English, clearly",
    voice="slt",
    speed=(0.5, 2),
    pitch=(0.5, 2),
    is_ascii=True,
    quality=2,
    typical_ms=200,
    arguments=_flite,
)
ESPEAK = Speaker(
    program="espeak-ng",
    name="eSpeak NG",
    description="Speaks more than a hundred languages, like a machine",
    voice="en-us",
    speed=(0.5, 2.5),
    pitch=(0.65, 1.6),
    is_ascii=False,
    quality=1,
    typical_ms=250,
    arguments=_espeak,
)
SPEAKERS = {each.program: each for each in (FLITE, ESPEAK)}
