"""The job's directory: inputs are read beneath it, outputs are made in `out/`."""

from __future__ import annotations

import os

from .errors import Error, of_exception
from .media import Media

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    from .types import Kind

    AnyPath = Union[str, os.PathLike[str]]

OUTPUTS = "out"


def input_path(job_dir: str, media: Media) -> str:
    """Find an input's file. Raises Error(InvalidMedia) where there is none, or it is not in the job's directory."""
    if media.path is None:
        what = "inline text" if media.text is not None else "not in a file"
        raise Error("InvalidMedia", f"the {media.kind} input is {what}; a file is needed")
    shown = show_path(media.path)
    if not is_plain(media.path):
        raise Error("InvalidMedia", f"the input's path {shown} leaves the job's directory")
    path = os.path.join(job_dir, media.path)
    try:
        os.stat(path)
        real, root = os.path.realpath(path), os.path.realpath(job_dir)
    except (OSError, ValueError) as error:
        raise unreadable(media.path, error) from None
    if os.path.commonpath([real, root]) != root:
        raise Error("InvalidMedia", f"the input {shown} links out of the job's directory")
    return path


def read(path: str, shown: str) -> bytes:
    """Read an input's file whole."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise unreadable(shown, error) from None


def unreadable(path: str, error: Exception) -> Error:
    """The answer where an input cannot be read."""
    why = error.strerror if isinstance(error, OSError) and error.strerror else error
    return Error("InvalidMedia", f"the input {show_path(path)} cannot be read: {why}")


def new_output(job_dir: str, name: str) -> str:
    """Find where to write an output, and make the directories up to it."""
    if not is_plain(name):
        hint = "expected a relative path without `..`"
        raise Error.internal(f"{show_path(name)} is no name for an output: {hint}")
    path = os.path.join(job_dir, OUTPUTS, name)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise failed("make", os.path.dirname(path), error) from None
    return path


def write(path: str, data: bytes) -> None:
    """Write an output whole."""
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise failed("write", path, error) from None


def medium(job_dir: str, kind: Kind, mime: str, path: AnyPath) -> Media:
    """Make a medium of a file in the job's directory."""
    return Media(kind, mime, path=relative(job_dir, path))


def relative(job_dir: str, path: AnyPath) -> str:
    """Give a path below the job's directory as the wire has it."""
    whole = os.fspath(path)
    start = os.path.join(job_dir, "")
    inside = whole[len(start) :] if whole.startswith(start) else whole
    if os.path.isabs(inside) or not is_plain(inside):
        raise Error.internal(f"{show_path(whole)} is not beneath the job's directory `{job_dir}`")
    return inside


def is_plain(path: str) -> bool:
    """Whether a path is relative and stays where it starts, on any system."""
    return "\\" not in path and "\0" not in path and all(part not in ("", ".", "..") for part in path.split("/"))


def show_path(path: str) -> str:
    """Say a path, whatever is in it."""
    return f"`{path.encode('unicode_escape', 'replace').decode('ascii')}`"


def failed(verb: str, path: str, error: OSError) -> Error:
    """The answer where an output cannot be written."""
    told = of_exception(error)
    message = f"cannot {verb} `{path}`: {error.strerror or error}"
    return Error("ResourceExhausted", message) if told.kind == "ResourceExhausted" else Error.internal(message)
