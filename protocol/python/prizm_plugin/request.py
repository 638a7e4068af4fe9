"""What a job asks for and what comes of it."""

from __future__ import annotations

from .errors import Error
from .media import Media

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any, TypeVar, overload

    T = TypeVar("T")

TYPE_NAMES = {
    int: "an integer",
    float: "a number",
    str: "a string",
    bool: "true or false",
    list: "an array",
    dict: "an object",
}


class Resume:
    """A job that a remote system has already accepted."""

    __slots__ = ("remote_id",)

    def __init__(self, remote_id: str) -> None:
        self.remote_id = remote_id


class Request:
    """What a job asks for. The model exists and has the capability: the SDK has checked both.

    `resume` is set where the job was accepted by a remote system and is taken up again; two calls
    with one `idempotency_key` are one job.
    """

    def __init__(self, params: dict[str, Any]) -> None:
        self.model: str = params["model"]
        self.capability: str = params["capability"]
        self.inputs = [Media(**media) for media in params["inputs"]]
        self.options: dict[str, Any] = params["options"]
        self.idempotency_key: str | None = params.get("idempotencyKey")
        resume = params.get("resume")
        self.resume = None if resume is None else Resume(resume["remoteId"])

    def input(self) -> Media:
        """The primary input: the first one without a role. Raises Error(InvalidMedia) where there is none."""
        for media in self.inputs:
            if media.role is None:
                return media
        raise Error("InvalidMedia", "the job has no input; one is needed")

    def input_with_role(self, role: str) -> Media | None:
        """The input with this role."""
        return next((media for media in self.inputs if media.role == role), None)

    def text(self) -> str:
        """The primary input's text. Raises Error(InvalidMedia) where there is no input, or it is no inline text."""
        media = self.input()
        if media.text is None or media.kind != "text":
            raise Error("InvalidMedia", f"the input is {media.kind} ({media.mime}); text is needed")
        return media.text

    if TYPE_CHECKING:

        @overload
        def option(
            self,
            name: str,
            type: type[T],
            *,
            minimum: float | None = ...,
            maximum: float | None = ...,
            choices: Collection[T] | None = ...,
        ) -> T | None: ...
        @overload
        def option(
            self,
            name: str,
            type: type[T],
            default: T,
            *,
            minimum: float | None = ...,
            maximum: float | None = ...,
            choices: Collection[T] | None = ...,
        ) -> T: ...

    def option(
        self,
        name: str,
        type: type[T],
        default: T | None = None,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        choices: Collection[T] | None = None,
    ) -> T | None:
        """Read one option, an int, float, str, bool, list or dict; absent and null are the default.

        Raises Error(−32602), which names the option, what was expected and what came.
        """
        value: Any = self.options.get(name)
        if value is None:
            return default
        if type is float and value.__class__ is int:
            value = float(value)
        fits = isinstance(value, type) and (type is bool or not isinstance(value, bool))
        fits = fits and (minimum is None or value >= minimum) and (maximum is None or value <= maximum)
        if not fits or (choices is not None and value not in choices):
            raise Error.invalid_option(name, _expected(type, minimum, maximum, choices), value)
        chosen: T = value
        return chosen

    def only_options(self, *names: str) -> None:
        """Refuse every other option: Error(−32602), which names it."""
        for name in self.options:
            if name not in names:
                known = ", ".join(names) or "none"
                raise Error.invalid_params(f"option `{name[:80]}`: unknown; the options are: {known}", option=name[:80])


def _expected(type: type[Any], minimum: float | None, maximum: float | None, choices: Collection[Any] | None) -> str:
    if choices is not None:
        return f"one of {', '.join(map(str, choices))}"
    bounds = {
        (False, False): "",
        (True, False): f" of {minimum} or more",
        (False, True): f" of {maximum} or less",
        (True, True): f" from {minimum} to {maximum}",
    }
    return TYPE_NAMES.get(type, f"a {type.__name__}") + bounds[minimum is not None, maximum is not None]


class Result:
    """What came of a job: the media, the best one first, what it used, and what else there is to say.

    `usage` may have `cost`, a decimal string or a Decimal, with its `currency`, and counted units
    such as `tokens`; `meta` whatever else, such as a seed or warnings.
    """

    def __init__(
        self,
        outputs: Sequence[Media | str],
        *,
        usage: Mapping[str, Any] | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> None:
        self.outputs = list(outputs)
        self.usage = usage
        self.meta = meta
