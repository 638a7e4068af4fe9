"""What a server says when it does not answer a question."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from prizm_plugin import Error

MOST_WORDS = 500
# Retry-After in seconds; it may be a date, which is not read.
SECONDS = re.compile("[0-9]{1,6}")


@dataclass(frozen=True)
class Refusal:
    """A status of HTTP, with the server's own words."""

    status: int
    words: str
    retry_after: float | None = None

    @classmethod
    def of(cls, status: int, reason: str, said: bytes, retry_after: str | None) -> Refusal:
        """Read a response: its words are in `error`, or it is words, or its reason must do."""
        text = said.decode("utf-8", "replace").strip()
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        words = _words(value) or text or reason or "no reason was given"
        seconds = float(retry_after) if retry_after and SECONDS.fullmatch(retry_after.strip()) else None
        return cls(status, words, seconds)

    @classmethod
    def within(cls, error: object) -> Refusal:
        """Read the `error` of an event in an answer that had begun."""
        code = error.get("code") if isinstance(error, dict) else None
        status = code if isinstance(code, int) and 400 <= code <= 599 else 500
        return cls(status, _words({"error": error}) or json.dumps(error))

    def error(self) -> Error:
        """What it means to the host."""
        message = f"the server answered {self.status}: {self.words[:MOST_WORDS]}"
        if self.status == 429:
            return Error("RateLimited", message, retry_after=self.retry_after)
        if self.status in (401, 403):
            return Error("ConfigInvalid", message)
        if self.status == 400:
            return Error("InvalidMedia", message)
        if self.status < 500:
            return Error("UpstreamError", message, retryable=False)
        return Error("UpstreamError", message, retry_after=self.retry_after)


def _words(value: object) -> str:
    """The message of `{"error": {"message": …}}` or of `{"error": …}`; empty where there is none."""
    error = value.get("error") if isinstance(value, dict) else None
    words = error.get("message") if isinstance(error, dict) else error
    return words.strip() if isinstance(words, str) else ""
