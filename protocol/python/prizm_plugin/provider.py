"""What an author declares: who the provider is, its models, and the functions that do the work."""

from __future__ import annotations

from .model import Model, check_capability
from .wire import PROTOCOL_VERSION, Wrong, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Callable, TypeVar

    from . import types as t

    H = TypeVar("H", bound=t.Handler)
    Configure = TypeVar("Configure", bound=t.ConfigureHook)
    Models = TypeVar("Models", bound=t.ModelsHook)
    Estimate = TypeVar("Estimate", bound=t.EstimateHook)
    Health = TypeVar("Health", bound=t.HealthHook)
    Shutdown = TypeVar("Shutdown", bound=t.ShutdownHook)

_ID = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


class Provider:
    """A provider. Its capabilities are those of its models.

    `max_in_flight` transforms run at once and more wait their turn. `capabilities` adds those that
    only models found later, by `@provider.models`, will have. `config_schema` is the JSON Schema of
    the configuration; mark secrets `"writeOnly": true`. With `needs_configuration` jobs are refused
    until `@provider.configure` has succeeded. `data_policy` says what becomes of what is sent to it.

    Every function may be `async def`, and then runs in one event loop, or plain, and then runs on a
    thread of its own: state that jobs share is behind a lock.
    """

    def __init__(
        self,
        id: str,
        *,
        version: str,
        name: str | None = None,
        type: t.Location | None = None,
        max_in_flight: int = 1,
        config_schema: t.Schema | None = None,
        data_policy: t.DataPolicy | None = None,
        needs_configuration: bool = False,
        models: Sequence[Model] = (),
        capabilities: Sequence[t.Capability] = (),
    ) -> None:
        if not 1 <= len(id) <= 64 or not _ID.issuperset(id) or id.startswith("-") or id.endswith("-"):
            raise ValueError(f"`{id}` is not a provider id: expected 1 to 64 of a-z, 0-9 and `-`, not at its ends")
        if max_in_flight < 1:
            raise ValueError(f"max_in_flight is {max_in_flight}; expected 1 or more")
        self.id = id
        self.needs_configuration = needs_configuration
        self.max_in_flight = max_in_flight
        self._identity = {"id": id, "name": name, "version": version, "type": type}
        self._config_schema = config_schema
        self._data_policy = data_policy
        self._models: dict[str, Model] = {}
        self._extra = [check_capability(each) for each in capabilities]
        self._handlers: dict[tuple[str, str], t.Handler] = {}
        self._any: t.Handler | None = None
        self._hooks: dict[str, Callable[..., Any]] = {}
        for model in models:
            self._add(model)

    def model(
        self,
        id: str,
        *,
        capabilities: Sequence[t.Capability],
        name: str | None = None,
        description: str | None = None,
        options: Mapping[t.Capability, t.Schema] | None = None,
        inputs: Mapping[t.Capability, Sequence[t.InputSlot]] | None = None,
        pricing: Sequence[t.Price] = (),
        is_free: bool | None = None,
        limits: Mapping[str, Any] | None = None,
        input_formats: Sequence[str] | None = None,
        output_formats: Sequence[str] | None = None,
        features: Sequence[str] = (),
        quality: int | None = None,
        typical_ms: int | None = None,
    ) -> Callable[[H], H]:
        """Declare a model with the function that does its work; see Model.

        The same id again adds capabilities to the model, with a function of their own.
        """
        model = Model(
            id,
            capabilities,
            name=name,
            description=description,
            options=options,
            inputs=inputs,
            pricing=pricing,
            is_free=is_free,
            limits=limits,
            input_formats=input_formats,
            output_formats=output_formats,
            features=features,
            quality=quality,
            typical_ms=typical_ms,
        )
        brought = list(model.capabilities)
        self._add(model)

        def declare(handler: H) -> H:
            for capability in brought:
                self._handlers[id, capability] = handler
            return handler

        return declare

    def transform(self, handler: H) -> H:
        """Do the work of every model that has no function of its own."""
        self._any = handler
        return handler

    def configure(self, hook: Configure) -> Configure:
        """Take a configuration, which replaces the one before; jobs that run keep theirs."""
        self._hooks["configure"] = hook
        return hook

    def models(self, hook: Models) -> Models:
        """Find the models that there are now. Without it there are the declared ones."""
        self._hooks["models"] = hook
        return hook

    def estimate(self, hook: Estimate) -> Estimate:
        """Say what a job would cost; its inputs are what is known of the media, without them."""
        self._hooks["estimate"] = hook
        return hook

    def health(self, hook: Health) -> Health:
        """Say how the provider feels, given what the SDK has measured."""
        self._hooks["health"] = hook
        return hook

    def shutdown(self, hook: Shutdown) -> Shutdown:
        """Clean up. No job runs any more; the process ends a few seconds later whatever happens."""
        self._hooks["shutdown"] = hook
        return hook

    def declaration(self) -> dict[str, Any]:
        """Give the declaration as it crosses the wire. Raises ValueError where something is of a wrong type."""
        models = self.declared_models()
        brought = [capability for model in models for capability in model["capabilities"]]
        for model in models:
            for capability in model["capabilities"]:
                if self.handler(model["id"], capability) is None:
                    remedy = "give it one with @provider.model or @provider.transform"
                    raise ValueError(f"no function does `{capability}` of the model `{model['id']}`; {remedy}")
        declaration = {
            "protocolVersion": PROTOCOL_VERSION,
            "provider": self._identity,
            "capabilities": list(dict.fromkeys([*brought, *self._extra])),
            "models": models,
            "limits": {"maxInFlight": self.max_in_flight},
            "liveness": "ping",
            "cancel": "cooperative",
            "configSchema": self._config_schema,
            "dataPolicy": self._data_policy,
        }
        try:
            read_again: dict[str, Any] = read("Declaration", declaration)
        except Wrong as wrong:
            raise ValueError(f"the declaration of `{self.id}`: {wrong}") from None
        return read_again

    def declared_models(self) -> list[dict[str, Any]]:
        """Give the declared models as they cross the wire."""
        return [model.to_wire() for model in self._models.values()]

    def handler(self, model: str, capability: str) -> t.Handler | None:
        """Find the function that does this work."""
        return self._handlers.get((model, capability), self._any)

    def hook(self, name: str) -> Callable[..., Any] | None:
        """Find the function for a method other than `transform`."""
        return self._hooks.get(name)

    def has_async(self) -> bool:
        """Whether any function is `async def`."""
        functions = [*self._handlers.values(), *self._hooks.values(), *filter(None, [self._any])]
        return any(map(is_async, functions))

    def _add(self, model: Model) -> None:
        known = self._models.setdefault(model.id, model)
        if known is not model:
            known.merge(model)


def is_async(function: Any) -> bool:
    """Whether a callable is `async def`, without what `inspect` costs at start."""
    while hasattr(function, "func"):
        function = function.func
    if not hasattr(function, "__code__") and not hasattr(function, "__func__"):
        function = getattr(type(function), "__call__", function)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    return code is not None and bool(code.co_flags & 0x80)
