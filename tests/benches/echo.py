"""The echo provider of the benchmark, with the SDK for Python: `python3 -B echo.py [ID]`, started by a Prizm host."""

import sys
from os.path import abspath, dirname, join

sys.path.insert(0, join(dirname(dirname(dirname(abspath(__file__)))), "protocol", "python"))

from prizm_plugin import Provider, serve  # noqa: E402

DAY = 86_400.0

# Many of it run at once, each by the id that it is registered by.
provider = Provider(sys.argv[1] if len(sys.argv) > 1 else "seam", version="0.1.0", max_in_flight=1024)


@provider.model("echo", capabilities=["text-to-text"])
def echo(request, context):
    """Say the text again."""
    return request.text()


@provider.model("hang", capabilities=["text-to-text"])
def hang(request, context):
    """Never answer, until it is told to stop."""
    while True:
        context.sleep(DAY)


if __name__ == "__main__":
    serve(provider)
