"""Media: text inline, everything else by path."""

from __future__ import annotations

from .wire import KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .types import Kind


_OPTIONAL = ("text", "path", "url", "role", "name", "meta")


class Media:
    """One medium, in or out. One of `text`, `path` and `url` is set; an input of `estimate` has none.

    A `path` is relative to the job's directory: `context.input` finds the file of an input, and
    `context.output` makes a medium of a file. A `url` is downloaded by the host.
    """

    __slots__ = ("kind", "meta", "mime", "name", "path", "role", "text", "url")

    def __init__(
        self,
        kind: Kind,
        mime: str,
        *,
        text: str | None = None,
        path: str | None = None,
        url: str | None = None,
        role: str | None = None,
        name: str | None = None,
        meta: dict[str, Any] | None = None,
    ) -> None:
        if kind not in KINDS:
            raise ValueError(f"`{kind}` is no kind of media; there are {', '.join(KINDS)}")
        self.kind: Kind = kind
        self.mime = mime
        self.text = text
        self.path = path
        self.url = url
        self.role = role
        self.name = name
        self.meta = meta

    @classmethod
    def of_text(cls, text: str, mime: str = "text/plain") -> Media:
        """Text itself."""
        return cls("text", mime, text=text)

    def to_wire(self) -> dict[str, Any]:
        """As it crosses the wire."""
        medium: dict[str, Any] = {"kind": self.kind, "mime": self.mime}
        for name in _OPTIONAL:
            value = getattr(self, name)
            if value is not None:
                medium[name] = value
        return medium

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Media) and self.to_wire() == other.to_wire()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r:.80}" for name, value in self.to_wire().items())
        return f"Media({said})"
