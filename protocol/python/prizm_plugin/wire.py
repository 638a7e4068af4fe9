"""The types of the wire. `read` gives a value as it is printed again; what is sent is read first, too."""

from __future__ import annotations

from . import fields as f
from .fields import OPTIONAL, Wrong, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["KINDS", "PROTOCOL_VERSION", "TYPES", "Wrong", "read"]

PROTOCOL_VERSION = "1.0"
KINDS = ("text", "image", "audio", "video", "3d")

_text = field(f.text)
_maybe_text = field(f.text, OPTIONAL)
_u32 = f.integer(0, 2**32 - 1, "an integer from 0 to 2^32-1")
_u64 = f.integer(0, 2**64 - 1, "an integer from 0 to 2^64-1")
_i64 = f.integer(-(2**63), 2**63 - 1, "an integer")
_map = f.members
_maybe_map = field(_map, OPTIONAL)
_texts = f.sequence(f.text)
_kind = field(f.word(*KINDS))
_charged = f.word("yes", "no", "unknown", others="unknown")

_price = f.record(capability=_maybe_text, unit=_text, amount=_text, currency=_text)
_slot = f.record(role=_maybe_text, kind=_kind, required=field(f.boolean, OPTIONAL))
_model = f.record(
    id=_text,
    name=_maybe_text,
    description=_maybe_text,
    capabilities=field(_texts),
    options=field(_map, dict, empty=False),
    inputs=field(f.mapping(f.sequence(_slot)), dict, empty=False),
    pricing=field(f.sequence(_price), list, empty=False),
    isFree=field(f.boolean, OPTIONAL),
    limits=_maybe_map,
    inputFormats=field(_texts, OPTIONAL),
    outputFormats=field(_texts, OPTIONAL),
    features=field(_texts, list, empty=False),
    quality=field(_u32, OPTIONAL),
    typicalMs=field(_u64, OPTIONAL),
)
_identity = f.record(
    id=_text, name=_maybe_text, version=_text, type=field(f.word("local", "remote", others="remote"), OPTIONAL)
)
_data_policy = f.record(
    retentionDays=field(_u32, OPTIONAL), training=field(f.boolean, OPTIONAL), regions=field(_texts, OPTIONAL)
)
_declaration = f.record(
    protocolVersion=_text,
    provider=field(_identity),
    capabilities=field(_texts),
    models=field(f.sequence(_model)),
    limits=field(f.record(maxInFlight=field(_u32, lambda: 1)), dict),
    liveness=field(f.word("ping", "progress", "none", others="none"), lambda: "none"),
    cancel=field(f.word("cooperative", "restart", others="cooperative"), lambda: "cooperative"),
    configSchema=field(f.anything, OPTIONAL),
    dataPolicy=field(_data_policy, OPTIONAL),
)
_initialize = f.record(
    protocolVersions=field(_texts),
    host=field(f.record(name=_text, version=_text)),
    limits=field(f.record(maxFrameBytes=field(_u64), maxInFlight=field(_u32))),
    instanceId=_text,
)
_service = f.record(endpoints=field(f.mapping(f.text)))
_configure = f.record(config=field(_map, dict), services=field(f.mapping(_service), dict))
_media = f.record(
    kind=_kind,
    mime=_text,
    text=_maybe_text,
    path=_maybe_text,
    url=_maybe_text,
    role=_maybe_text,
    name=_maybe_text,
    meta=_maybe_map,
)
_transform = f.record(
    model=_text,
    capability=_text,
    inputs=field(f.sequence(_media)),
    options=field(_map, dict),
    jobId=_text,
    jobDir=_maybe_text,
    deadlineMs=field(_u64, OPTIONAL),
    idempotencyKey=_maybe_text,
    resume=field(f.record(remoteId=_text), OPTIONAL),
)
# What is known of a medium, never the medium itself.
_facts = f.record(kind=_kind, mime=_text, role=_maybe_text, meta=_maybe_map)
_estimate = f.record(
    model=_text,
    capability=_text,
    options=field(_map, dict),
    inputs=field(f.sequence(_facts), list),
)
_usage = f.record(others=True, cost=field(f.decimal, OPTIONAL), currency=_maybe_text)
_result = f.record(outputs=field(f.sequence(_media)), usage=field(_usage, OPTIONAL), meta=_maybe_map)
_progress = f.record(
    id=field(_u64),
    seq=field(_u64),
    fraction=field(f.number, OPTIONAL),
    stage=_maybe_text,
    message=_maybe_text,
    etaMs=field(_u64, OPTIONAL),
)
_error_data = f.record(
    others=True,
    kind=_maybe_text,
    retryable=field(f.boolean, OPTIONAL),
    retryAfterMs=field(_u64, OPTIONAL),
    accepted=field(f.boolean, OPTIONAL),
    charged=field(_charged, OPTIONAL),
    docsUrl=_maybe_text,
)

TYPES = {
    "Accepted": f.record(id=field(_u64), remoteId=_text, charged=field(_charged)),
    "CancelParams": f.record(id=field(_u64)),
    "Chunk": f.record(id=field(_u64), seq=field(_u64), text=_maybe_text, path=_maybe_text),
    "ConfigureParams": _configure,
    "ConfigureResult": f.record(ready=field(f.boolean)),
    "Declaration": _declaration,
    "Empty": f.record(),
    "ErrorData": _error_data,
    "ErrorObject": f.record(code=field(_i64), message=_text, data=field(f.anything, OPTIONAL)),
    "EstimateParams": _estimate,
    "EstimateResult": f.record(cost=field(f.decimal, OPTIONAL), currency=_maybe_text, timeMs=field(_u64, OPTIONAL)),
    "Health": f.record(
        status=field(f.word("healthy", "degraded", "unhealthy", others="degraded")),
        uptimeMs=field(_u64),
        activeJobs=field(_u32),
        queuedJobs=field(_u32),
        lastError=_maybe_text,
    ),
    "InitializeParams": _initialize,
    "InputSlot": _slot,
    "Log": f.record(
        level=field(f.word("error", "warn", "info", "debug", "trace", others="info", warning="warn")),
        message=_text,
        fields=_maybe_map,
    ),
    "Media": _media,
    "MediaFacts": _facts,
    "Model": _model,
    "ModelsResult": f.record(models=field(f.sequence(_model))),
    "Price": _price,
    "Progress": _progress,
    "Startup": f.record(stage=_text, fraction=field(f.number, OPTIONAL), message=_maybe_text),
    "TransformParams": _transform,
    "TransformResult": _result,
    "Usage": _usage,
}


def read(type: str, value: Any) -> Any:
    """Read a value of the wire. Raises Wrong, which names what is wrong and where."""
    return TYPES[type](value)
