"""The provider: what it declares, and how a request becomes a question to the server."""

from __future__ import annotations

from typing import Any

from prizm_plugin import Configuration, Context, Error, Provider, Request, Result, Startup

from . import PROVIDER_ID, PROVIDER_NAME, VERSION
from .server import Server

SERVICE, ENDPOINT = "backend", "http"
MODEL = "smollm2-135m"
MOST_TOKENS = 4096

OPTIONS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "system": {"type": "string", "description": "What the model is told of its part, before the text"},
        "maxTokens": {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_TOKENS,
            "default": 256,
            "description": "After how many tokens it must end",
        },
        "temperature": {
            "type": "number",
            "minimum": 0,
            "maximum": 2,
            "default": 0,
            "description": "How freely it chooses; with 0 the same text gives the same answer",
        },
        "seed": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "description": "What its choices begin with"},
        "stop": {"type": "string", "minLength": 1, "description": "A text before which it ends"},
    },
}

CONFIG: dict[str, Any] = {
    "type": "object",
    "properties": {
        "baseUrl": {"type": "string", "description": "A server that speaks OpenAI's API, in place of the service"},
        "apiKey": {"type": "string", "writeOnly": True, "description": "Its key"},
        "model": {"type": "string", "description": "Its name for the model"},
    },
}

llm = Provider(
    PROVIDER_ID,
    version=VERSION,
    name=PROVIDER_NAME,
    type="local",
    max_in_flight=4,
    config_schema=CONFIG,
    # Who names another server knows what that one keeps; the service keeps nothing.
    data_policy={"retentionDays": 0, "training": False},
)

_server: list[Server] = []


@llm.configure
def configure(configuration: Configuration, _: Startup) -> None:
    """Take another server; jobs at work keep theirs. Whoever only asks what this is names none."""
    base = configuration.setting("baseUrl", str)
    if base is None and SERVICE in configuration.services:
        base = configuration.endpoint(SERVICE, ENDPOINT)
    model = configuration.setting("model", str, MODEL)
    key = configuration.setting("apiKey", str)
    _server[:] = [] if base is None else [Server.at(base, model, key)]


@llm.model(
    MODEL,
    name="SmolLM2 135M Instruct",
    description="A very small model: it shows how a local LLM is used, and knows little",
    capabilities=["text-to-text"],
    options={"text-to-text": OPTIONS},
    pricing=[{"unit": "call", "amount": "0", "currency": "USD"}],
    is_free=True,
    features=["cancel", "seed", "streaming"],
    quality=1,
    typical_ms=4000,
)
def chat(request: Request, context: Context) -> Result:
    """Ask the model, and pass on what it says as it says it."""
    request.only_options(*OPTIONS["properties"])
    question = _question(request)
    server = next(iter(_server), None)
    if server is None:
        raise Error("NotConfigured", f"there is no server: neither `baseUrl` nor the service `{SERVICE}` is configured")
    answer = server.ask(question, context)
    is_cut = answer.finish == "length"
    meta = {"warnings": ["the answer was cut: `maxTokens` or the context was full"]} if is_cut else None
    return Result([answer.text], usage=answer.usage or None, meta=meta)


def _question(request: Request) -> dict[str, Any]:
    system = request.option("system", str, "")
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": request.text()})
    question: dict[str, Any] = {
        "messages": messages,
        "max_tokens": request.option("maxTokens", int, 256, minimum=1, maximum=MOST_TOKENS),
        "temperature": request.option("temperature", float, 0.0, minimum=0, maximum=2),
    }
    seed = request.option("seed", int, minimum=0, maximum=2**31 - 1)
    if seed is not None:
        question["seed"] = seed
    stop = request.option("stop", str)
    if stop == "":
        raise Error.invalid_option("stop", "a string that is not empty", stop)
    if stop is not None:
        question["stop"] = [stop]
    return question
