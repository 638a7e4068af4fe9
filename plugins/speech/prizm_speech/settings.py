"""The settings: where whisper is, which is the only engine that is not found by itself."""

from __future__ import annotations

import os
import sys
from typing import Any, NamedTuple

from prizm_plugin import Configuration, Error

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "whisperModel": {
            "type": "string",
            "description": "The directory of a CTranslate2 model on this machine, such as one of faster-whisper's",
        },
        "whisperPython": {
            "type": "string",
            "description": "A Python that has faster-whisper; by default the provider's own",
        },
    },
}


class Settings(NamedTuple):
    """The settings as they are now. Jobs keep those that they were started with."""

    model: str = ""
    python: str = ""

    @classmethod
    def read(cls, configuration: Configuration) -> Settings:
        """Read them, refusing what can never be right."""
        given = cls(configuration.setting("whisperModel", str, ""), configuration.setting("whisperPython", str, ""))
        for name, path in (("whisperModel", given.model), ("whisperPython", given.python)):
            if path and not os.path.isabs(path):
                raise Error("ConfigInvalid", f"setting `{name}`: expected an absolute path", details={"setting": name})
        return given

    def names_whisper(self) -> bool:
        """Whether whisper is among the models."""
        return bool(self.model or self.python)

    def whisper(self) -> str:
        """The Python that has whisper. Raises Error(NotConfigured) where it or its model is not there."""
        problem = self.problem()
        if problem or not self.model:
            message = problem or "whisper needs the setting `whisperModel`, the directory of a model on this machine"
            raise Error("NotConfigured", message, retryable=False)
        return self.python or sys.executable

    def problem(self) -> str | None:
        """What is set but not there."""
        if self.model and not os.path.isfile(os.path.join(self.model, "model.bin")):
            return f"setting `whisperModel`: there is no model.bin in `{self.model}`"
        if self.python and not os.access(self.python, os.X_OK):
            return f"setting `whisperPython`: `{self.python}` is no program"
        return None
