"""What becomes of a text, whatever is in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import wave
from pathlib import Path
from unittest import mock

from prizm_speech import text, voices

from .case import Case, recording, samples


def seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


class Options(Case):
    def test_every_voice_that_flite_lists_speaks(self) -> None:
        (model,) = (each for each in self.host.call("models")["result"]["models"] if each["id"] == "flite")
        offered = model["options"]["text-to-audio"]["properties"]["voice"]["enum"]
        listed = subprocess.run(["flite", "-lv"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual({*offered}, {*listed.partition(":")[2].split()} - {"awb_time"})
        made = {self.speak("Hello.", voice=voice).read_bytes() for voice in offered}
        self.assertEqual(len(made), len(offered))

    def test_speed_and_pitch_mean_the_same_to_both(self) -> None:
        for model in ("flite", "espeak-ng"):
            with self.subTest(model):
                usual = self.speak("The children are playing.", model)
                fast = self.speak("The children are playing.", model, speed=2)
                self.assertTrue(0.35 < seconds(fast) / seconds(usual) < 0.65, seconds(fast) / seconds(usual))
                high = self.speak("The children are playing.", model, pitch=1.5)
                self.assertNotEqual(high.read_bytes(), usual.read_bytes())

    def test_other_languages_are_espeaks(self) -> None:
        german = self.speak("Schöne Grüße, 你好", "espeak-ng", voice="de")
        self.assertGreater(seconds(german), 0.5)
        self.assertEqual(self.said["meta"], {"engine": "espeak-ng", "voice": "de"})
        spoken = self.speak("café — it’s “naïve” 你好")
        self.assertEqual(self.said["meta"]["warnings"], ["flite cannot say `你好`"])
        self.assertGreater(seconds(spoken), 1)
        id, _ = self.begin_speak("你好")
        self.refused(id, 1203, "InvalidMedia", "nothing that `flite` can say", "espeak-ng")

    def test_wrong_options_are_named(self) -> None:
        for options in (
            {"voice": "bob"},
            {"voice": "-o/x"},
            {"speed": 9},
            {"pitch": "high"},
            {"format": "mp3"},
            {"x": 1},
        ):
            for model in ("flite", "espeak-ng"):
                id, job = self.begin_speak("Hello.", model, **options)
                error = self.refused(id, -32602, None, f"`{next(iter(options))}`")
                self.assertEqual(error["data"]["option"], next(iter(options)))
                self.assertEqual(os.listdir(job / "out"), [])
        for model, voice in (("flite", "slt"), ("espeak-ng", "en-us")):
            id, _ = self.begin_speak("Hello.", model, voice="bob")
            error = self.refused(id, -32602, None, f"`{model}` has", "bob")
            self.assertIn(voice, error["data"]["expected"])


class Hostile(Case):
    def test_text_is_no_option_no_command_and_no_file(self) -> None:
        for said in (
            "--help",
            "-o /tmp/x",
            "$(touch pwned); `touch pwned` | touch pwned\n; touch pwned",
            "/etc/passwd",
            "<speak><audio src='/etc/passwd'/>hello</speak>",
            "\x01100s\x1b[2J\0\u2028 hello \r\n\t world",
            "[[h@'loU]]",
        ):
            for model in ("flite", "espeak-ng"):
                with self.subTest(said, model=model):
                    spoken = self.speak(said, model)
                    self.assertGreater(seconds(spoken), 0.2)
                    self.assertFalse(any(spoken.parent.parent.glob("**/pwned")))

    def test_nothing_to_say_is_an_error(self) -> None:
        for said in ("", "   ", "...", "\0\x01", "— …"):
            for model in ("flite", "espeak-ng"):
                id, job = self.begin_speak(said, model)
                self.refused(id, 1203, "InvalidMedia", "nothing that")
                self.assertEqual(os.listdir(job / "out"), [])

    def test_a_text_that_is_too_long_is_refused(self) -> None:
        id, _ = self.begin_speak("a " * 10_001)
        self.refused(id, 1203, "InvalidMedia", "20002 characters", "20000")

    def test_a_number_of_hundreds_of_digits_does_not_take_for_ever(self) -> None:
        self.assertGreater(seconds(self.speak("1" * 400)), 30)

    def test_an_engine_that_fails_or_makes_nothing_is_named(self) -> None:
        for script, words in (
            ("echo oh no >&2; exit 3", "oh no"),
            ("true", "no sound"),
            ("echo x > out.wav", "no sound"),
        ):
            directory = self.job()
            fake = directory / "flite"
            # It lists its voices, and knows nothing else.
            fake.write_text(f'#!/bin/sh\n[ "$1" = -lv ] && echo "Voices available: slt" && exit\n{script}\n')
            fake.chmod(0o755)
            with mock.patch.dict(os.environ, {"PATH": f"{directory}:{os.environ['PATH']}"}):
                id, job = self.begin_speak("Hello.")
                self.refused(id, 1201, "UpstreamError", "flite", words)
            self.assertEqual(os.listdir(job / "out"), [])

    def test_out_that_cannot_be_written(self) -> None:
        id, job = self.begin_speak("Hello.")
        self.answer(id)
        shutil.rmtree(job)
        answer = self.host.transform("flite", "text-to-audio", text="Hello.", jobDir=str(job / "in"))
        self.assertIn("result", answer, "the directories up to an output are made")


class Pieces(Case):
    def test_pieces_have_every_word_and_are_bounded(self) -> None:
        said = " ".join(f"Sentence number {each} is here, of course." for each in range(100)) + " " + "x" * 500
        parts = list(text.pieces(said))
        self.assertTrue(all(len(part) <= text.PIECE_CHARS for part in parts))
        self.assertEqual("".join(parts).replace(" ", ""), said.replace(" ", ""))
        self.assertTrue(all(part[-1] == "." for part in parts[:15]), parts)

    def test_pieces_are_joined_without_loss(self) -> None:
        one = "This sentence has about forty letters in it, more or less."
        long = self.speak(" ".join([one] * 20))
        single = len(samples(recording(one))) / 16_000
        self.assertLess(abs(seconds(long) - 20 * single) / (20 * single), 0.1)

    def test_languages_are_read_from_espeaks_table(self) -> None:
        listed = voices.listed("espeak-ng")
        self.assertGreater(len(listed), 50)
        self.assertLessEqual({"de", "en-us", "fr-fr"}, {*listed})
