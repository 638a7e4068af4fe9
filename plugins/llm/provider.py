"""Entry point of the local LLM's provider: `python3 -B provider.py`, started by a Prizm host."""

from prizm_plugin import serve

from prizm_llm.provider import llm

if __name__ == "__main__":
    serve(llm)
