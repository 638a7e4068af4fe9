"""The provider: what it declares, and which function does the work."""

from __future__ import annotations

import os
from typing import Any

from prizm_plugin import Configuration, Context, Health, Model, Provider, Request, Result, Startup

from . import PROVIDER_ID, PROVIDER_NAME, VERSION, programs, settings
from .engines import DIALECT, SPEAKERS
from .wav import MAX_SECONDS

FORMATS = "wav x-wav mpeg mp4 m4a x-m4a ogg opus flac x-flac webm x-matroska aac x-aiff aiff amr x-ms-wma".split()
MAX_PARALLEL = 4
WORDS = {"type": "boolean", "default": True, "description": "Say when each word was said, in `meta.words`"}
LANGUAGE = {"type": "string", "pattern": "^[a-z]{2,3}$", "description": "A code such as en; found out where absent"}


def models() -> list[Model]:
    """All models; those of engines that are missing, too."""
    sphinx = _listener("pocketsphinx", "PocketSphinx", "Recognises clear English", 1, 2500, {"words": WORDS})
    options = {"words": WORDS, "language": LANGUAGE}
    description = "Recognises speech by faster-whisper, once the setting `whisperModel` says where a model is"
    whisper = _listener("whisper", "Whisper", description, 3, 5000, options)
    return [*(engine.model() for engine in SPEAKERS.values()), sphinx, whisper]


def _listener(id: str, name: str, description: str, quality: int, typical_ms: int, options: dict[str, Any]) -> Model:
    schema = {"$schema": DIALECT, "type": "object", "additionalProperties": False, "properties": options}
    return Model(
        id,
        ["audio-to-text"],
        name=name,
        description=description,
        options={"audio-to-text": schema},
        pricing=[{"unit": "call", "amount": "0", "currency": "USD"}],
        is_free=True,
        limits={"maxInputSeconds": MAX_SECONDS},
        input_formats=[f"audio/{each}" for each in FORMATS],
        output_formats=["text/plain"],
        features=["cancel", "progress", "streaming", "word_timestamps"],
        quality=quality,
        typical_ms=typical_ms,
    )


speech = Provider(
    PROVIDER_ID,
    version=VERSION,
    name=PROVIDER_NAME,
    type="local",
    max_in_flight=max(1, min(os.cpu_count() or 1, MAX_PARALLEL)),
    config_schema=settings.SCHEMA,
    data_policy={"retentionDays": 0, "training": False},
    models=models(),
)

_settings = [settings.Settings()]


@speech.models
def find_models() -> list[Model]:
    """Ask the engines for their voices anew."""
    return models()


@speech.configure
def configure(configuration: Configuration, _: Startup) -> None:
    """Replace the settings; jobs at work keep theirs."""
    _settings[0] = settings.Settings.read(configuration)


@speech.health
def health(measured: Health) -> Health:
    """Degraded where an engine is missing, or whisper is not where the settings say."""
    problem = _settings[0].problem()
    lacking = [*programs.lacking(), *([problem] if problem else [])]
    if lacking:
        measured.status, measured.last_error = "degraded", "; ".join(lacking)
    return measured


@speech.transform
def transform(request: Request, context: Context) -> Result:
    """Speak or listen."""
    if request.model in SPEAKERS:
        from .speak import speak

        return speak(request, context)
    from .hear import hear

    return hear(request, context, _settings[0])
