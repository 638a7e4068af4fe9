"""The part of JSON Schema 2020-12 that this provider declares, and a checker for just that part.

Options are checked against the very schema that the host was given, so the two cannot disagree.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SHOWN_CHARS = 80


class Mismatch(ValueError):
    """A value that its schema refuses: which, what was expected, what came."""

    def __init__(self, name: str, expected: str, got: str) -> None:
        super().__init__(f"{name}: expected {expected}; got {got}")
        self.name = name


def obj(properties: Mapping[str, Schema]) -> Schema:
    """An object with exactly these properties, all optional."""
    return {
        "$schema": DIALECT,
        "type": "object",
        "properties": dict(properties),
        "additionalProperties": False,
    }


def number(description: str, minimum: float, maximum: float, default: float | None = None) -> Schema:
    """A number within bounds."""
    return _bounded("number", description, minimum, maximum, default)


def integer(description: str, minimum: int, maximum: int, default: int | None = None) -> Schema:
    """A whole number within bounds."""
    return _bounded("integer", description, minimum, maximum, default)


def choice(description: str, values: Sequence[Any], default: Any = None) -> Schema:
    """One of some values, all of one type."""
    kind = "integer" if isinstance(values[0], int) else "string"
    schema: Schema = {"type": kind, "description": description, "enum": list(values)}
    return schema if default is None else {**schema, "default": default}


def boolean(description: str, default: bool) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description, "default": default}


def _bounded(kind: str, description: str, minimum: float, maximum: float, default: float | None) -> Schema:
    schema: Schema = {"type": kind, "description": description, "minimum": minimum, "maximum": maximum}
    return schema if default is None else {**schema, "default": default}


def check_object(schema: Schema, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with defaults filled in, or Mismatch. Whole numbers come back as int."""
    properties: dict[str, Schema] = schema["properties"]
    checked = {name: each["default"] for name, each in properties.items() if "default" in each}
    for name, value in values.items():
        if name in properties:
            checked[name] = _check(properties[name], value, name)
        elif not schema.get("additionalProperties", True):
            raise Mismatch(
                json.dumps(name[:MAX_SHOWN_CHARS]), f"one of the options {', '.join(properties)}", "an unknown name"
            )
    return checked


def _check(schema: Schema, value: Any, name: str) -> Any:
    if "anyOf" in schema:
        for each in schema["anyOf"]:
            if _fits(each, value):
                return value
        raise Mismatch(name, expectation(schema), show(value))
    if not _fits(schema, value):
        raise Mismatch(name, expectation(schema), show(value))
    return int(value) if schema["type"] == "integer" else value


def _fits(schema: Schema, value: Any) -> bool:
    kind = schema["type"]
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return (
            isinstance(value, str)
            and len(value) >= schema.get("minLength", 0)
            and ("enum" not in schema or value in schema["enum"])
            and ("pattern" not in schema or re.fullmatch(schema["pattern"], value) is not None)
        )
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        return False
    if kind == "integer" and value != int(value):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    return bool(schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf))


def expectation(schema: Schema) -> str:
    """What a schema expects, in words."""
    if "anyOf" in schema:
        return " or ".join(expectation(each) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    kind = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}.get(schema["type"], "text")
    notes: list[str] = []
    if "minimum" in schema:
        notes.append(f"from {schema['minimum']:g} to {schema['maximum']:g}")
    if "pattern" in schema:
        notes.append(f"like {' or '.join(json.dumps(each) for each in schema['examples'])}")
    return " ".join([kind, *notes])


def show(value: Any) -> str:
    """A value as an error message quotes it."""
    names = {bool: "boolean", int: "number", float: "number", str: "text", list: "array", dict: "object"}
    if value is None:
        return "null"
    if isinstance(value, (list, dict)):
        return f"an {names[type(value)]}"
    text = json.dumps(value, ensure_ascii=False) if not _is_huge(value) else "a huge number"
    short = text if len(text) <= MAX_SHOWN_CHARS else text[:MAX_SHOWN_CHARS] + "…"
    return f"{short} ({names.get(type(value), 'value')})"


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # A whole number beyond what any bound here could take.
        return False


def _is_huge(value: Any) -> bool:
    return isinstance(value, int) and value.bit_length() > 256
