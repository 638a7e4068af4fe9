"""Tests of the service that need no weights."""
