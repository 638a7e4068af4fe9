"""The provider: what it declares, and how a request becomes work."""

from __future__ import annotations

import os
from typing import Any

from prizm_plugin import Configuration, Context, Health, Provider, Request, Result, Startup

from . import PROVIDER_ID, PROVIDER_NAME, VERSION, schema
from .catalogue import MODELS
from .config import CONFIG_SCHEMA, Config
from .errors import invalid_params, named
from .job import Job
from .media import read_inputs
from .model import Call, Model
from .tools import Tools

MAX_PARALLEL = 4


def parallel_jobs() -> int:
    """How many ffmpegs this machine runs side by side with profit."""
    return max(1, min(os.cpu_count() or 1, MAX_PARALLEL))


ffmpeg = Provider(
    PROVIDER_ID,
    version=VERSION,
    name=PROVIDER_NAME,
    type="local",
    max_in_flight=parallel_jobs(),
    config_schema=CONFIG_SCHEMA,
    data_policy={"retentionDays": 0, "training": False},
    needs_configuration=True,
    models=[model.declare() for model in MODELS.values()],
)

_tools: list[Tools] = []


@ffmpeg.configure
def configure(configuration: Configuration, _: Startup) -> None:
    """Replace the whole configuration; jobs at work keep theirs."""
    _tools[:] = [Tools(Config.read(configuration.config))]


@ffmpeg.health
def health(measured: Health) -> Health:
    """Unhealthy where no transform can succeed at the moment."""
    problem = _tools[0].problem() if _tools else None
    if problem is not None:
        measured.status, measured.last_error = "unhealthy", problem
    return measured


@ffmpeg.transform
def transform(request: Request, context: Context) -> Result:
    """Check the request without touching a file, then do the work."""
    if not _tools:
        raise named("NotConfigured", "the provider is not configured; send `configure` before `transform`")
    model = MODELS[request.model]
    options = _read_options(model, request.options)
    inputs = read_inputs(list(model.inputs), request.inputs)
    product = model.run(Call(Job(context), _tools[0], options, inputs))
    return Result(product.outputs, meta={"warnings": product.warnings} if product.warnings else None)


def _read_options(model: Model, options: dict[str, Any]) -> dict[str, Any]:
    try:
        checked = schema.check_object(model.options, options)
    except schema.Mismatch as error:
        raise invalid_params(f"option {error}", option=error.name) from error
    model.check(checked)
    return checked
