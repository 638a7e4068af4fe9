"""The words and shapes of the protocol, for type checkers and editors."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, Literal, NewType, TypedDict, Union

if TYPE_CHECKING:
    from decimal import Decimal

    from .context import Context
    from .health import Health
    from .media import Media
    from .model import Model
    from .request import Request, Result
    from .startup import Configuration, Startup

Kind = Literal["text", "image", "audio", "video", "3d"]

StandardCapability = Literal[
    "text-to-text",
    "text-to-image",
    "text-to-audio",
    "text-to-video",
    "text-to-3d",
    "image-to-text",
    "image-to-image",
    "image-to-video",
    "image-to-3d",
    "audio-to-text",
    "audio-to-audio",
    "video-to-text",
    "video-to-image",
    "video-to-audio",
    "video-to-video",
]
VendorCapability = NewType("VendorCapability", str)
"""A capability of a vendor's own: `VendorCapability("x-acme/upscale-4k")`."""
Capability = Union[StandardCapability, VendorCapability]

Charged = Literal["yes", "no", "unknown"]
Location = Literal["local", "remote"]
HealthStatus = Literal["healthy", "degraded", "unhealthy"]
ErrorKind = Literal[
    "NotInitialized",
    "UnsupportedProtocolVersion",
    "CapabilityNotDeclared",
    "NotConfigured",
    "ConfigInvalid",
    "ModelNotFound",
    "DeadlineExceeded",
    "RateLimited",
    "ResourceExhausted",
    "QuotaExceeded",
    "UpstreamError",
    "ContentRejected",
    "InvalidMedia",
    "FrameTooLarge",
]

Schema = Union[Mapping[str, Any], bool]
"""A JSON Schema, 2020-12."""


class _Slot(TypedDict):
    kind: Kind


class InputSlot(_Slot, total=False):
    """One input of a model; without a role the primary one, and required unless it says otherwise."""

    role: str
    required: bool


class _Price(TypedDict):
    unit: str
    amount: str
    currency: str


class Price(_Price, total=False):
    """A unit price; `amount` is a decimal string. Without a capability it is for all of the model's.

    Hosts understand the units call, image, megapixel, input_megapixel, second (of the output; of the
    input where the output has no duration), video_second, audio_second, character (of the input; also
    input_char), token (both ways), input_token, output_token, step and gpu_second. With any other the
    price is unknown to them. What is asked per million is the amount of one: `0.00000015`.
    """

    capability: Capability


class DataPolicy(TypedDict, total=False):
    """What becomes of what is sent to a provider; what is left out is unknown.

    For how many days it is kept (0 where nothing is), whether models are trained on it, and where it
    is worked on, such as `eu`.
    """

    retentionDays: int
    training: bool
    regions: Sequence[str]


class Estimate(TypedDict, total=False):
    """What a job would cost; `cost` is a decimal string or a Decimal."""

    cost: str | Decimal
    currency: str
    timeMs: int


Output = Union[str, "Media", Sequence["Media"], "Result"]
"""What a handler gives: text, a medium, several of them the best one first, or all that there is to say."""

Handler = Callable[["Request", "Context"], Union[Output, Awaitable[Output]]]
ConfigureHook = Callable[["Configuration", "Startup"], Union[None, Awaitable[None]]]
ModelsHook = Callable[[], Union[Sequence["Model"], Awaitable[Sequence["Model"]]]]
EstimateHook = Callable[["Request", "Context"], Union[Estimate, Awaitable[Estimate]]]
HealthHook = Callable[["Health"], Union["Health", Awaitable["Health"]]]
ShutdownHook = Callable[[], Union[None, Awaitable[None]]]
