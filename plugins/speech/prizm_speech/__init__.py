"""The speech provider: text to speech by flite and espeak-ng, speech to text by pocketsphinx and whisper."""

PROVIDER_ID = "speech"
PROVIDER_NAME = "Speech"
VERSION = "0.1.0"
