"""faster-whisper at work, in the child, on a model of this machine's."""

from __future__ import annotations

import math
import os
from array import array

from .child import Refused, progress, say
from .wav import RATE, Wav


def recognise(sound: Wav, words: str, model: str, language: str) -> None:
    """Recognise whatever language the model knows."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        import numpy
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise Refused("missing", "faster-whisper") from error
    try:
        whisper = WhisperModel(model, device="cpu", compute_type="int8", local_files_only=True)
    except (RuntimeError, ValueError, OSError) as error:
        raise Refused("NotConfigured", f"setting `whisperModel`: `{model}` cannot be loaded: {error}") from error
    samples = array("h")
    for block in sound.blocks():
        samples.extend(block)
    heard = numpy.frombuffer(samples, dtype=numpy.int16).astype(numpy.float32) / 32768
    say(stage="recognising", fraction=0.0)
    try:
        segments, _ = whisper.transcribe(heard, language=language or None, word_timestamps=words == "1", beam_size=5)
    except ValueError as error:
        raise Refused("option", f"option `language`: {error}") from error
    for segment in segments:
        found = [
            {
                "word": word.word.strip(),
                "startMs": round(word.start * 1000),
                "endMs": round(word.end * 1000),
                "confidence": round(word.probability, 3),
            }
            for word in segment.words or []
        ]
        confidence = math.exp(segment.avg_logprob)
        say(text=segment.text.strip(), words=found, weight=len(segment.text.split()), confidence=confidence)
        progress(round(segment.end * RATE), sound)
