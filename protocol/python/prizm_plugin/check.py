"""What is checked before an author's code sees a request, and what of its results is sent."""

from __future__ import annotations

import os

from .errors import Error
from .media import Media
from .request import Request, Result
from .wire import Wrong, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def params(type: str, raw: Any) -> Any:
    """Read a method's parameters; absent and null are `{}`."""
    try:
        return read(type, {} if raw is None else raw)
    except Wrong as wrong:
        details = {"param": wrong.path} if wrong.path else {}
        raise Error.invalid_params(str(wrong), **details) from None


def request(params: dict[str, Any], models: list[dict[str, Any]]) -> Request:
    """Check a job against the models and make the author's view of it."""
    wanted = params["model"]
    for model in models:
        if model["id"] == wanted:
            break
    else:
        raise unknown_model(wanted, models)
    if params["capability"] not in model["capabilities"]:
        known = ", ".join(model["capabilities"])
        message = f"the model `{model['id']}` has no capability `{params['capability'][:100]}`, only: {known}"
        raise Error("CapabilityNotDeclared", message)
    return Request(params)


def media_and_dir(params: dict[str, Any]) -> None:
    """Check that every medium has one source, and that a job's directory is absolute."""
    for index, media in enumerate(params["inputs"]):
        count = ("text" in media) + ("path" in media) + ("url" in media)
        if count != 1:
            param = f"inputs[{index}]"
            message = f"`{param}`: expected exactly one of text, path and url, got {count}"
            raise Error.invalid_params(message, param=param)
    job_dir = params.get("jobDir")
    if job_dir is not None and not os.path.isabs(job_dir):
        message = f"`jobDir`: expected an absolute path, got `{job_dir[:100]}`"
        raise Error.invalid_params(message, param="jobDir")


def unknown_model(wanted: str, models: list[dict[str, Any]]) -> Error:
    """The answer where there is no such model: names those that are near."""
    from difflib import get_close_matches

    wanted, ids = wanted[:100], [model["id"] for model in models]
    near = get_close_matches(wanted, ids, 3, 0.7)
    hint = f"did you mean {', '.join(near)}?" if near else f"there are {len(ids)}, such as: {', '.join(ids[:5])}"
    return Error("ModelNotFound", f"no model `{wanted}`; {hint}", details={"near": near})


def result(given: Any) -> dict[str, Any]:
    """Turn what a handler gave into what is sent."""
    if type(given) is str:
        return {"outputs": [{"kind": "text", "mime": "text/plain", "text": given}]}
    if isinstance(given, (str, Media)):
        given = Result([given])
    elif isinstance(given, (list, tuple)):
        given = Result(given)
    if not isinstance(given, Result):
        kind = type(given).__name__
        raise Error.internal(f"the handler returned a {kind}; expected text, Media, a list of Media or a Result")
    sent: dict[str, Any] = {"outputs": [_output(output) for output in given.outputs]}
    if given.usage is not None:
        sent["usage"] = _amounts(given.usage)
    if given.meta is not None:
        sent["meta"] = dict(given.meta)
    checked: dict[str, Any] = sendable("TransformResult", sent, "the result")
    return checked


def sendable(type: str, value: Any, what: str) -> Any:
    """Hold what an author gave to the types of the wire."""
    try:
        return read(type, value)
    except Wrong as wrong:
        raise Error.internal(f"{what} is not as the protocol has it: {wrong}") from None


def estimate(given: Any) -> Any:
    """Turn what an estimate gave into what is sent."""
    if not isinstance(given, dict):
        raise Error.internal(f"`estimate` returned a {type(given).__name__}; expected an Estimate, which is a dict")
    return sendable("EstimateResult", _amounts(given), "the estimate")


def _output(output: Any) -> dict[str, Any]:
    if isinstance(output, str):
        output = Media.of_text(output)
    if not isinstance(output, Media):
        raise Error.internal(f"an output is a {type(output).__name__}; expected text or Media")
    return output.to_wire()


def _amounts(given: Any) -> dict[str, Any]:
    """Take a Decimal, or a whole number, for the cost."""
    amounts = dict(given)
    cost = amounts.get("cost")
    if cost is not None and not isinstance(cost, (str, float)):
        amounts["cost"] = format(cost, "f") if not isinstance(cost, int) else str(cost)
    return amounts
