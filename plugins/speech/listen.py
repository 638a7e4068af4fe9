"""Entry point of the child that recognises speech: `python3 -B listen.py ENGINE FILE WORDS [MODEL LANGUAGE]`."""

from prizm_speech.child import main

if __name__ == "__main__":
    main()
