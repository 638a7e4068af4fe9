"""What a provider is told of its surroundings, and what it says while it gets ready."""

from __future__ import annotations

import time

from .errors import Error
from .request import TYPE_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar, overload

    from .job import Job

    T = TypeVar("T")

_INTERVAL = 0.1


class Configuration:
    """The whole configuration, which replaces the one before.

    It may hold secrets, so it is not shown, and no error quotes a value of it.
    """

    def __init__(self, params: dict[str, Any]) -> None:
        self.config: dict[str, Any] = params["config"]
        self.services: dict[str, dict[str, str]] = {
            name: service["endpoints"] for name, service in params["services"].items()
        }

    if TYPE_CHECKING:

        @overload
        def setting(self, name: str, type: type[T]) -> T | None: ...
        @overload
        def setting(self, name: str, type: type[T], default: T) -> T: ...

    def setting(self, name: str, type: type[T], default: T | None = None) -> T | None:
        """Read one setting, an int, float, str, bool, list or dict; absent and null are the default.

        Raises Error(ConfigInvalid), which names it and what was expected.
        """
        value = self.config.get(name)
        if value is None:
            return default
        if type is float and value.__class__ is int:
            value = float(value)
        if not isinstance(value, type) or (type is not bool and isinstance(value, bool)):
            message = f"setting `{name}`: expected {TYPE_NAMES.get(type, type.__name__)}"
            raise Error("ConfigInvalid", message, details={"setting": name})
        return value

    def required(self, name: str, type: type[T]) -> T:
        """Read one setting that must be there. Raises Error(ConfigInvalid), which names it."""
        value = self.setting(name, type)
        if value is None:
            raise Error("ConfigInvalid", f"setting `{name}` is missing", details={"setting": name})
        return value

    def endpoint(self, service: str, endpoint: str) -> str:
        """Find a URL of a service. Raises Error(NotConfigured), which names the service or the endpoint."""
        endpoints = self.services.get(service)
        if endpoints is None:
            raise Error("NotConfigured", f"no service `{service}` is configured")
        if endpoint not in endpoints:
            known = ", ".join(endpoints) or "none"
            raise Error("NotConfigured", f"the service `{service}` has no endpoint `{endpoint}`, only: {known}")
        return endpoints[endpoint]


class Startup:
    """Tells the host how far `configure` is, so that it goes on waiting."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._last = ("", -_INTERVAL)

    def stage(self, stage: str, fraction: float | None = None, message: str | None = None) -> None:
        """Say what is being loaded and, where it is known, how far that is, from 0 to 1.

        A stage that goes on is told ten times a second at most.
        """
        now = time.monotonic()
        if stage == self._last[0] and now - self._last[1] < _INTERVAL:
            return
        self._last = (stage, now)
        said: dict[str, Any] = {"stage": stage}
        if fraction is not None and fraction == fraction:
            said["fraction"] = min(max(float(fraction), 0.0), 1.0)
        if message is not None:
            said["message"] = message
        self._job.notify("$/startup", said)

    @property
    def is_cancelled(self) -> bool:
        """Whether the host has given up on this configuration."""
        return self._job.is_cancelled
