"""Every capability, its outputs checked by ffprobe."""

from __future__ import annotations

import subprocess
from pathlib import Path

from .harness import SharedProviderCase, inspect


def pixel(path: Path, x: int, y: int) -> tuple[int, ...]:
    """The colour of the first frame's pixel."""
    crop = f"format=rgb24,crop=1:1:{x}:{y}"
    argv = ["ffmpeg", "-v", "error", "-i", path.name, "-frames:v", "1", "-vf", crop, "-f", "rawvideo", "-"]
    return tuple(subprocess.run(argv, stdout=subprocess.PIPE, check=True, cwd=path.parent).stdout)


class VideoToAudio(SharedProviderCase):
    def test_each_format(self) -> None:
        codecs = {"mp3": "mp3", "m4a": "aac", "opus": "opus", "ogg": "vorbis", "flac": "flac", "wav": "pcm_s16le"}
        for name, codec in codecs.items():
            with self.subTest(name):
                options = {"format": name, **({} if name == "wav" else {"start": 4, "duration": 2})}
                output = self.transform(self.job_dir("film.mp4"), "extract-audio", "video-to-audio", options)
                found = inspect(output["file"])
                self.assertEqual(found["audio"]["codec_name"], codec)
                self.assertNotIn("video", found)
                length = 10 if name == "wav" else 2
                self.assertAlmostEqual(found["duration"], length, delta=0.15)
                self.assertAlmostEqual(output["meta"]["durationMs"], length * 1000, delta=150)
                self.assertEqual(output["name"], f"film.{name}")

    def test_options_arrive(self) -> None:
        options = {"format": "mp3", "sampleRate": 22050, "channels": 1, "bitrate": 64, "start": 2.5, "duration": 3}
        output = self.transform(self.job_dir("film.mp4"), "extract-audio", "video-to-audio", options)
        found = inspect(output["file"])
        self.assertEqual((found["audio"]["sample_rate"], found["audio"]["channels"]), ("22050", 1))
        self.assertAlmostEqual(int(found["audio"]["bit_rate"]), 64_000, delta=2000)
        self.assertAlmostEqual(found["duration"], 3, delta=0.1)
        self.assertEqual((output["meta"]["sampleRate"], output["meta"]["channels"]), (22050, 1))

    def test_names_with_accents_spaces_and_patterns(self) -> None:
        for name in ("Été à la plage 🎬.mp4", "-i %03d;$(x)'\".mp4", "file:x|y.mp4", "pic%d.mp4"):
            with self.subTest(name):
                job = self.job_dir("film.mp4", names=[name])
                output = self.transform(job, "extract-audio", "video-to-audio", {"format": "wav", "duration": 1})
                self.assertEqual(output["name"], name.rsplit(".", 1)[0] + ".wav")


class VideoToImage(SharedProviderCase):
    def test_frame_at_seconds_and_share(self) -> None:
        shots = {}
        for time in (0, 5, "50%", 9.999, 10, "100%"):
            output = self.transform(self.job_dir("film.mp4"), "frame", "video-to-image", {"time": time})
            self.assertEqual(
                (output["mime"], output["meta"]["width"], output["meta"]["height"]), ("image/png", 320, 240)
            )
            shots[time] = output["file"].read_bytes()
        self.assertEqual(shots[5], shots["50%"])
        self.assertEqual(shots[9.999], shots["100%"])
        self.assertEqual(shots[10], shots["100%"])
        self.assertEqual(len({shots[0], shots[5], shots[10]}), 3)

    def test_formats_and_sizes(self) -> None:
        for name, mime, codec in (("jpg", "image/jpeg", "mjpeg"), ("webp", "image/webp", "webp")):
            options = {"format": name, "width": 101, "quality": 40}
            output = self.transform(self.job_dir("film.mp4"), "frame", "video-to-image", options)
            self.assertEqual((output["mime"], output["meta"]["videoCodec"]), (mime, codec))
            self.assertEqual((output["meta"]["width"], output["meta"]["height"]), (101, 76))
            self.assertNotIn("durationMs", output["meta"])

    def test_frame_of_a_recording_without_length(self) -> None:
        job = self.job_dir("live.mkv")
        self.assertEqual(inspect(job / "in" / "live.mkv")["duration"], 0)
        output = self.transform(job, "frame", "video-to-image", {"time": "50%", "height": 60})
        self.assertEqual((output["meta"]["width"], output["meta"]["height"]), (80, 60))
        error = self.refused(self.job_dir("live.mkv"), "frame", "video-to-image", {"time": 5})
        self.assert_kind(error, -32602, None, "option time", "beyond the end")

    def test_contact_sheet(self) -> None:
        options = {"columns": 3, "rows": 2, "tileWidth": 100, "gap": 5}
        output = self.transform(self.job_dir("film.mp4"), "contact-sheet", "video-to-image", options)
        tile_height = 76
        expected = (5 + 3 * 105, 5 + 2 * (tile_height + 5))
        self.assertEqual((output["meta"]["width"], output["meta"]["height"]), expected)
        self.assertEqual(pixel(output["file"], 2, 2), (0, 0, 0))
        # The last tile must be filled too: testsrc2 is nowhere black in its middle.
        self.assertNotEqual(pixel(output["file"], 5 + 2 * 105 + 50, 5 + 81 + 38), (0, 0, 0))


class VideoToVideo(SharedProviderCase):
    def test_scale_trim_fps_mute(self) -> None:
        options = {"width": 161, "start": 1, "duration": 2, "fps": 10, "mute": True, "crf": 40}
        output = self.transform(self.job_dir("film.mp4"), "transcode", "video-to-video", options)
        found = inspect(output["file"])
        self.assertEqual((found["video"]["width"], found["video"]["height"]), (160, 120))
        self.assertEqual((found["video"]["codec_name"], found["video"]["avg_frame_rate"]), ("h264", "10/1"))
        self.assertNotIn("audio", found)
        self.assertAlmostEqual(found["duration"], 2, delta=0.15)
        self.assertEqual((output["meta"]["width"], output["meta"]["fps"]), (160, 10))

    def test_each_format_keeps_the_sound(self) -> None:
        for name, codecs in {"mp4": ("h264", "aac"), "webm": ("vp9", "opus"), "mkv": ("h264", "aac")}.items():
            with self.subTest(name):
                options = {"format": name, "height": 64, "duration": 1}
                output = self.transform(self.job_dir("film.mp4"), "transcode", "video-to-video", options)
                found = inspect(output["file"])
                self.assertEqual((found["video"]["codec_name"], found["audio"]["codec_name"]), codecs)
                self.assertEqual((found["video"]["width"], found["video"]["height"]), (86, 64))
                self.assertAlmostEqual(found["duration"], 1, delta=0.15)

    def test_fit_inside_and_odd_sources(self) -> None:
        job = self.job_dir("film.mp4")
        output = self.transform(job, "transcode", "video-to-video", {"width": 100, "height": 100, "duration": 0.5})
        self.assertEqual((output["meta"]["width"], output["meta"]["height"]), (100, 74))
        output = self.transform(self.job_dir("odd.mkv"), "transcode", "video-to-video")
        self.assertEqual((output["meta"]["width"], output["meta"]["height"]), (320, 240))


class AudioToAudio(SharedProviderCase):
    def test_speed(self) -> None:
        for speed in (0.25, 0.7, 4):
            with self.subTest(speed):
                options = {"format": "wav", "speed": speed, "start": 1, "duration": 4}
                output = self.transform(self.job_dir("sound.wav"), "convert-audio", "audio-to-audio", options)
                self.assertAlmostEqual(inspect(output["file"])["duration"], 4 / speed, delta=0.15)

    def test_normalize_raises_a_quiet_sine_and_keeps_the_rate(self) -> None:
        peaks = {}
        for normalize in (False, True):
            options = {"format": "flac", "normalize": normalize}
            output = self.transform(self.job_dir("sound.wav"), "convert-audio", "audio-to-audio", options)
            self.assertEqual(output["meta"]["sampleRate"], 44100)
            argv = ["ffmpeg", "-i", f"file:{output['file']}", "-af", "volumedetect", "-f", "null", "-"]
            said = subprocess.run(argv, stderr=subprocess.PIPE, text=True, check=True).stderr
            peaks[normalize] = float(said.split("mean_volume: ")[1].split(" dB")[0])
        self.assertAlmostEqual(peaks[False], -21, delta=1)
        self.assertGreater(peaks[True], peaks[False] + 3)

    def test_surround_and_high_rates_reach_each_format(self) -> None:
        for name, channels in {"mp3": 2, "m4a": 6, "opus": 6, "ogg": 6, "flac": 6}.items():
            with self.subTest(name):
                options = {"format": name, "normalize": True}
                output = self.transform(self.job_dir("surround.wav"), "convert-audio", "audio-to-audio", options)
                self.assertEqual(output["meta"]["channels"], channels)
        options = {"format": "opus", "channels": 1, "bitrate": 32}
        output = self.transform(self.job_dir("surround.wav"), "convert-audio", "audio-to-audio", options)
        self.assertEqual(output["meta"]["channels"], 1)

    def test_cover_art_is_no_video(self) -> None:
        output = self.transform(self.job_dir("covered.mp3"), "convert-audio", "audio-to-audio", {"format": "m4a"})
        self.assertNotIn("width", output["meta"])
        error = self.refused(self.job_dir("covered.mp3"), "frame", "video-to-image")
        self.assert_kind(error, 1203, "InvalidMedia", "no video stream")


class ImageToVideo(SharedProviderCase):
    def test_each_picture_format(self) -> None:
        for name, size in {"picture.png": (300, 200), "picture.jpg": (320, 240), "picture.gif": (64, 48)}.items():
            with self.subTest(name):
                options = {"duration": 2, "fps": 10}
                output = self.transform(self.job_dir(name, names=["holiday"]), "still-video", "image-to-video", options)
                found = inspect(output["file"])
                self.assertEqual((found["video"]["width"], found["video"]["height"]), size)
                self.assertEqual(found["video"]["nb_frames"], "20")
                self.assertAlmostEqual(found["duration"], 2, delta=0.05)
                self.assertNotIn("audio", found)

    def test_zoom_moves_and_fit_fills(self) -> None:
        options = {"duration": 1, "zoom": 2, "width": 128, "height": 128, "fit": "cover", "fps": 20}
        output = self.transform(self.job_dir("picture.png"), "still-video", "image-to-video", options)
        found = inspect(output["file"])
        self.assertEqual(
            (found["video"]["width"], found["video"]["height"], found["video"]["nb_frames"]), (128, 128, "20")
        )
        job = self.job_dir(output["file"])
        first = self.transform(job, "frame", "video-to-image", {"time": 0})["file"].read_bytes()
        last = self.transform(self.job_dir(output["file"]), "frame", "video-to-image", {"time": "100%"})[
            "file"
        ].read_bytes()
        self.assertNotEqual(first, last)

    def test_contain_has_bars_and_transparency_is_black(self) -> None:
        options = {"duration": 0.2, "width": 200, "height": 100}
        output = self.transform(self.job_dir("picture.png"), "still-video", "image-to-video", options)
        self.assertEqual((output["meta"]["width"], output["meta"]["height"]), (200, 100))
        self.assertLess(max(pixel(output["file"], 4, 50)), 8)
        self.assertGreater(max(pixel(output["file"], 100, 50)), 40)
        output = self.transform(self.job_dir("clear.png"), "still-video", "image-to-video", {"duration": 0.2})
        self.assertLess(max(pixel(output["file"], 32, 32)), 8)

    def test_sound_gives_the_length(self) -> None:
        job = self.job_dir("picture.jpg", "covered.mp3")
        inputs = [
            {"kind": "image", "mime": "image/jpeg", "path": "in/picture.jpg"},
            {"kind": "audio", "mime": "audio/mpeg", "path": "in/covered.mp3", "role": "audio"},
        ]
        output = self.transform(job, "still-video", "image-to-video", {"format": "webm", "fps": 5}, inputs=inputs)
        found = inspect(output["file"])
        self.assertEqual((found["video"]["codec_name"], found["audio"]["codec_name"]), ("vp9", "opus"))
        self.assertAlmostEqual(found["duration"], 2, delta=0.25)
