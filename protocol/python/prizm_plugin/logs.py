"""The author's log, as the host reads it: JSON lines on stderr, `{level,msg,target?,fields?}`."""

from __future__ import annotations

import logging

from . import jsontext
from .note import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_BYTES = 60 * 1024
_MOST_CHARACTERS = 8 * 1024


class Log:
    """Tells people something: `log.info("loaded", seconds=3)`. What is no JSON among the fields is told as text."""

    def error(self, msg: str, **fields: Any) -> None:
        """Somebody must act."""
        write("error", msg, None, fields)

    def warning(self, msg: str, **fields: Any) -> None:
        """Somebody should look."""
        write("warn", msg, None, fields)

    def info(self, msg: str, **fields: Any) -> None:
        """Good to know."""
        write("info", msg, None, fields)

    def debug(self, msg: str, **fields: Any) -> None:
        """For authors."""
        write("debug", msg, None, fields)

    def trace(self, msg: str, **fields: Any) -> None:
        """For authors with patience."""
        write("trace", msg, None, fields)


log = Log()


class LogHandler(logging.Handler):
    """Passes the records of `logging` on; a traceback becomes the field `traceback`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            fields: dict[str, Any] = {}
            if record.exc_info:
                fields["traceback"] = logging.Formatter().formatException(record.exc_info)
            write(_level(record.levelno), record.getMessage(), record.name, fields)
        except Exception:
            self.handleError(record)


def init_logging(level: int | str = logging.INFO) -> None:
    """Send what the program logs to the host, from `level` up."""
    logging.basicConfig(level=level, handlers=[LogHandler()])


def write(level: str, msg: str, target: str | None, fields: dict[str, Any]) -> None:
    """Write one line; one that is too long for the host is cut."""
    line: dict[str, Any] = {"level": level, "msg": _plain(msg)}
    if target is not None:
        line["target"] = target
    whole = {**line, "fields": {_plain(name): _json_or_text(value) for name, value in fields.items()}}
    encoded = jsontext.encode(whole if fields else line)
    if len(encoded) > _MOST_BYTES:
        encoded = jsontext.encode({**line, "msg": f"{line['msg'][:_MOST_CHARACTERS]}… (cut)"})
    tell(encoded.decode("utf-8"))


def _level(number: int) -> str:
    names = ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"), (logging.DEBUG, "debug"))
    return next((name for least, name in names if number >= least), "trace")


def _json_or_text(value: Any) -> Any:
    try:
        jsontext.encode(value)
    except (ValueError, TypeError, RecursionError):
        return _plain(str(value))
    return value


def _plain(text: str) -> str:
    return str(text).encode("utf-8", "replace").decode("utf-8")
