"""A model as a provider declares it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from .types import Capability, InputSlot, Price, Schema

STANDARD = (
    "text-to-text text-to-image text-to-audio text-to-video text-to-3d image-to-text image-to-image image-to-video "
    "image-to-3d audio-to-text audio-to-audio video-to-text video-to-image video-to-audio video-to-video"
).split()
_WORD = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


class Model:
    """A model: its id, its capabilities, and what else there is to know.

    `options` has the JSON Schema (2020-12) of the options for a capability, `inputs` the inputs
    that it takes: absent means one of the capability's kind. `is_free` is true where a call costs
    nothing; absent means unknown. `limits` are bounds on media, such as `maxWidth`.

    Providers are chosen by the rest: `features` is what it can do beyond the plain call, such as
    `streaming`, `seed`, `cancel` or `negative_prompt`; `quality`, from 0 to 5, how good its results
    are; and `typical_ms` how many milliseconds a typical call takes.
    """

    def __init__(
        self,
        id: str,
        capabilities: Sequence[Capability],
        *,
        name: str | None = None,
        description: str | None = None,
        options: Mapping[Capability, Schema] | None = None,
        inputs: Mapping[Capability, Sequence[InputSlot]] | None = None,
        pricing: Sequence[Price] = (),
        is_free: bool | None = None,
        limits: Mapping[str, Any] | None = None,
        input_formats: Sequence[str] | None = None,
        output_formats: Sequence[str] | None = None,
        features: Sequence[str] = (),
        quality: int | None = None,
        typical_ms: int | None = None,
    ) -> None:
        self.id = id
        self.capabilities = [check_capability(each) for each in capabilities]
        slots = {capability: [dict(slot) for slot in each] for capability, each in (inputs or {}).items()}
        self._rest: dict[str, Any] = {
            "name": name,
            "description": description,
            "options": dict(options or {}),
            "inputs": slots,
            "pricing": [dict(price) for price in pricing],
            "isFree": is_free,
            "limits": None if limits is None else dict(limits),
            "inputFormats": None if input_formats is None else list(input_formats),
            "outputFormats": None if output_formats is None else list(output_formats),
            "features": list(features),
            "quality": quality,
            "typicalMs": typical_ms,
        }

    def to_wire(self) -> dict[str, Any]:
        """As it crosses the wire. Raises ValueError where something is of a wrong type."""
        from .wire import Wrong, read

        said = {name: value for name, value in self._rest.items() if value is not None}
        try:
            model: dict[str, Any] = read("Model", {"id": self.id, "capabilities": list(self.capabilities), **said})
        except Wrong as wrong:
            raise ValueError(f"the model `{self.id}`: {wrong}") from None
        return model

    def merge(self, other: Model) -> None:
        """Add what another declaration of the same model brings. Raises ValueError where the two disagree."""
        for capability in other.capabilities:
            if capability in self.capabilities:
                raise ValueError(f"the model `{self.id}` has a handler for `{capability}` already")
            self.capabilities.append(capability)
        for key, value in other._rest.items():
            mine = self._rest[key]
            if isinstance(mine, dict) and isinstance(value, dict):
                mine.update(value)
            elif isinstance(mine, list) and isinstance(value, list):
                mine.extend(each for each in value if each not in mine)
            elif mine is None or value in (None, mine):
                self._rest[key] = mine if value is None else value
            else:
                raise ValueError(f"the model `{self.id}` is declared twice, with another `{key}`")


def check_capability(name: str) -> str:
    """Give the name of a capability back. Raises ValueError where it is none."""
    if name in STANDARD or _is_vendors(name):
        return name
    hint = f"expected one of {', '.join(STANDARD)}, or `x-vendor/name`"
    raise ValueError(f"`{name}` is not a capability: {hint}")


def _is_vendors(name: str) -> bool:
    vendor, slash, what = name.partition("/")
    parts = (vendor[2:], what)
    return bool(slash) and name.startswith("x-") and len(name) <= 128 and all(p and _WORD.issuperset(p) for p in parts)
