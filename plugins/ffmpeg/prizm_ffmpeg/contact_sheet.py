"""video-to-image: a sheet of small frames, evenly spread over a video."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from . import schema
from .errors import invalid_params
from .ffmpeg import encode
from .formats import IMAGE_FORMATS, VIDEO_INPUTS, image_args, image_properties
from .media import InputSpec, output_file, unwritable
from .model import Call, Model, Product
from .probe import Stream
from .result import describe
from .size import check_area
from .source import measured_duration, open_source, require_video
from .stills import grab, last_frame_time, picture_length

MAX_GRID = 20
MAX_SHEET_WIDTH = 16384
TILE_ARGS = ("-c:v", "bmp", "-pix_fmt", "bgr24", "-f", "image2", "-update", "1")


def check(options: Mapping[str, Any]) -> None:
    """Refuse what the single options allow but not together."""
    image_args(options)
    width = options["columns"] * (options["tileWidth"] + options["gap"]) + options["gap"]
    if width > MAX_SHEET_WIDTH:
        wide = f"{options['columns']} columns would be {width} pixels wide"
        raise invalid_params(f"option tileWidth: {wide}; expected at most {MAX_SHEET_WIDTH}", option="tileWidth")


def run(call: Call) -> Product:
    """Take each tile by seeking, which is quick in a long film too, then lay them out."""
    chosen = IMAGE_FORMATS[call.options["format"]]
    call.tools.require_encoders(call.job, chosen.encoder, "bmp")
    source = open_source(call)
    stream = require_video(source, call.primary)
    total = picture_length(source, stream, measured_duration(call, source))
    job_dir = call.job.job_dir
    with output_file(job_dir, "contact-sheet", chosen.name) as path, _scratch(job_dir) as scratch:
        warnings = _take_tiles(call, stream, total, scratch)
        warnings += _lay_out(call, scratch, path)
        output = describe(call, path, "image", chosen.mime, chosen.name, warnings, chosen.demuxer)
    return Product([output], warnings)


def _take_tiles(call: Call, stream: Stream, total: float, scratch: str) -> list[str]:
    count = call.options["columns"] * call.options["rows"]
    check_area(call.options, "tileWidth", stream, count)
    last = last_frame_time(total, stream)
    args = ["-vf", f"scale={call.options['tileWidth']}:-2,setsar=1", *TILE_ARGS]
    warnings: list[str] = []
    for index in range(count):
        call.job.progress.report("sampling", index / (count + 1), f"frame {index + 1} of {count}")
        time = min((index + 0.5) / count * total, last)
        tile = f"{scratch}/tile{index:04}.bmp"
        open(os.path.join(call.job.job_dir, tile), "wb").close()
        warnings += grab(call, stream, time, args, tile)
    return list(dict.fromkeys(warnings))


def _lay_out(call: Call, scratch: str, path: str) -> list[str]:
    options = call.options
    tile = f"tile={options['columns']}x{options['rows']}:padding={options['gap']}:margin={options['gap']}"
    # The pattern is relative to the job's directory, so a '%' in that directory's own path is harmless.
    tiles = ["-f", "image2", "-framerate", "1", "-i", f"file:{scratch}/tile%04d.bmp"]
    return encode(
        call.tools, call.job, [*tiles, "-frames:v", "1", "-vf", tile, *image_args(options)], path, stage="laying out"
    )


@contextmanager
def _scratch(job_dir: str) -> Iterator[str]:
    try:
        with tempfile.TemporaryDirectory(prefix=".tiles-", dir=os.path.join(job_dir, "out")) as directory:
            yield os.path.relpath(directory, job_dir)
    except OSError as error:
        raise unwritable(error) from error


MODEL = Model(
    id="contact-sheet",
    name="Contact sheet",
    description="Lays small frames, evenly spread over a video, out on one picture.",
    capability="video-to-image",
    options=schema.obj(
        {
            "columns": schema.integer("Tiles across.", 1, MAX_GRID, 4),
            "rows": schema.integer("Tiles down.", 1, MAX_GRID, 4),
            "tileWidth": schema.integer("Pixels across one tile; its height follows.", 16, 2048, 320),
            "gap": schema.integer("Black pixels between tiles and around them.", 0, 64, 4),
            **image_properties(),
        }
    ),
    inputs=(InputSpec("video"),),
    input_formats=VIDEO_INPUTS,
    output_formats=tuple(each.mime for each in IMAGE_FORMATS.values()),
    check=check,
    run=run,
)
