"""What is refused, and in which words: options, inputs, and files that are not what they seem."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .harness import ProviderCase, SharedProviderCase, executable, sample, scratch

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"


class Options(SharedProviderCase):
    def refused_option(self, model: str, capability: str, options: dict[str, Any], *words: str) -> None:
        kind = capability.split("-")[0]
        inputs = [{"kind": kind, "mime": f"{kind}/x", "path": "in/x"}]
        error = self.refused(self.job_dir(), model, capability, options, inputs=inputs)
        self.assert_kind(error, -32602, None, f"option {next(iter(options))}", *words)
        self.assertEqual(error["data"]["option"], next(iter(options)))

    def test_wrong_values_name_the_option_the_expectation_and_the_value(self) -> None:
        audio = ("extract-audio", "video-to-audio")
        self.refused_option(*audio, {"format": "exe"}, "one of mp3", '"exe" (text)')
        self.refused_option(*audio, {"format": "-i /etc/passwd"}, "one of mp3")
        self.refused_option(*audio, {"sampleRate": "loud"}, "one of 8000", '"loud" (text)')
        self.refused_option(*audio, {"channels": True}, "one of 1, 2, 6", "true (boolean)")
        self.refused_option(*audio, {"bitrate": 3.5}, "a whole number from 16 to 512", "3.5 (number)")
        self.refused_option(*audio, {"start": -1}, "a number from 0 to 86400", "-1 (number)")
        self.refused_option(*audio, {"duration": None}, "a number", "null")
        self.refused_option(*audio, {"start": 10**30}, "a number from 0 to 86400", "1e+30 (number)")
        error = self.refused(self.job_dir("film.mp4"), *audio, {"col our": 1})
        self.assert_kind(
            error, -32602, None, 'option "col our"', "one of the options format", "an unknown name"
        )
        self.refused_option("transcode", "video-to-video", {"mute": "yes"}, "true or false", '"yes" (text)')
        self.refused_option("transcode", "video-to-video", {"width": [1]}, "a whole number", "an array")
        self.refused_option("frame", "video-to-image", {"time": "half"}, 'like "50%"', '"half" (text)')
        self.refused_option("frame", "video-to-image", {"time": "50%\n"}, 'like "50%"')
        self.refused_option("frame", "video-to-image", {"time": "101%"}, 'like "50%"')
        self.refused_option("convert-audio", "audio-to-audio", {"speed": 5}, "from 0.25 to 4")
        self.refused_option("still-video", "image-to-video", {"fit": "stretch"}, "one of contain, cover")

    def test_values_that_do_not_go_together(self) -> None:
        audio = ("extract-audio", "video-to-audio")
        self.refused_option(*audio, {"sampleRate": 44100, "format": "opus"}, "opus takes 8000", "got 44100")
        self.refused_option(*audio, {"channels": 6, "format": "mp3"}, "at most 2")
        self.refused_option(*audio, {"bitrate": 128, "format": "flac"}, "lossless")
        self.refused_option(*audio, {"bitrate": 400, "format": "mp3"}, "32 to 320")
        self.refused_option("transcode", "video-to-video", {"crf": 60}, "mp4 takes 0 to 51")
        self.refused_option("frame", "video-to-image", {"quality": 50}, "lossless")
        self.refused_option("contact-sheet", "video-to-image", {"tileWidth": 2048, "columns": 20}, "at most 16384")

    def test_options_that_are_no_object(self) -> None:
        params = self.params(self.job_dir("film.mp4"), "frame", "video-to-image")
        error = self.host.call("transform", {**params, "options": [1]})["error"]
        self.assert_kind(error, -32602, None, "`options`: expected an object", "an array")

    def test_beyond_the_end(self) -> None:
        for model, capability, option in (
            ("extract-audio", "video-to-audio", "start"),
            ("transcode", "video-to-video", "start"),
            ("frame", "video-to-image", "time"),
        ):
            error = self.refused(self.job_dir("film.mp4"), model, capability, {option: 12})
            self.assert_kind(error, -32602, None, f"option {option}: 12 s is beyond the end", "10.0")

    def test_unknown_model_and_foreign_capability(self) -> None:
        job = self.job_dir("film.mp4")
        self.assert_kind(
            self.refused(job, "frames", "video-to-image"), 1006, "ModelNotFound", "no model `frames`; did you mean frame?"
        )
        self.assert_kind(self.refused(job, "frame", "video-to-audio"), 1003, "CapabilityNotDeclared", "video-to-image")


class Inputs(SharedProviderCase):
    def error_for(self, *inputs: Any, job: Path | None = None) -> dict[str, Any]:
        return self.refused(job or self.job_dir("film.mp4"), "extract-audio", "video-to-audio", inputs=list(inputs))

    def test_paths_outside_the_job_are_refused(self) -> None:
        paths = (
            "/etc/passwd",
            "../x.mp4",
            "in/../../x.mp4",
            "in",
            "in/",
            "in//etc/passwd",
            "film.mp4",
            "in/a\0b",
        )
        for path in paths:
            error = self.error_for({"kind": "video", "mime": "video/mp4", "path": path})
            self.assert_kind(error, -32602, None, "refused")
        job = self.job_dir()
        (job / "in" / "link.mp4").symlink_to(sample("film.mp4"))
        error = self.error_for({"kind": "video", "mime": "video/mp4", "path": "in/link.mp4"}, job=job)
        self.assert_kind(error, -32602, None, "through a link")

    def test_inputs_of_the_wrong_shape(self) -> None:
        good = {"kind": "video", "mime": "video/mp4", "path": "in/film.mp4"}
        self.assert_kind(self.error_for(), -32602, None, "needs one video")
        self.assert_kind(self.error_for(good, good), -32602, None, "inputs[1]")
        self.assert_kind(self.error_for({**good, "role": "mask"}), -32602, None, '"mask"')
        self.assert_kind(self.error_for({**good, "kind": "audio"}), -32602, None, "expected kind video")
        self.assert_kind(self.error_for({"kind": "video", "mime": "video/mp4", "url": "https://x"}), -32602, None, "by path")
        self.assert_kind(self.error_for("film.mp4"), -32602, None, "`inputs[0]`: expected an object")

    def test_job_directory_must_be_there(self) -> None:
        for value in (None, "relative", "/no/such/directory", 5, "/a\0b"):
            params = self.params(self.job_dir("film.mp4"), "frame", "video-to-image", jobDir=value)
            self.assertEqual(self.host.call("transform", params)["error"]["code"], -32602)

    def test_out_that_is_a_link_is_refused(self) -> None:
        job = self.job_dir("film.mp4")
        (job / "out").rmdir()
        (job / "out").symlink_to(scratch())
        answer = self.host.call("transform", self.params(job, "frame", "video-to-image"))
        self.assertIn("out/ is a link", answer["error"]["message"])


class Files(ProviderCase):
    def write(self, name: str, data: bytes) -> Path:
        path = scratch() / "written" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return path

    def test_broken_files_give_ffmpegs_own_words(self) -> None:
        film = sample("film.mp4").read_bytes()
        cut = self.job_dir(self.write("cut é.mp4", film[: len(film) // 2]))
        error = self.refused(cut, "transcode", "video-to-video")
        self.assert_kind(error, 1203, "InvalidMedia", "in/cut é.mp4", "moov atom not found", "Invalid data found")
        noise = self.job_dir(self.write("noise.mp4", bytes(range(256)) * 40))
        self.assert_kind(self.refused(noise, "frame", "video-to-image"), 1203, "InvalidMedia", "Invalid data found")
        empty = self.job_dir(self.write("empty.mp4", b""))
        self.assert_kind(self.refused(empty, "frame", "video-to-image"), 1203, "InvalidMedia", "empty")
        missing = [{"kind": "video", "mime": "video/mp4", "path": "in/gone.mp4"}]
        error = self.refused(self.job_dir(), "frame", "video-to-image", inputs=missing)
        self.assert_kind(error, 1203, "InvalidMedia", "in/gone.mp4", "No such file")
        text = self.job_dir(self.write("text.png", b"not a picture"))
        self.assert_kind(self.refused(text, "still-video", "image-to-video"), 1203, "InvalidMedia", "not a PNG")
        self.assertIn("not a PNG", self.host.call("health")["result"]["lastError"])

    def test_a_pipe_and_a_directory_are_no_media(self) -> None:
        job = self.job_dir()
        os.mkfifo(job / "in" / "pipe.mp4")
        self.assert_kind(self.refused(job, "frame", "video-to-image"), 1203, "InvalidMedia", "not a regular file")
        job = self.job_dir()
        (job / "in" / "dir.mp4").mkdir()
        self.assert_kind(self.refused(job, "frame", "video-to-image"), 1203, "InvalidMedia", "not a regular file")

    def test_missing_streams_are_named(self) -> None:
        error = self.refused(self.job_dir("silent.mp4"), "extract-audio", "video-to-audio")
        self.assert_kind(error, 1203, "InvalidMedia", "no audio stream")
        error = self.refused(self.job_dir("sound.wav"), "transcode", "video-to-video")
        self.assert_kind(error, 1203, "InvalidMedia", "no video stream")

    def test_hostile_playlists_reach_no_other_file(self) -> None:
        secret = sample("film.mp4")
        texts = {
            "passwd.m3u8": PLAYLIST.format("file:///etc/passwd"),
            "film.m3u8": PLAYLIST.format(f"file:{secret}"),
            "film.mp4": PLAYLIST.format(f"file:{secret}"),
            "remote.m3u8": PLAYLIST.format("http://127.0.0.1:9/x.ts"),
            "list.ffconcat": f"ffconcat version 1.0\nfile '{secret}'\n",
            "passwd.srt": "1\n00:00:00,000 --> 00:00:09,000\nhello\n",
        }
        for name, text in texts.items():
            for kind, model in (("video-to-audio", "extract-audio"), ("video-to-image", "frame")):
                with self.subTest(name, model=model):
                    job = self.job_dir(self.write(name, text.encode()))
                    error = self.refused(job, model, kind)
                    self.assert_kind(error, 1203, "InvalidMedia", "cannot read in/")
                    self.assertNotIn("root:", error["message"])

    def test_pictures_too_large_to_decode_are_refused(self) -> None:
        header = b"BM" + (54).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
        sizes = (40).to_bytes(4, "little") + (60_000).to_bytes(4, "little") * 2
        bomb = header + sizes + b"\1\0\x18\0" + bytes(24) + bytes(1000)
        error = self.refused(self.job_dir(self.write("bomb.bmp", bomb)), "still-video", "image-to-video")
        self.assert_kind(error, 1203, "InvalidMedia")

    def test_shapes_that_would_fill_the_memory_are_refused(self) -> None:
        for model, capability, options in (
            ("frame", "video-to-image", {"width": 8192}),
            ("transcode", "video-to-video", {"width": 4096}),
            ("contact-sheet", "video-to-image", {"tileWidth": 1024, "columns": 2}),
        ):
            error = self.refused(self.job_dir("ribbon.mkv"), model, capability, options)
            name = next(iter(options))
            self.assert_kind(error, -32602, None, f"option {name}", "16x2048", "megapixels")

    def test_a_probe_that_talks_nonsense(self) -> None:
        fake = executable(scratch() / "mad-ffprobe", '#!/bin/sh\necho \'{"streams": [{"codec_type": "video"}]}\'\n')
        self.host.call("configure", {"config": {"ffprobePath": str(fake)}})
        error = self.refused(self.job_dir("film.mp4"), "frame", "video-to-image")
        self.assert_kind(error, 1203, "InvalidMedia", "makes no sense")

    def test_an_encoder_killed_from_outside(self) -> None:
        script = '#!/bin/sh\ncase "$*" in *-encoders*) exec ffmpeg "$@";; esac\nkill -9 $$\n'
        self.host.call("configure", {"config": {"ffmpegPath": str(executable(scratch() / "killed-ffmpeg", script))}})
        error = self.refused(self.job_dir("film.mp4"), "frame", "video-to-image")
        self.assert_kind(error, 1103, "ResourceExhausted", "signal 9")
