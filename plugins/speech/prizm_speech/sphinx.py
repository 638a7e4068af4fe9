"""pocketsphinx at work, in the child."""

from __future__ import annotations

from array import array
from typing import Any

from .child import Refused, progress, say
from .cut import cut
from .wav import RATE, Wav

BLOCK = RATE // 4
SILENCE = 64
"""What is never louder than this is not listened to: pocketsphinx would make words of it."""

_FRAME = 100  # A second.
_SHORTEST = RATE // 10
_TINY = "#JSGF V1.0; grammar tiny; public <tiny> = yes;"


def recognise(sound: Wav, words: str) -> None:
    """Recognise English, piece by piece."""
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise Refused("missing", "pocketsphinx") from error
    decoder = Decoder(samprate=RATE, loglevel="FATAL")
    decoder.add_jsgf_string("tiny", _TINY)
    say(stage="recognising", fraction=0.0)
    for start, piece in cut(sound.blocks()):
        if len(piece) >= _SHORTEST and max(max(piece), -min(piece)) > SILENCE:
            _hear(decoder, sound, start, piece)
            _tell(decoder, start, words == "1")
        progress(start + len(piece), sound)


def _hear(decoder: Any, sound: Wav, start: int, piece: array[int]) -> None:
    """Listen twice: to how the recording sounds as a whole, with next to nothing to search, then to the words.

    What is heard does then not depend on what was heard before, and it is known how far it is.
    """
    decoder.activate_search("tiny")
    decoder.start_utt()
    decoder.process_raw(piece.tobytes(), False, True)
    decoder.end_utt()
    mean = decoder.get_cmn(False)
    decoder.activate_search()
    if "nan" not in mean:
        decoder.set_cmn(mean)
    decoder.start_utt()
    for at in range(0, len(piece), BLOCK):
        decoder.process_raw(piece[at : at + BLOCK].tobytes(), False, False)
        progress(start + at, sound)
    decoder.end_utt()


def _tell(decoder: Any, start: int, with_words: bool) -> None:
    heard = decoder.hyp()
    if heard is None or not heard.hypstr:
        return
    begin = start * 1000 // RATE
    words = []
    for segment in decoder.seg():
        if segment.word[0] in "<[+":  # Silence and noises.
            continue
        at = {"startMs": begin + segment.start_frame * 1000 // _FRAME}
        at["endMs"] = begin + (segment.end_frame + 1) * 1000 // _FRAME
        # A word's other ways of being said are numbered.
        word = segment.word.partition("(")[0]
        words.append({"word": word, **at, "confidence": round(min(1.0, segment.prob), 3)})
    confidence = sum(word["confidence"] for word in words) / len(words) if words else 0.0
    say(text=heard.hypstr, words=words if with_words else [], weight=len(words), confidence=confidence)
