"""How a value of the wire is read: what is unknown is dropped, what is absent gets its default, what is wrong is named.

A reader takes a value and gives it as it is printed again. No error quotes a value: it may be a secret.
"""

from __future__ import annotations

from .jsontext import Repeated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Union

    Reader = Callable[[Any], Any]
    Field = tuple[Reader, Union[bool, Callable[[], Any]], bool]

REQUIRED = True
OPTIONAL = False


class Wrong(Exception):
    """A value is not what it should be; `path` says which value, and is empty for the whole."""

    def __init__(self, what: str, path: str = "") -> None:
        super().__init__(f"`{path}`: {what}" if path else f"params: {what}")
        self.what = what
        self.path = path

    def within(self, step: str) -> Wrong:
        """The same, seen from outside: `step` is a field's name or `[index]`."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return Wrong(self.what, f"{step}{joint}{self.path}")


def unexpected(expected: str, got: Any) -> Wrong:
    """Say what was expected and what kind of value came."""
    return Wrong(f"expected {expected}, got {describe(got)}")


def describe(value: Any) -> str:
    """Say what kind of JSON a value is."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "a boolean"
    kinds = ((str, "a string"), (int, "an integer"), (float, "a number"), (list, "an array"), (dict, "an object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), f"a {type(value).__name__}")


def text(value: Any) -> str:
    """Read a string."""
    if not isinstance(value, str):
        raise unexpected("a string", value)
    return value


def boolean(value: Any) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise unexpected("a boolean", value)
    return value


def number(value: Any) -> float:
    """Read a number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise unexpected("a number", value)
    return float(value)


def integer(least: int, most: int, rule: str) -> Reader:
    """Read a whole number."""

    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise unexpected(rule, value)
        return value

    return read


def decimal(value: Any) -> str:
    """Read an amount: digits with at most one point, in a string."""
    whole, point, fraction = text(value).partition(".")
    parts = (whole, fraction) if point else (whole,)
    if len(value) > 40 or not all(part.isascii() and part.isdigit() for part in parts):
        raise Wrong("expected digits with at most one point in a string, such as `0.0025`")
    return str(value)


def word(*known: str, others: str | None = None, **aliases: str) -> Reader:
    """Read one of the known words; any other means `others`, or is refused where there is no such."""

    def read(value: Any) -> str:
        if text(value) in known:
            return str(value)
        meant = aliases.get(value, others)
        if meant is None:
            raise unexpected(f"one of {', '.join(known)}", value)
        return meant

    return read


def anything(value: Any) -> Any:
    """Take any value."""
    return value


def members(value: Any) -> dict[str, Any]:
    """Read an object with any keys and values."""
    if not isinstance(value, dict):
        raise unexpected("an object", value)
    return value


def mapping(reader: Reader) -> Reader:
    """Read an object with any keys."""

    def read(value: Any) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        for key, item in members(value).items():
            try:
                taken[key] = reader(item)
            except Wrong as wrong:
                raise wrong.within(key) from None
        return taken

    return read


def sequence(reader: Reader) -> Reader:
    """Read an array."""

    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise unexpected("an array", value)
        taken: list[Any] = []
        try:
            for item in value:
                taken.append(reader(item))
        except Wrong as wrong:
            raise wrong.within(f"[{len(taken)}]") from None
        return taken

    return read


def field(reader: Reader, default: bool | Callable[[], Any] = REQUIRED, empty: bool = True) -> Field:
    """Describe a field: needed, OPTIONAL (then null is as good as nothing), or with a default.

    Where `empty` is false, an empty value is not printed.
    """
    return reader, default, empty


# What a reader gives as it came: of most fields a look at their exact type is all that is needed.
_AS_IT_IS: dict[Reader, type] = {text: str, boolean: bool, members: dict}


def record(others: bool = False, **fields: Field) -> Reader:
    """Read an object with these fields; `others` keeps the unknown ones."""
    as_it_is = {name: _AS_IT_IS.get(reader) for name, (reader, _, empty) in fields.items() if empty}
    required = [name for name, (_, default, _) in fields.items() if default is REQUIRED]
    defaults = {name: (default, empty) for name, (_, default, empty) in fields.items() if not isinstance(default, bool)}
    optional = {name for name, (_, default, _) in fields.items() if default is OPTIONAL}

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise unexpected("an object", value)
        if isinstance(value, Repeated):
            _refuse_repeated(value, fields)
        taken: dict[str, Any] = {}
        name = ""
        try:
            for name, item in value.items():
                if type(item) is as_it_is.get(name):
                    taken[name] = item
                elif name not in fields:
                    if others:
                        taken[name] = item
                elif item is not None or name not in optional:
                    reader, _, empty = fields[name]
                    item = reader(item)
                    if item or empty:
                        taken[name] = item
        except Wrong as wrong:
            raise wrong.within(name) from None
        for name in required:
            if name not in value:
                raise Wrong(f"the field `{name}` is missing")
        for name, (default, empty) in defaults.items():
            if name not in value and empty:
                taken[name] = fields[name][0](default())
        return taken

    return read


def _refuse_repeated(value: Repeated, fields: dict[str, Field]) -> None:
    for name in fields:
        if value.repeats(name):
            raise Wrong(f"the field `{name}` is there twice")
