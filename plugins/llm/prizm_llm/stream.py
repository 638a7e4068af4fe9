"""Server-sent events, as servers that speak OpenAI's API send them."""

from __future__ import annotations

import json
from typing import Any, Iterator, Protocol

from prizm_plugin import Error

# The longest line, and the longest answer, in bytes.
MOST_LINE = 1024 * 1024
MOST_BYTES = 32 * 1024 * 1024


class Lines(Protocol):
    """What can be read line by line."""

    def readline(self, limit: int = -1, /) -> bytes: ...


def events(lines: Lines) -> Iterator[dict[str, Any]]:
    """Give the JSON object of every event, until `[DONE]` or the end."""
    data: list[bytes] = []
    read = 0
    while True:
        line = lines.readline(MOST_LINE + 1)
        if not line:
            # What was begun and not ended counts for nothing.
            return
        read += len(line)
        if len(line) > MOST_LINE or read > MOST_BYTES:
            raise Error("UpstreamError", "the server's answer is too long", retryable=False)
        text = line.rstrip(b"\r\n")
        if text:
            name, _, value = text.partition(b":")
            # A line without a name is a comment, as some servers send to keep the connection.
            if name == b"data":
                data.append(value[1:] if value.startswith(b" ") else value)
        elif data:
            event = b"\n".join(data)
            data.clear()
            if event.strip() == b"[DONE]":
                return
            yield _read(event)


def no_event(value: object) -> Error:
    """The server sent JSON, but not what the API has."""
    return Error("UpstreamError", f"the server sent what is no event: {json.dumps(value)[:200]}")


def _read(event: bytes) -> dict[str, Any]:
    try:
        value = json.loads(event)
    except (ValueError, RecursionError) as error:
        raise Error("UpstreamError", f"the server sent what is no JSON: {event[:200]!r}") from error
    if not isinstance(value, dict):
        raise no_event(value)
    return value
