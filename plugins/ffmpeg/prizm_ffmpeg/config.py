"""The provider's configuration: which programs to use and how many threads they get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import schema
from .errors import named

CONFIG_SCHEMA: schema.Schema = {
    "$schema": schema.DIALECT,
    "type": "object",
    "properties": {
        "ffmpegPath": {
            "type": "string",
            "minLength": 1,
            "description": "The ffmpeg program: an absolute path or a name on PATH.",
            "default": "ffmpeg",
        },
        "ffprobePath": {
            "type": "string",
            "minLength": 1,
            "description": "The ffprobe program: an absolute path or a name on PATH.",
            "default": "ffprobe",
        },
        "threads": schema.integer("Threads that one encoder may use; 0 lets ffmpeg choose.", 0, 64, 0),
    },
}


@dataclass(frozen=True)
class Config:
    """A checked configuration. Jobs keep the one that they were started with."""

    ffmpeg_path: str
    ffprobe_path: str
    threads: int

    @classmethod
    def read(cls, values: Any) -> Config:
        """The configuration of a `configure` request; general fields such as `timeout` are let be."""
        if not isinstance(values, dict):
            raise named("ConfigInvalid", f"config: expected an object; got {schema.show(values)}")
        try:
            checked = schema.check_object(CONFIG_SCHEMA, values)
        except schema.Mismatch as error:
            raise named("ConfigInvalid", f"config: {error}", field=error.name) from error
        return cls(checked["ffmpegPath"], checked["ffprobePath"], checked["threads"])
