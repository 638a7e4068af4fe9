"""Tests of the FFmpeg provider: the real program, over real pipes, with the real ffmpeg."""
