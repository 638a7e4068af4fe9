"""JSON as the protocol has it: strict both ways, and quick to import.

`json` imports `re`, which takes as long as Python itself takes to start. Its accelerator is used
without it; whatever the accelerator refuses, and where there is none, `json` has the last word.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LEAST, _MOST = -(2**63), 2**64
_LONGEST = len(str(_LEAST))


class Unrepresentable(ValueError):
    """A value is JSON, but not one that a provider can be handed."""


class Repeated(dict):  # type: ignore[type-arg]
    """An object whose keys are not all different; of each the last one counts."""

    keys_seen: list[str]

    def repeats(self, key: str) -> bool:
        """Whether `key` came more than once."""
        return self.keys_seen.count(key) > 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    repeated = Repeated(members)
    repeated.keys_seen = [key for key, _ in pairs]
    return repeated


def _integer(digits: str) -> int | float:
    """Integers beyond 64 bits are numbers all the same, but not exact ones."""
    if len(digits) <= _LONGEST:
        value = int(digits)
        if _LEAST <= value < _MOST and digits != "-0":
            return value
    return _float(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value - value != 0.0:
        raise Unrepresentable(f"the number {digits[:20]}… is out of range")
    return value


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unknown(value: object) -> Any:
    raise TypeError(f"a {type(value).__name__} is not JSON")


class _Rules:
    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_object)
    parse_float = staticmethod(_float)
    parse_int = staticmethod(_integer)
    parse_constant = staticmethod(_constant)
    memo: dict[str, str] = {}


def _accelerated() -> tuple[Any, Any]:
    accelerator: Any = __import__("_json")
    quote = accelerator.encode_basestring
    scan = accelerator.make_scanner(_Rules)
    encode = accelerator.make_encoder(None, _unknown, quote, None, ":", ",", False, False, False)
    return scan, encode


try:
    _scan, _encode = _accelerated()
except (ImportError, AttributeError, TypeError):
    _scan = _encode = None


def decode(text: str) -> Any:
    """Read one value, without white space around it.

    Raises ValueError where it is not JSON, Unrepresentable where it is, but holds a number or half
    of a surrogate pair that nothing can be done with, and RecursionError where it is too deep.
    """
    value, end = decode_within(text, 0)
    if end != len(text):
        import json

        rules: Any = {name: getattr(_Rules, name) for name in ("parse_float", "parse_int", "parse_constant")}
        value = json.loads(text, object_pairs_hook=_object, **rules)
        _refuse_surrogates(text, value)
    return value


def decode_within(text: str, start: int) -> tuple[Any, int]:
    """Read the value that begins at `start`; gives where it ends, too, and -1 where that cannot be told.

    Raises Unrepresentable and RecursionError as `decode` does.
    """
    if _scan is None:
        return None, -1
    try:
        value, end = _scan(text, start)
    except (RecursionError, Unrepresentable):
        raise
    except Exception:  # What is wrong, the accelerator cannot say.
        return None, -1
    _refuse_surrogates(text, value)
    return value, end


def _refuse_surrogates(text: str, value: Any) -> None:
    if "\\" in text and ("\\ud" in text or "\\uD" in text) and not is_text(value):
        raise Unrepresentable("a string holds half of a surrogate pair")


def encode(value: Any) -> bytes:
    """Write one value on one line.

    Raises ValueError (NaN, infinity, half of a surrogate pair), TypeError (no JSON value) or
    RecursionError (too deep, or within itself).
    """
    if _encode is None:
        import json

        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_unknown)
    else:
        text = "".join(_encode(value, 0))
    return text.encode("utf-8")


def is_text(value: Any) -> bool:
    """Whether every string within is one that UTF-8 can write."""
    rest = [value]
    try:
        while rest:
            item = rest.pop()
            if isinstance(item, str):
                item.encode("utf-8")
            elif isinstance(item, dict):
                rest.extend(item)
                rest.extend(item.values())
            elif isinstance(item, list):
                rest.extend(item)
    except UnicodeEncodeError:
        return False
    return True
