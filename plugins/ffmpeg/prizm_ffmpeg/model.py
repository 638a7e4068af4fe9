"""What a model is: its declaration, and the function that does its work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable

from prizm_plugin import Media
from prizm_plugin import Model as Declared

from .ffmpeg import MAX_INPUT_PIXELS
from .job import Job
from .media import PRIMARY, Input, InputSpec
from .schema import Schema
from .tools import Tools


@dataclass(frozen=True)
class Call:
    """One transform at work."""

    job: Job
    tools: Tools
    options: Mapping[str, Any]
    inputs: Mapping[str, Input]

    @property
    def primary(self) -> Input:
        """The input without a role."""
        return self.inputs[PRIMARY]


@dataclass(frozen=True)
class Product:
    """What a transform made: media as they go over the wire, and what ffmpeg warned of."""

    outputs: list[Media]
    warnings: list[str]


@dataclass(frozen=True)
class Model:
    """One way to use ffmpeg. Each has exactly one capability."""

    id: str
    name: str
    description: str
    capability: str
    options: Schema
    inputs: tuple[InputSpec, ...]
    input_formats: tuple[str, ...]
    output_formats: tuple[str, ...]
    check: Callable[[Mapping[str, Any]], object]
    run: Callable[[Call], Product]

    def declare(self) -> Declared:
        """The model's declaration."""
        capability: Any = self.capability
        return Declared(
            self.id,
            [capability],
            name=self.name,
            description=self.description,
            options={capability: self.options},
            inputs={capability: [each.declare() for each in self.inputs]},
            pricing=[{"unit": "call", "amount": "0", "currency": "USD"}],
            is_free=True,
            limits={"maxInputPixels": MAX_INPUT_PIXELS},
            input_formats=self.input_formats,
            output_formats=self.output_formats,
            features=("cancel", "progress"),
        )
