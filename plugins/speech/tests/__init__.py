"""Tests of the speech provider, with the real engines."""
