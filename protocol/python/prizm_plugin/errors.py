"""What a provider answers when it cannot do the work."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .types import Charged, ErrorKind

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
CANCELLED = -32800
DRAINING = -32802

# Each kind's number on the wire, and whether such a call may succeed when it is made again.
KINDS = {
    "NotInitialized": (1001, False),
    "UnsupportedProtocolVersion": (1002, False),
    "CapabilityNotDeclared": (1003, False),
    "NotConfigured": (1004, False),
    "ConfigInvalid": (1005, False),
    "ModelNotFound": (1006, False),
    "DeadlineExceeded": (1101, True),
    "RateLimited": (1102, True),
    "ResourceExhausted": (1103, True),
    "QuotaExceeded": (1104, False),
    "UpstreamError": (1201, True),
    "ContentRejected": (1202, False),
    "InvalidMedia": (1203, False),
    "FrameTooLarge": (1205, False),
}


class Cancelled(BaseException):
    """Nobody wants the answer any more. Like `asyncio.CancelledError` it passes through `except Exception`."""


class Error(Exception):
    """An error as the host will see it: a stable kind, a sentence for people, and hints.

    `retryable` is by default what the kind is; `retry_after` is in seconds and means that it is;
    `details` are added to the error's data by name.

        raise Error("RateLimited", "the account may make 10 calls a minute", retry_after=6)
    """

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        retryable: bool | None = None,
        retry_after: float | None = None,
        docs_url: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"`{kind}` is no kind of error; there are {', '.join(KINDS)}")
        super().__init__(message)
        code, by_default = KINDS[kind]
        self.code = code
        self.data: dict[str, Any] = {"kind": kind, "retryable": by_default if retryable is None else retryable}
        if retry_after is not None:
            self.data.update(retryable=True, retryAfterMs=max(0, round(retry_after * 1000)))
        if docs_url is not None:
            self.data["docsUrl"] = docs_url
        self.data.update(details or {})

    @classmethod
    def coded(cls, code: int, message: str, **details: Any) -> Error:
        """An error with a bare code of JSON-RPC or of the protocol, and details by name."""
        error = cls.__new__(cls, message)
        Exception.__init__(error, message)
        error.code = code
        error.data = details
        return error

    @classmethod
    def internal(cls, message: str) -> Error:
        """The provider itself failed (−32603)."""
        return cls.coded(INTERNAL_ERROR, message)

    @classmethod
    def invalid_params(cls, message: str, **details: Any) -> Error:
        """The parameters are wrong (−32602). The message should name what, and what was expected."""
        return cls.coded(INVALID_PARAMS, message, **details)

    @classmethod
    def invalid_option(cls, name: str, expected: str, got: Any) -> Error:
        """An option is wrong (−32602): names it, what was expected and what came."""
        shown = show(got)
        message = f"option `{name}`: expected {expected}, got {shown}"
        return cls.invalid_params(message, option=name, expected=expected, got=shown)

    @classmethod
    def method_not_found(cls, method: str) -> Error:
        """No such method (−32601)."""
        return cls.coded(METHOD_NOT_FOUND, f"no method `{method[:80]}`")

    @property
    def kind(self) -> str | None:
        """The kind; None for the codes of JSON-RPC and for −32800."""
        return next((kind for kind, (code, _) in KINDS.items() if code == self.code), None)

    @property
    def message(self) -> str:
        """The sentence for people."""
        return str(self.args[0])

    def to_wire(self, charged: Charged | None = None) -> dict[str, Any]:
        """The `error` of an answer; `charged` is what `context.accepted` was told, unless the error knows better."""
        data = dict(self.data) if charged is None else {"charged": charged, **self.data, "accepted": True}
        # A message may quote anything, and must be told all the same.
        message = self.message.encode("utf-8", "replace").decode("utf-8")
        error: dict[str, Any] = {"code": self.code, "message": message}
        return {**error, "data": data} if data else error


def show(value: Any) -> str:
    """Say a value as JSON, shortened."""
    from . import jsontext

    try:
        return jsontext.encode(value).decode("utf-8")[:200]
    except (ValueError, TypeError, RecursionError):
        return f"a {type(value).__name__}"


def cancelled() -> Error:
    """The answer to what was cancelled."""
    return Error.coded(CANCELLED, "cancelled")


def of_exception(error: BaseException) -> Error:
    """What any exception means to the host: a full disk or memory is ResourceExhausted, the rest a failure."""
    if isinstance(error, Error):
        return error
    if isinstance(error, Cancelled):
        return cancelled()
    if isinstance(error, SystemExit):
        return Error.internal(f"the provider called sys.exit({error.code!r})")
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, MemoryError) or _is_full(error):
        return Error("ResourceExhausted", said)
    return Error.internal(said)


def _is_full(error: BaseException) -> bool:
    import errno

    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM)
