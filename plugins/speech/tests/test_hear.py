"""What becomes of a recording, whatever is in it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from array import array
from pathlib import Path
from unittest import mock

from .case import Case, recording, samples

TEXT = "All men are created equal."
HEARD = "all men are created equal"


def wav(
    data: bytes, *, channels: int = 1, rate: int = 16_000, bits: int = 16, kind: int = 1, claim: int | None = None
) -> bytes:
    """A WAV file, whose header may claim another length."""
    align = channels * ((bits + 7) // 8)
    head = struct.pack("<HHIIHH", kind, channels, rate & 0xFFFFFFFF, rate * align & 0xFFFFFFFF, align & 0xFFFF, bits)
    size = len(data) if claim is None else claim
    return b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", size) + data


def ffmpeg(sound: bytes, *arguments: str) -> bytes:
    argv = ["ffmpeg", "-v", "error", "-f", "wav", "-i", "pipe:0", *arguments, "pipe:1"]
    return subprocess.run(argv, input=sound, stdout=subprocess.PIPE, check=True).stdout


class Kinds(Case):
    def test_widths_channels_and_rates(self) -> None:
        sound = recording(TEXT)
        for name, arguments in {
            "8 bits": ["-c:a", "pcm_u8"],
            "24 bits, stereo, 48 kHz": ["-ar", "48000", "-ac", "2", "-c:a", "pcm_s24le"],
            "floats, 5.1, 44.1 kHz": ["-ar", "44100", "-ac", "6", "-c:a", "pcm_f32le"],
            "doubles, 22.05 kHz": ["-ar", "22050", "-c:a", "pcm_f64le"],
            "32 bits, 12 kHz": ["-ar", "12000", "-c:a", "pcm_s32le"],
        }.items():
            with self.subTest(name):
                self.assertEqual(self.hear(ffmpeg(sound, *arguments, "-f", "wav")), HEARD)
                self.assertNotIn("warnings", self.heard["meta"])

    def test_other_formats_are_ffmpegs(self) -> None:
        sound = recording(TEXT)
        for name, arguments in {
            "a.flac": ["-f", "flac"],
            "a.ogg": ["-c:a", "libopus", "-f", "ogg"],
            "law.wav": ["-c:a", "pcm_mulaw", "-f", "wav"],
        }.items():
            with self.subTest(name):
                self.assertEqual(self.hear(ffmpeg(sound, *arguments), name=name), HEARD)
                self.assertEqual(os.listdir(self.hearing / "out"), [])

    def test_without_ffmpeg_they_are_refused_with_the_remedy(self) -> None:
        flac = ffmpeg(recording(TEXT), "-f", "flac")
        with mock.patch.dict(os.environ, {"PATH": ""}):
            self.assertEqual(self.hear(recording(TEXT)), HEARD)
            error = self.refused(self.begin_hear(flac), 1004, "NotConfigured", "`apt-get install ffmpeg`")
        self.assertEqual(error["data"]["program"], "ffmpeg")

    def test_words_may_be_left_out(self) -> None:
        self.assertEqual(self.hear(recording(TEXT), options={"words": False}), HEARD)
        self.assertEqual(sorted(self.heard["meta"]), ["confidence", "durationMs", "engine"])
        for option in ({"words": "yes"}, {"language": "en"}, {"voice": "slt"}):
            self.refused(self.begin_hear(recording(TEXT), options=option), -32602, None, next(iter(option)))


class Hostile(Case):
    def test_what_is_no_sound_is_refused(self) -> None:
        sound = recording(TEXT)
        for name, data in {
            "nothing": b"",
            "no wav": bytes(range(256)) * 40,
            "a playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
            "a header cut off": sound[:30],
            "no samples": wav(b""),
            "half a sample": wav(b"\1"),
            "no channels": wav(bytes(100), channels=0),
            "a thousand channels": wav(bytes(100), channels=1000),
            "no rate": wav(bytes(100), rate=0),
            "a rate of 4 GHz": wav(bytes(100), rate=4_000_000_000),
            "64 bits of integer": wav(bytes(100), bits=64),
            "samples before the format": b"RIFF\0\0\0\0WAVEdata\4\0\0\0\0\0\0\0",
            "chunks without end": b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 1000,
        }.items():
            with self.subTest(name):
                error = self.refused(self.begin_hear(data), 1203, "InvalidMedia", "read")
                self.assertNotIn(str(self.hearing), error["message"])
                self.assertEqual(os.listdir(self.hearing / "out"), [])

    def test_a_recording_that_is_cut_off_is_heard_with_a_warning(self) -> None:
        sound = recording(f"{TEXT} Hello world.")
        self.assertTrue(self.hear(sound[: len(sound) * 3 // 4]).startswith(HEARD))
        self.assertIn("cut off", self.heard["meta"]["warnings"][0])

    def test_a_header_that_lies_is_not_believed(self) -> None:
        data = samples(recording(TEXT)).tobytes()
        # What a recorder leaves that wrote into a pipe.
        self.assertEqual(self.hear(wav(data, claim=0xFFFFFFFF)), HEARD)
        self.assertNotIn("warnings", self.heard["meta"])
        self.assertEqual(self.hear(wav(data, claim=0x70000000)), HEARD)
        self.assertEqual(len(self.heard["meta"]["warnings"]), 1)
        self.assertEqual(self.hear(wav(data, claim=0)), HEARD)
        self.assertNotIn("warnings", self.heard["meta"])

    def test_chunks_are_counted(self) -> None:
        sound = wav(samples(recording(TEXT)).tobytes())

        def after(chunks: int) -> bytes:
            return sound[:12] + b"junk\0\0\0\0" * chunks + sound[12:]

        # The format and the samples are chunks too.
        self.assertEqual(self.hear(after(9_998)), HEARD)
        self.refused(self.begin_hear(after(9_999)), 1203, "InvalidMedia", "10000 chunks")

    def test_silence_has_no_words(self) -> None:
        for sound in (bytes(64_000), bytes(2), array("h", [30, -30] * 16_000).tobytes()):
            self.assertEqual(self.hear(wav(sound)), "")
            self.assertEqual((self.heard["meta"]["words"], self.heard["meta"]["confidence"]), ([], 0))

    def test_infinite_and_undefined_samples_are_no_sound(self) -> None:
        odd = array("f", [float("nan"), float("inf"), float("-inf"), 1e30, 0.0] * 3200)
        self.hear(wav(odd.tobytes(), bits=32, kind=3))

    def test_a_recording_that_is_too_long_is_refused(self) -> None:
        path = self.job() / "long.wav"
        path.write_bytes(wav(b"", claim=0xFFFFFFFF))
        os.truncate(path, 8000 * 3700)
        head = wav(b"", rate=4000, claim=0xFFFFFFFF)
        with open(path, "r+b") as file:
            file.write(head)
        self.refused(self.begin_hear(path), 1203, "InvalidMedia", "3600 s are the most")

    def test_a_file_that_is_not_there(self) -> None:
        for path in ("in/gone.wav", "../a.wav", "/etc/passwd"):
            inputs = [{"kind": "audio", "mime": "audio/wav", "path": path}]
            id = self.host.start("pocketsphinx", "audio-to-text", inputs=inputs, jobDir=str(self.job()))
            self.refused(id, 1203, "InvalidMedia", path)


class Whisper(Case):
    def configure(self, **config: str) -> list[str]:
        """Configure, and ask what models there are then, as Prizm does."""
        self.assertIn("result", self.host.call("configure", {"config": config, "services": {}}))
        return [model["id"] for model in self.host.call("models")["result"]["models"]]

    def test_it_is_there_once_the_settings_name_it(self) -> None:
        sound = recording(TEXT)
        self.assertNotIn("whisper", [model["id"] for model in self.host.declaration["models"]])
        self.refused(self.begin_hear(sound, "whisper"), 1006, "ModelNotFound", "`whisper`")
        self.assertNotIn("whisper", self.configure())
        self.refused(self.begin_hear(sound, "whisper"), 1006, "ModelNotFound", "`whisper`")
        self.assertIn("whisper", self.configure(whisperModel="/no/such"))
        self.assertNotIn("whisper", self.configure(whisperModel=""))

    def test_it_says_what_it_needs(self) -> None:
        sound = recording(TEXT)
        self.assertIn("whisper", self.configure(whisperPython=sys.executable))
        self.refused(self.begin_hear(sound, "whisper"), 1004, "NotConfigured", "`whisperModel`")
        self.refused(self.begin_hear(sound, "whisper", options={"language": "../x"}), -32602, None, "`language`")

    def test_its_settings_are_checked(self) -> None:
        for config in ({"whisperModel": "tiny"}, {"whisperPython": "python3"}, {"whisperModel": 5}):
            error = self.host.call("configure", {"config": config, "services": {}})["error"]
            self.assertEqual((error["code"], error["data"]["setting"]), (1005, next(iter(config))))
        self.configure(whisperModel="/no/such")
        self.refused(self.begin_hear(recording(TEXT), "whisper"), 1004, "NotConfigured", "/no/such")
        self.assertIn("/no/such", self.host.call("health")["result"]["lastError"])

    def test_a_python_without_it_is_named(self) -> None:
        model = self.job()
        (model / "model.bin").touch()
        python = model / "python"
        python.write_text(f"#!/bin/sh\nexec {Path('/usr/bin/env')} python3 -I -S -c 'print(1)'\n")
        python.chmod(0o755)
        self.configure(whisperModel=str(model), whisperPython=str(python))
        self.refused(self.begin_hear(recording(TEXT), "whisper"), -32603, None, "without a word")
