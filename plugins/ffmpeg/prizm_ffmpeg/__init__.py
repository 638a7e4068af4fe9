"""The FFmpeg provider: audio, video and picture conversions by the ffmpeg on PATH."""

PROVIDER_ID = "ffmpeg"
PROVIDER_NAME = "FFmpeg"
VERSION = "0.1.0"
