"""What a model says, put together from the events of its server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prizm_plugin import Context, Error

from . import stream
from .refusal import Refusal

# What the server calls its counts, and Prizm.
UNITS = {"prompt_tokens": "promptTokens", "completion_tokens": "completionTokens", "total_tokens": "tokens"}


@dataclass
class Answer:
    """What a model said, why it ended, and what it used, in units by name."""

    text: str = ""
    finish: str | None = None
    usage: dict[str, int] = field(default_factory=dict)


def hear(lines: stream.Lines, context: Context) -> Answer:
    """Hear an answer to its end, and pass on each piece as it comes."""
    answer = Answer()
    pieces: list[str] = []
    for event in stream.events(lines):
        if event.get("error"):
            raise Refusal.within(event["error"]).error()
        usage = event.get("usage")
        if isinstance(usage, dict):
            answer.usage = {unit: usage[name] for name, unit in UNITS.items() if isinstance(usage.get(name), int)}
        for choice in _objects(event, event.get("choices") or []):
            for delta in _objects(event, [choice.get("delta") or {}]):
                piece = delta.get("content")
                if isinstance(piece, str) and piece:
                    pieces.append(_sendable(piece))
                    context.chunk_text(pieces[-1])
            answer.finish = choice.get("finish_reason") or answer.finish
    if answer.finish is None:
        raise Error("UpstreamError", "the server's answer ended in the middle")
    answer.text = "".join(pieces)
    return answer


def _objects(event: object, values: object) -> list[dict[str, Any]]:
    if isinstance(values, list) and all(isinstance(value, dict) for value in values):
        return values
    raise stream.no_event(event)


def _sendable(text: str) -> str:
    """The text, with a mark for each half of a character: JSON can escape one alone, and UTF-8 has none."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
