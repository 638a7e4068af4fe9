"""Entry point of the speech provider: `python3 -B provider.py`, started by a Prizm host."""

from prizm_plugin import serve
from prizm_speech.provider import speech

if __name__ == "__main__":
    serve(speech)
