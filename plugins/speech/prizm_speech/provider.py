"""The provider: what it declares, and which function does the work."""

from __future__ import annotations

from typing import Any

from prizm_plugin import Configuration, Context, Health, Model, Provider, Request, Result, Startup

from . import PROVIDER_ID, PROVIDER_NAME, VERSION, programs, settings, voices
from .engines import DIALECT, SPEAKERS
from .wav import MAX_SECONDS

FORMATS = "wav x-wav mpeg mp4 m4a x-m4a ogg opus flac x-flac webm x-matroska aac x-aiff aiff amr x-ms-wma".split()
MAX_PARALLEL = 4
"""The same on every machine, as all that is declared."""

WORDS = {"type": "boolean", "default": True, "description": "Say when each word was said, in `meta.words`"}
LANGUAGE = {"type": "string", "pattern": "^[a-z]{2,3}$", "description": "A code such as en; found out where absent"}


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


SPHINX = _listener("pocketsphinx", "PocketSphinx", "Recognises clear English", 1, 2500, {"words": WORDS})
WHISPER = _listener(
    "whisper",
    "Whisper",
    "Recognises speech by faster-whisper and the model that the setting `whisperModel` names",
    3,
    5000,
    {"words": WORDS, "language": LANGUAGE},
)

speech = Provider(
    PROVIDER_ID,
    version=VERSION,
    name=PROVIDER_NAME,
    type="local",
    max_in_flight=MAX_PARALLEL,
    config_schema=settings.SCHEMA,
    data_policy={"retentionDays": 0, "training": False},
    models=[*(engine.model() for engine in SPEAKERS.values()), SPHINX],
)

_settings = [settings.Settings()]


@speech.models
def find_models() -> list[Model]:
    """Ask the engines for their voices, and the settings for whisper."""
    speakers = [engine.model(voices.listed(engine.program)) for engine in SPEAKERS.values()]
    return [*speakers, SPHINX, *([WHISPER] if _settings[0].names_whisper() else [])]


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
