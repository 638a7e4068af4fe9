"""The provider itself: what it declares, and how a request becomes work. It knows nothing of frames."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Callable

from . import PROVIDER_ID, PROVIDER_NAME, VERSION, schema
from .catalogue import CAPABILITIES, MODELS
from .config import CONFIG_SCHEMA, Config
from .errors import invalid_params, named
from .jobs import Job
from .media import read_inputs
from .model import Call, Model
from .tools import Tools

MAX_PARALLEL = 4

Work = Callable[[Job], dict[str, Any]]


def parallel_jobs() -> int:
    """How many ffmpegs this machine runs side by side with profit."""
    return max(1, min(os.cpu_count() or 1, MAX_PARALLEL))


@dataclass
class FfmpegProvider:
    """State that outlives a request: the configuration and the tools found with it."""

    _tools: Tools | None = field(default=None)

    def declaration(self) -> dict[str, Any]:
        """What `initialize` answers, without the protocol's own fields."""
        return {
            "provider": {"id": PROVIDER_ID, "name": PROVIDER_NAME, "version": VERSION, "type": "local"},
            "capabilities": list(CAPABILITIES),
            "models": self.models(),
            "liveness": "ping",
            "cancel": "cooperative",
            "configSchema": CONFIG_SCHEMA,
        }

    def models(self) -> list[dict[str, Any]]:
        """The declarations of all models."""
        return [model.describe() for model in MODELS.values()]

    def configure(self, config: Any) -> None:
        """Replace the whole configuration; jobs at work keep theirs."""
        self._tools = Tools(Config.read(config))

    def problem(self) -> str | None:
        """Why no transform can succeed at the moment, or None."""
        return None if self._tools is None else self._tools.problem()

    def prepare(self, params: Mapping[str, Any]) -> Work:
        """Check a transform without touching a file; gives the work that is left."""
        if self._tools is None:
            raise named("NotConfigured", "the provider is not configured yet; send `configure` before `transform`")
        model = _find_model(params.get("model"), params.get("capability"))
        options = _read_options(model, params.get("options"))
        inputs = read_inputs(list(model.inputs), params.get("inputs"))
        tools = self._tools

        def work(job: Job) -> dict[str, Any]:
            product = model.run(Call(job, tools, options, inputs))
            result: dict[str, Any] = {"outputs": product.outputs}
            return {**result, "meta": {"warnings": product.warnings}} if product.warnings else result

        return work


def _find_model(model_id: Any, capability: Any) -> Model:
    for name, value in (("model", model_id), ("capability", capability)):
        if not isinstance(value, str):
            raise invalid_params(f"{name}: expected text; got {schema.show(value)}")
    model = MODELS.get(model_id)
    if model is None:
        raise named("ModelNotFound", f"no model {schema.show(model_id)}; the models are {', '.join(MODELS)}")
    if capability != model.capability:
        message = f"model {model.id} does {model.capability}, not {schema.show(capability)}"
        raise named("CapabilityNotDeclared", message)
    return model


def _read_options(model: Model, options: Any) -> dict[str, Any]:
    if options is None:
        options = {}
    if not isinstance(options, dict):
        raise invalid_params(f"options: expected an object; got {schema.show(options)}")
    try:
        checked = schema.check_object(model.options, options)
    except schema.Mismatch as error:
        raise invalid_params(f"option {error}", option=error.name) from error
    model.check(checked)
    return checked
