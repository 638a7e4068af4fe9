"""The SDK for authors of Prizm providers in Python: declare a Provider, give it functions, call serve.

It reads requests, checks them before the author's code sees them, runs jobs at the same time, and
answers each exactly once, come exceptions, cancellations, deadlines or a host that is gone. `print`
and chatty children cannot spoil the channel.

Names are loaded when they are first used: a provider answers its host before it has loaded what
only its jobs need.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .children import Finished as Finished
    from .children import ProgramFailed as ProgramFailed
    from .context import Context as Context
    from .errors import Cancelled as Cancelled
    from .errors import Error as Error
    from .health import Health as Health
    from .logs import LogHandler as LogHandler
    from .logs import init_logging as init_logging
    from .logs import log as log
    from .media import Media as Media
    from .model import Model as Model
    from .provider import Provider as Provider
    from .request import Request as Request
    from .request import Result as Result
    from .request import Resume as Resume
    from .startup import Configuration as Configuration
    from .startup import Startup as Startup
    from .stdio import serve as serve
    from .stdio import serve_io as serve_io
    from .types import Capability as Capability
    from .types import Charged as Charged
    from .types import DataPolicy as DataPolicy
    from .types import ErrorKind as ErrorKind
    from .types import Estimate as Estimate
    from .types import InputSlot as InputSlot
    from .types import Kind as Kind
    from .types import Price as Price
    from .types import VendorCapability as VendorCapability

_HOMES = {
    "children": "Finished ProgramFailed",
    "context": "Context",
    "errors": "Cancelled Error",
    "health": "Health",
    "logs": "LogHandler init_logging log",
    "media": "Media",
    "model": "Model",
    "provider": "Provider",
    "request": "Request Result Resume",
    "startup": "Configuration Startup",
    "stdio": "serve serve_io",
    "types": "Capability Charged DataPolicy ErrorKind Estimate InputSlot Kind Price VendorCapability",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = [*_HOME_OF]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
