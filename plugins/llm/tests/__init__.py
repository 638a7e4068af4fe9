"""Tests of the local LLM's provider, against a server on loopback that behaves as they say."""
