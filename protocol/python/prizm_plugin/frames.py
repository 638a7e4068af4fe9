"""Framing without I/O: bytes to lines, lines to messages, and back.

What is no frame is noise: it is ignored, never answered, and the next line starts afresh.
"""

from __future__ import annotations

from . import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Union

    Line = Union[bytes, "Oversized"]

MAX_FRAME_BYTES = 8 * 1024 * 1024
MAX_REQUEST_ID = 2**53 - 1

_HEAD_BYTES = 4096
_BLANK = b" \t\n\x0c\r"
_BOM = b"\xef\xbb\xbf"
_HEAD, _METHOD, _PARAMS = '{"jsonrpc":"2.0","id":', ',"method":"', '","params":'
_ENVELOPE = ("jsonrpc", "id", "method", "params", "result", "error")


class Noise(Exception):
    """A line is no frame."""


class Unreadable(Exception):
    """A line is a request, but its parameters cannot be taken."""

    def __init__(self, id: int, method: str, reason: str) -> None:
        super().__init__(reason)
        self.id = id
        self.method = method


class Oversized:
    """A line over the limit: discarded but for its beginning."""

    __slots__ = ("head", "size")

    def __init__(self, head: bytes, size: int) -> None:
        self.head = head
        self.size = size


class Message:
    """A request where `method` and `id` are there, a notification without `id`, a response without `method`."""

    __slots__ = ("error", "id", "method", "params", "result")

    def __init__(
        self, id: int | None, method: str | None, params: Any = None, result: Any = None, error: Any = None
    ) -> None:
        self.id = id
        self.method = method
        self.params = params
        self.result = result
        self.error = error


class LineDecoder:
    """Cuts a stream of bytes into lines.

    A line ends in LF or CRLF; blank ones, and a byte order mark at the very start, are skipped. No
    more than `limit` bytes are ever held: what is longer is counted and discarded up to its end.
    """

    def __init__(self, limit: int = MAX_FRAME_BYTES) -> None:
        self.limit = limit
        self._partial = bytearray()
        self._discarded = 0
        self._at_start = True

    def feed(self, data: bytes) -> list[Line]:
        """Take the next bytes; gives every line that they complete."""
        if not (self._partial or self._discarded or self._at_start) and len(data) <= self.limit:
            # Hosts that wait for an answer send one line at a time.
            only = data.strip(_BLANK)
            if data.endswith(b"\n") and b"\n" not in only:
                return [only] if only else []
        lines: list[Line] = []
        *complete, rest = data.split(b"\n")
        for piece in complete:
            if not self._partial and not self._discarded and len(piece) <= self.limit:
                self._emit(piece, lines)
            else:
                self._hold(piece)
                self._finish_line(lines)
        self._hold(rest)
        return lines

    def finish(self) -> list[Line]:
        """End the stream; gives a last line that has no line end."""
        lines: list[Line] = []
        self._finish_line(lines)
        return lines

    def _hold(self, piece: bytes) -> None:
        total = len(self._partial) + self._discarded + len(piece)
        if not self._discarded and total <= self.limit:
            self._partial += piece
            return
        head = min(_HEAD_BYTES, self.limit)
        self._partial = (self._partial + piece[:head])[:head]
        self._discarded = total - len(self._partial)

    def _finish_line(self, lines: list[Line]) -> None:
        partial, discarded = bytes(self._partial), self._discarded
        self._partial, self._discarded = bytearray(), 0
        if discarded:
            self._at_start = False
            lines.append(Oversized(partial, len(partial) + discarded))
        else:
            self._emit(partial, lines)

    def _emit(self, line: bytes, lines: list[Line]) -> None:
        if self._at_start:
            self._at_start = False
            if line.startswith(_BOM):
                line = line[len(_BOM) :]
        line = line.strip(_BLANK)
        if line:
            lines.append(line)


def classify(line: bytes) -> Message:
    """Tell what a line is.

    Raises Noise where it is no frame, and Unreadable where it is a request that can only be refused.
    """
    line = line.strip(_BLANK)
    if not line.startswith(b"{"):
        raise Noise("not a JSON object")
    try:
        text = line.decode("utf-8")
        usual = _as_usual(text)
        if usual is not None:
            return usual
        frame = jsontext.decode(text)
    except (jsontext.Unrepresentable, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "they are nested too deeply"
        raise _refusal(text, reason) from None
    except ValueError:
        raise Noise("not well-formed JSON") from None
    return _message(frame)


def _as_usual(text: str) -> Message | None:
    """Read a request that is written as hosts write it, parameters last: what comes before them needs no JSON."""
    if not text.startswith(_HEAD):
        return None
    method_at = text.find(_METHOD, len(_HEAD), _HEAD_BYTES)
    params_at = text.find(_PARAMS, method_at, _HEAD_BYTES)
    if method_at < 0 or params_at < 0:
        return None
    id, method = text[len(_HEAD) : method_at], text[method_at + len(_METHOD) : params_at]
    if not (id.isdecimal() and id.isascii() and method.isidentifier()) or len(id) > 15 or id.startswith("0"):
        return None
    params, end = jsontext.decode_within(text, params_at + len(_PARAMS))
    # What is one value up to the last brace is all that there is.
    is_all = end == len(text) - 1 and text.endswith("}")
    return Message(int(id), method, params) if is_all else None


def _message(frame: dict[str, Any]) -> Message:
    if isinstance(frame, jsontext.Repeated) and any(map(frame.repeats, _ENVELOPE)):
        raise Noise("not well-formed JSON: a key of the envelope is there twice")
    if frame.get("jsonrpc") != "2.0":
        raise Noise("JSON, but not JSON-RPC 2.0")
    id, method = frame.get("id"), frame.get("method")
    if "id" in frame and (type(id) is not int or not 0 <= id <= MAX_REQUEST_ID):
        raise Noise("its id is not an integer from 0 to 2^53-1")
    if method is not None and type(method) is not str:
        raise Noise("not well-formed JSON-RPC: its method is not a string")
    is_result, is_error = "result" in frame, "error" in frame
    # A call without an answer, or an answer to some id, of one kind.
    if (method is not None) + is_result + is_error != 1 or (id is None and method is None):
        raise Noise("neither a request, a notification nor a response")
    return Message(id, method, frame.get("params"), frame.get("result"), frame.get("error"))


def _refusal(text: str, reason: str) -> Exception:
    from . import heads

    members, is_whole = heads.members(text)
    if not is_whole:
        return Noise("not well-formed JSON")
    try:
        message = _message({key: heads.value(raw) for key, raw in members.items() if key in _ENVELOPE})
    except Noise as noise:
        return noise
    if message.id is None or message.method is None:
        return Noise(reason)
    return Unreadable(message.id, message.method, f"params: {reason}")


def id_of_truncated_request(head: bytes) -> int | None:
    """Give the id of a request that was cut off after `head`, where it can be told."""
    from . import heads

    text = head.decode("utf-8", "replace").lstrip()
    members, _ = heads.members(text)
    id = heads.value(members.get("id", ""))
    if type(id) is not int or not 0 <= id <= MAX_REQUEST_ID or "result" in members or "error" in members:
        return None
    return id


def result(id: int, value: Any) -> bytes:
    """Write the answer to a request."""
    return b'\n{"jsonrpc":"2.0","id":%d,"result":%b}\n' % (id, jsontext.encode(value))


def error(id: int, value: Any) -> bytes:
    """Write the answer to a request that came to nothing."""
    return b'\n{"jsonrpc":"2.0","id":%d,"error":%b}\n' % (id, jsontext.encode(value))


def frame(message: dict[str, Any]) -> bytes:
    """Write a message: a line feed before it, so that text printed without one spoils nothing, and one after."""
    return b"\n" + jsontext.encode(message) + b"\n"
