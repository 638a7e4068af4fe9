"""Errors as the host sees them: a stable kind, a sentence for people, and details by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prizm_plugin import Error

if TYPE_CHECKING:
    from prizm_plugin import ErrorKind


def named(kind: ErrorKind, message: str, **details: Any) -> Error:
    """An error of the protocol's own table. What failed here fails again, unless the details say otherwise."""
    return Error(kind, message, retryable=False, details=details)


def invalid_params(message: str, *, option: str | None = None) -> Error:
    """A request whose parameters are wrong; `option` names the offending option."""
    return Error.invalid_params(message) if option is None else Error.invalid_params(message, option=option)
