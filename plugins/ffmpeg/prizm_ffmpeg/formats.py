"""The output formats: container, encoder, and what each encoder can take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import schema
from .errors import invalid_params
from .probe import Stream

SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000, 192000)
CHANNELS = (1, 2, 6)
# By number of channels, the layouts that every encoder here takes; sources also come as 5.1(side) and the like.
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


@dataclass(frozen=True)
class AudioFormat:
    """An audio file format."""

    name: str
    mime: str
    muxer: str
    encoder: str
    sample_rates: tuple[int, ...]
    default_quality: tuple[str, ...] = ()
    kbps: tuple[int, int] | None = None
    max_channels: int = 8


@dataclass(frozen=True)
class VideoFormat:
    """A video file format."""

    name: str
    mime: str
    muxer: str
    video_encoder: str
    audio_encoder: str
    default_crf: int
    max_crf: int
    video_args: tuple[str, ...]
    file_args: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImageFormat:
    """A picture file format."""

    name: str
    mime: str
    encoder: str
    demuxer: str
    lossy: bool


AUDIO_FORMATS: Mapping[str, AudioFormat] = {
    each.name: each
    for each in (
        AudioFormat("mp3", "audio/mpeg", "mp3", "libmp3lame", SAMPLE_RATES[:9], ("-q:a", "2"), (32, 320), 2),
        AudioFormat("m4a", "audio/mp4", "ipod", "aac", SAMPLE_RATES[:11], ("-b:a", "160k"), (32, 512)),
        AudioFormat("opus", "audio/ogg", "opus", "libopus", (8000, 12000, 16000, 24000, 48000), (), (16, 256)),
        AudioFormat("ogg", "audio/ogg", "ogg", "libvorbis", SAMPLE_RATES, ("-q:a", "5"), (48, 240)),
        AudioFormat("flac", "audio/flac", "flac", "flac", SAMPLE_RATES),
        AudioFormat("wav", "audio/wav", "wav", "pcm_s16le", SAMPLE_RATES),
    )
}

_X264 = ("-preset", "medium", "-pix_fmt", "yuv420p")
_VP9 = ("-b:v", "0", "-deadline", "good", "-cpu-used", "4", "-row-mt", "1", "-pix_fmt", "yuv420p")

VIDEO_FORMATS: Mapping[str, VideoFormat] = {
    each.name: each
    for each in (
        VideoFormat("mp4", "video/mp4", "mp4", "libx264", "aac", 23, 51, _X264, ("-movflags", "+faststart")),
        VideoFormat("webm", "video/webm", "webm", "libvpx-vp9", "libopus", 32, 63, _VP9),
        VideoFormat("mkv", "video/x-matroska", "matroska", "libx264", "aac", 23, 51, _X264),
    )
}

IMAGE_FORMATS: Mapping[str, ImageFormat] = {
    each.name: each
    for each in (
        ImageFormat("png", "image/png", "png", "png_pipe", lossy=False),
        ImageFormat("jpg", "image/jpeg", "mjpeg", "jpeg_pipe", lossy=True),
        ImageFormat("webp", "image/webp", "libwebp", "webp_pipe", lossy=True),
    )
}

VIDEO_INPUTS = (
    "video/mp4",
    "video/x-m4v",
    "video/webm",
    "video/x-matroska",
    "video/quicktime",
    "video/x-msvideo",
    "video/mp2t",
    "video/mpeg",
    "video/x-flv",
    "video/3gpp",
    "video/x-ms-wmv",
    "image/gif",
)
# The common names of a type are all listed: not everybody who sniffs a file uses the same one.
AUDIO_INPUTS = (
    "audio/wav",
    "audio/x-wav",
    "audio/mpeg",
    "audio/flac",
    "audio/x-flac",
    "audio/ogg",
    "audio/opus",
    "audio/mp4",
    "audio/m4a",
    "audio/x-m4a",
    "audio/aac",
    "audio/aiff",
    "audio/x-aiff",
    "audio/webm",
    "audio/amr",
    "audio/x-ms-wma",
)
IMAGE_INPUTS = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff")


def audio_properties() -> dict[str, schema.Schema]:
    """The options that shape an audio file."""
    rates = (
        "Samples a second; the source's where absent. mp3 takes up to 48000, m4a up to 96000, "
        "opus 8000, 12000, 16000, 24000 and 48000."
    )
    return {
        "format": schema.choice("The file format.", list(AUDIO_FORMATS), "mp3"),
        "sampleRate": schema.choice(rates, SAMPLE_RATES),
        "channels": schema.choice("1 mono, 2 stereo, 6 for 5.1 (not mp3); the source's where absent.", CHANNELS),
        "bitrate": schema.integer(
            "Kilobits a second: mp3 32–320, m4a 32–512, opus 16–256, ogg 48–240; not for flac and wav.", 16, 512
        ),
    }


def audio_args(options: Mapping[str, Any]) -> list[str]:
    """The encoder's arguments for `audio_properties`, where the format can take them."""
    chosen = AUDIO_FORMATS[options["format"]]
    args = ["-c:a", chosen.encoder, "-f", chosen.muxer]
    rate, channels, kbps = options.get("sampleRate"), options.get("channels"), options.get("bitrate")
    if rate is not None:
        if rate not in chosen.sample_rates:
            rates = ", ".join(str(each) for each in chosen.sample_rates)
            raise invalid_params(f"option sampleRate: {chosen.name} takes {rates}; got {rate}", option="sampleRate")
        args += ["-ar", str(rate)]
    if channels is not None:
        if channels > chosen.max_channels:
            message = f"option channels: {chosen.name} takes at most {chosen.max_channels}; got {channels}"
            raise invalid_params(message, option="channels")
        args += ["-ac", str(channels)]
    if kbps is None:
        return [*args, *chosen.default_quality]
    if chosen.kbps is None:
        raise invalid_params(f"option bitrate: {chosen.name} is lossless and takes none; got {kbps}", option="bitrate")
    if not chosen.kbps[0] <= kbps <= chosen.kbps[1]:
        low, high = chosen.kbps
        raise invalid_params(f"option bitrate: {chosen.name} takes {low} to {high}; got {kbps}", option="bitrate")
    return [*args, "-b:a", f"{kbps}k"]


def layout_filter(encoder: str, track: Stream) -> list[str]:
    """libopus refuses the less common surround layouts: put the channels into the common one of that number."""
    layout = LAYOUTS.get(track.channels or 0)
    return [f"aformat=channel_layouts={layout}"] if encoder == "libopus" and layout else []


def image_properties() -> dict[str, schema.Schema]:
    """The options that shape a picture file."""
    return {
        "format": schema.choice("The file format.", list(IMAGE_FORMATS), "png"),
        "quality": schema.integer("1 small to 100 best, for jpg and webp (85 where absent); not for png.", 1, 100),
    }


def image_args(options: Mapping[str, Any]) -> list[str]:
    """The encoder's arguments for `image_properties`."""
    chosen = IMAGE_FORMATS[options["format"]]
    quality = options.get("quality")
    if quality is not None and not chosen.lossy:
        raise invalid_params(
            f"option quality: {chosen.name} is lossless and takes none; got {quality}", option="quality"
        )
    quality = 85 if quality is None else quality
    args = ["-c:v", chosen.encoder]
    if chosen.name == "jpg":
        # mjpeg counts from 2 (best) to 31 (worst).
        args += ["-q:v", str(round(31 - (quality - 1) * 29 / 99)), "-pix_fmt", "yuvj420p"]
    elif chosen.name == "webp":
        args += ["-quality", str(quality)]
    else:
        args += ["-pix_fmt", "rgb24"]
    return [*args, "-f", "image2", "-update", "1"]
