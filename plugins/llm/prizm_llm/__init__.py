"""The local LLM: a provider whose work is done by its service, or by any server that speaks OpenAI's API."""

PROVIDER_ID = "llm"
PROVIDER_NAME = "Local LLM"
VERSION = "0.1.0"
