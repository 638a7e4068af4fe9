"""Entry point of the FFmpeg provider: `python3 -B provider.py`, started by a Prizm host."""

from prizm_ffmpeg.main import main

if __name__ == "__main__":
    main()
