"""One of the offerings of `offerings.json`: the one that its directory is called. It paints cards of one colour for
each word, and takes the time that is usual for its kind; it is busy for whoever asks for `busy`, if it is fast."""

import json
import struct
import sys
import zlib
from hashlib import sha256
from pathlib import Path

from prizm_plugin import Context, Error, Provider, Request, Result, serve

HERE = Path(__file__).resolve().parent
ID = (HERE / "id").read_text().strip()
OFFER = json.loads((HERE / "offerings.json").read_text())[ID]

SIDE = {"type": "integer", "minimum": 64, "maximum": 2048, "default": 1024, "description": "Pixels"}
PROPERTIES = {
    "width": SIDE,
    "height": SIDE,
    "steps": {"type": "integer", "minimum": 1, "maximum": 50, "default": 28, "description": "Of the model"},
    "negative_prompt": {"type": "string", "default": "", "description": "What is not to be seen"},
}
OPTIONS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {name: schema for name, schema in PROPERTIES.items() if name not in OFFER["lacks"]},
}

offering = Provider(
    ID,
    version="1.0.0",
    name=OFFER["about"],
    type=OFFER["type"],
    max_in_flight=OFFER["maxInFlight"],
    data_policy=OFFER.get("dataPolicy"),
)


@offering.model(
    OFFER["model"],
    capabilities=["text-to-image"],
    description=OFFER["about"],
    options={"text-to-image": OPTIONS},
    pricing=OFFER["pricing"],
    is_free=not OFFER["pricing"],
    limits=OFFER["limits"],
    output_formats=["image/png"],
    features=OFFER["features"],
    quality=OFFER["quality"],
    typical_ms=OFFER["typicalMs"],
)
def paint(request: Request, context: Context) -> Result:
    words = request.text().split() or [""]
    width, height = request.option("width", int, 1024), request.option("height", int, 1024)
    if "busy" in words and ID == "cloud-distilled":
        raise Error("RateLimited", "too many requests, try again later", retry_after=90)
    for tenth in range(1, 11):
        context.progress(tenth / 10, "painting")
        context.sleep(OFFER["typicalMs"] / 10_000)
    picture = context.output_file("image", "image/png", "card.png", png(words, width, height))
    return Result([picture], usage=charge(width, height, request.option("steps", int, 28)))


def charge(width: int, height: int, steps: int) -> dict[str, str] | None:
    """Say what is on the bill, which may have a tax that the price list does not have."""
    for price in OFFER["pricing"]:
        count = {"image": 1, "megapixel": width * height / 1e6, "step": steps}[price["unit"]]
        cost = float(price["amount"]) * count * (1 + OFFER.get("tax", 0))
        return {"cost": f"{cost:.6f}", "currency": price["currency"]}
    return None


def png(words: list[str], width: int, height: int) -> bytes:
    """Paint a stripe for each word."""
    colours = [sha256(word.encode()).digest()[:3] for word in words]
    row = b"\0" + b"".join(colours[x * len(colours) // width] for x in range(width))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")


if __name__ == "__main__":
    sys.exit(serve(offering))
