"""Errors as they go over the wire: a code, a sentence for people, and a stable kind for programs."""

from __future__ import annotations

from typing import Any

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
CANCELLED = -32800
DRAINING = -32802

KIND_CODES = {
    "NotInitialized": 1001,
    "UnsupportedProtocolVersion": 1002,
    "CapabilityNotDeclared": 1003,
    "NotConfigured": 1004,
    "ConfigInvalid": 1005,
    "ModelNotFound": 1006,
    "DeadlineExceeded": 1101,
    "ResourceExhausted": 1103,
    "InvalidMedia": 1203,
    "FrameTooLarge": 1205,
}

MAX_MESSAGE_CHARS = 2000


class RpcError(Exception):
    """An error answer. Raise it anywhere below a request; it becomes that request's answer."""

    def __init__(self, code: int, message: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.data = data

    def to_json(self) -> dict[str, Any]:
        """The `error` member of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message[:MAX_MESSAGE_CHARS]}
        if self.data is not None:
            error["data"] = self.data
        return error


def named(kind: str, message: str, *, retryable: bool = False, **extra: Any) -> RpcError:
    """An error of the protocol's own table, by its stable name."""
    return RpcError(KIND_CODES[kind], message, {"kind": kind, "retryable": retryable, **extra})


def invalid_params(message: str, *, option: str | None = None) -> RpcError:
    """A request whose parameters are wrong; `option` names the offending option."""
    data: dict[str, Any] = {"kind": "InvalidParams", "retryable": False}
    if option is not None:
        data["option"] = option
    return RpcError(INVALID_PARAMS, message, data)


def cancelled() -> RpcError:
    """The answer to a request that was cancelled."""
    return RpcError(CANCELLED, "cancelled", {"kind": "Cancelled", "retryable": False})


def draining() -> RpcError:
    """The answer to work that arrives after `shutdown`."""
    message = "the provider is shutting down and takes no new work"
    return RpcError(DRAINING, message, {"kind": "Draining", "retryable": True})
