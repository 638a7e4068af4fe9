"""Media by path: which inputs are accepted, where outputs go, and how both look on the wire."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from prizm_plugin import Error, Media

from .errors import invalid_params, named
from .schema import show

PRIMARY = ""
OUT = "out"

IMAGE_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "png_pipe"),
    (b"\xff\xd8\xff", "jpeg_pipe"),
    (b"GIF8", "gif"),
    (b"BM", "bmp_pipe"),
    (b"II*\x00", "tiff_pipe"),
    (b"MM\x00*", "tiff_pipe"),
)


@dataclass(frozen=True)
class InputSpec:
    """An input that a model takes."""

    kind: str
    role: str = PRIMARY
    required: bool = True

    def declare(self) -> Any:
        """The declaration of this input."""
        spec = {"kind": self.kind, "required": self.required}
        return {"role": self.role, **spec} if self.role else spec


@dataclass(frozen=True)
class Input:
    """One input medium, by its path below the job directory."""

    kind: str
    path: str
    name: str

    @property
    def stem(self) -> str:
        """The input's name without its extension, for naming outputs after it."""
        return os.path.splitext(os.path.basename(self.name))[0] or self.kind


def read_inputs(specs: list[InputSpec], inputs: list[Media]) -> dict[str, Input]:
    """The inputs of a request by role, checked against what the model takes."""
    by_role = {spec.role: spec for spec in specs}
    found: dict[str, Input] = {}
    for index, medium in enumerate(inputs):
        where = f"inputs[{index}]"
        role = medium.role or PRIMARY
        spec = by_role.get(role)
        if spec is None or role in found:
            raise invalid_params(f"{where}: the model takes {_describe(specs)}; got another input of role {show(role)}")
        found[role] = _read_input(where, spec, medium)
    for spec in specs:
        if spec.required and spec.role not in found:
            raise invalid_params(f"inputs: the model needs {_describe([spec])}; none came")
    return found


def _read_input(where: str, spec: InputSpec, medium: Media) -> Input:
    path = medium.path
    if medium.kind != spec.kind:
        raise invalid_params(f"{where}: expected kind {spec.kind}; got {show(medium.kind)}")
    if path is None:
        raise invalid_params(f"{where}: expected a file by path below the job directory")
    parts = path.split("/")
    if parts[0] != "in" or len(parts) < 2 or ".." in parts or "" in parts or "\0" in path:
        raise invalid_params(
            f"{where}: the path {show(path)} is refused; expected in/… inside the job directory, without '..'"
        )
    return Input(spec.kind, path, medium.name or parts[-1])


def open_check(job_dir: str, item: Input) -> None:
    """Refuse an input that is missing, not a regular file, empty, or leads out of the job directory."""
    root = os.path.realpath(job_dir)
    target = os.path.realpath(os.path.join(root, item.path))
    if os.path.commonpath([root, target]) != root:
        raise invalid_params(f"input {item.path}: the path leads out of the job directory through a link")
    try:
        status = os.stat(target)
    except OSError as error:
        raise named("InvalidMedia", f"input {item.path}: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise named("InvalidMedia", f"input {item.path}: not a regular file")
    if status.st_size == 0:
        raise named("InvalidMedia", f"input {item.path}: the file is empty")


def image_demuxer(job_dir: str, item: Input) -> str:
    """The ffmpeg demuxer for a still picture, by its first bytes, so that its name decides nothing."""
    try:
        with open(os.path.join(job_dir, item.path), "rb") as file:
            head = file.read(12)
    except OSError as error:
        raise named("InvalidMedia", f"input {item.path}: {error.strerror}") from error
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "webp_pipe"
    for magic, demuxer in IMAGE_MAGIC:
        if head.startswith(magic):
            return demuxer
    raise named("InvalidMedia", f"input {item.path}: not a PNG, JPEG, WebP, GIF, BMP or TIFF picture")


@contextmanager
def output_file(job_dir: str, stem: str, extension: str) -> Iterator[str]:
    """A fresh file under out/, as a relative path; removed again when the block fails."""
    path = _reserve(job_dir, stem, extension)
    try:
        yield path
    except BaseException:
        try:
            os.unlink(os.path.join(job_dir, path))
        except FileNotFoundError:
            pass
        raise


def _reserve(job_dir: str, stem: str, extension: str) -> str:
    directory = os.path.join(job_dir, OUT)
    try:
        os.makedirs(directory, exist_ok=True)
        if os.path.islink(directory):
            raise invalid_params("jobDir: its out/ is a link; expected a directory")
        attempt = 1
        while True:
            path = f"{OUT}/{stem}{'' if attempt == 1 else f'-{attempt}'}.{extension}"
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
            try:
                os.close(os.open(os.path.join(job_dir, path), flags, 0o644))
                return path
            except FileExistsError:
                attempt += 1
    except OSError as error:
        raise unwritable(error) from error


def unwritable(error: OSError) -> Error:
    """The answer where out/ cannot be written."""
    return named("ResourceExhausted", f"cannot write below out/ in the job directory: {error.strerror}")


def output_medium(kind: Any, mime: str, path: str, name: str, meta: dict[str, Any]) -> Media:
    """An output as the host is told of it."""
    return Media(kind, mime, path=path, name=name, meta=meta)


def _describe(specs: list[InputSpec]) -> str:
    return ", ".join(
        f"{'' if s.required else 'optionally '}one {s.kind}{f' of role {s.role}' if s.role else ''}" for s in specs
    )
