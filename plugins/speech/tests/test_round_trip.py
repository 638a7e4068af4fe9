"""Text to speech and back: flite says it, pocketsphinx writes it down."""

from __future__ import annotations

from .case import Case, distance, words

EXACT = [
    "Hello world.",
    "I would like a cup of coffee with milk.",
    "All men are created equal.",
    "My brother works in a small office near the river.",
    "Where is the nearest hospital?",
]
HARDER = [
    "The quick brown fox jumps over the lazy dog.",
    "Please open the door and turn on the light.",
    "He bought a new car last week.",
    "This is a test of the speech provider.",
]


class RoundTrip(Case):
    def rate(self, sentences: list[str]) -> float:
        """The word error rate, which is printed with what was heard otherwise."""
        wrong = total = 0
        for sentence in sentences:
            expected, heard = words(sentence), words(self.hear(self.speak(sentence)))
            errors = distance(expected, heard)
            wrong, total = wrong + errors, total + len(expected)
            if errors:
                print(f"\n  said  {' '.join(expected)}\n  heard {' '.join(heard)}", end="")
        print(f"\n  word error rate {wrong}/{total} = {wrong / total:.2f} in {len(sentences)} sentences")
        return wrong / total

    def test_plain_sentences_come_back_word_for_word(self) -> None:
        self.assertEqual(self.rate(EXACT), 0)

    def test_harder_ones_come_back_mostly(self) -> None:
        self.assertLess(self.rate(HARDER), 0.25)

    def test_a_longer_text_is_spoken_and_heard_in_pieces(self) -> None:
        text = " ".join(EXACT * 2)
        id, job = self.begin_speak(text)
        audio = self.answer(id)["result"]["outputs"][0]
        spoken = [each["fraction"] for each in self.host.notices(id, "$/progress")]
        self.assertEqual((spoken[0], spoken), (0, sorted(spoken)))
        self.assertGreater(audio["meta"]["durationMs"], 20_000)
        id = self.begin_hear(job / audio["path"])
        heard = self.answer(id)["result"]
        self.assertGreater(len(self.host.notices(id, "$/chunk")), 1)
        fractions = [each["fraction"] for each in self.host.notices(id, "$/progress") if "fraction" in each]
        self.assertGreater(len(fractions), 5)
        self.assertEqual((fractions, fractions[-1]), (sorted(fractions), 1))
        self.assertLess(distance(words(text), words(heard["outputs"][0]["text"])) / len(words(text)), 0.1)
        told = heard["meta"]["words"]
        self.assertEqual([each["word"] for each in told], heard["outputs"][0]["text"].split())
        times = [each[name] for each in told for name in ("startMs", "endMs")]
        self.assertEqual(times, sorted(times))
        self.assertLessEqual(times[-1], audio["meta"]["durationMs"] + 50)
        self.assertEqual(heard["meta"]["durationMs"], audio["meta"]["durationMs"])
        self.assertTrue(0.3 < heard["meta"]["confidence"] <= 1, heard["meta"]["confidence"])
