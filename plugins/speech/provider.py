"""Entry point of the speech provider: `python3 -B provider.py`, started by a Prizm host."""

from prizm_speech import voices

if __name__ == "__main__":
    # The engines list their voices while the rest is loaded.
    voices.begin()
    from prizm_plugin import serve

    from prizm_speech.provider import speech

    serve(speech)
