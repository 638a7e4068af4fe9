"""Tests of the SDK: `python3 -B -m unittest discover -s tests -t .` in the directory above."""
