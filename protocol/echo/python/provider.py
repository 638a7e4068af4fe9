"""Echo, a Prizm provider: it says what it is told, and shows what the SDK can do on the way."""

from __future__ import annotations

from prizm_plugin import Context, Error, Media, Provider, Request, serve

TIMES = {"type": "integer", "minimum": 1, "maximum": 100, "default": 1, "description": "How often the text is said"}
DELAY = {"type": "integer", "minimum": 0, "maximum": 60000, "default": 0, "description": "Milliseconds that it takes"}
SAY = {"type": "object", "properties": {"times": TIMES, "delayMs": DELAY}, "additionalProperties": False}
COPY = {"type": "object", "properties": {"delayMs": DELAY}, "additionalProperties": False}

EXTENSIONS = {"image/jpeg": "jpg", "image/svg+xml": "svg", "image/x-icon": "ico"}

provider = Provider("echo", version="0.1.0", name="Echo", type="local", max_in_flight=64)


@provider.model("echo", name="Echo", capabilities=["text-to-text"], options={"text-to-text": SAY}, is_free=True)
async def say(request: Request, context: Context) -> str:
    """Say the text as often as it is wanted. A coroutine: the SDK cancels it wherever it waits."""
    request.only_options("times", "delayMs")
    times = request.option("times", int, 1, minimum=1, maximum=100)
    delay = delay_of(request)
    text = request.text()
    for time in range(times):
        context.progress(time / times, "echoing")
        await pause(delay / times)
        context.chunk_text(f" {text}" if time else text)
    return " ".join([text] * times)


@provider.model("echo", capabilities=["image-to-image"], options={"image-to-image": COPY}, is_free=True)
def copy(request: Request, context: Context) -> Media:
    """Give the picture back. A plain function: it runs on a thread of its own, and may block."""
    request.only_options("delayMs")
    picture = request.input()
    if picture.kind != "image":
        raise Error("InvalidMedia", f"the input is {picture.kind} ({picture.mime}); an image is needed")
    data = context.read_input(picture)
    context.progress(0, "echoing")
    context.sleep(delay_of(request))
    return context.output_file("image", picture.mime, f"echo.{extension(picture.mime)}", data)


def delay_of(request: Request) -> float:
    """The option `delayMs`, in seconds."""
    return request.option("delayMs", int, 0, minimum=0, maximum=60_000) / 1000


async def pause(seconds: float) -> None:
    """Wait, or be cancelled."""
    # Its import takes longer than all the rest of a start, which the host waits for.
    import asyncio

    await asyncio.sleep(seconds)


def extension(mime: str) -> str:
    """The extension of files of this type."""
    name = EXTENSIONS.get(mime, mime.partition("/")[2])
    return name if name.isalnum() else "bin"


if __name__ == "__main__":
    serve(provider)
