"""Acme pretends to paint on a server far away. `plugins/README.md` quotes it for what the reference provider has no
use for: prices, settings with a secret, a service, a job that was accepted, named errors."""

import sys

from prizm_plugin import Configuration, Context, Error, Estimate, Provider, Request, Result, Startup, serve

SETTINGS = {
    "type": "object",
    "properties": {
        "apiKey": {"type": "string", "writeOnly": True, "description": "The key of your account"},
        "baseUrl": {"type": "string", "description": "Where Acme is, where no service runs it"},
    },
}

OPTIONS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "width": {"type": "integer", "minimum": 16, "maximum": 4096, "default": 512, "description": "Pixels"},
        "colour": {"enum": ["black", "red"], "default": "black", "description": "Of the paint"},
    },
}

acme = Provider(
    "acme",
    version="1.0.0",
    name="Acme",
    type="remote",
    max_in_flight=4,
    config_schema=SETTINGS,
    needs_configuration=True,
)
account = {"key": "", "address": ""}


@acme.configure
def configure(configuration: Configuration, startup: Startup) -> None:
    key = configuration.setting("apiKey", str)
    if key is None:
        raise Error("NotConfigured", "the setting `apiKey` is missing")
    address = configuration.setting("baseUrl", str) or configuration.endpoint("backend", "http")
    startup.stage("logging in", 0.5)
    account.update(key=key, address=address)


@acme.estimate
def estimate(request: Request, context: Context) -> Estimate:
    return {"cost": "0.04", "currency": "USD", "timeMs": 200}


@acme.model(
    "painter",
    capabilities=["text-to-image"],
    description="Paints what a text says",
    options={"text-to-image": OPTIONS},
    pricing=[{"unit": "image", "amount": "0.04", "currency": "USD"}],
    output_formats=["image/svg+xml"],
)
def paint(request: Request, context: Context) -> Result:
    width = request.option("width", int, 512, minimum=16, maximum=4096)
    colour = request.option("colour", str, "black", choices=["black", "red"])
    text = request.text()
    if "forbidden" in text:
        raise Error("ContentRejected", "Acme paints nothing that is forbidden")
    if "busy" in text:
        raise Error("RateLimited", "the account may have 10 paintings a minute", retry_after=6)
    if account["key"] == "revoked":
        raise Error("UpstreamError", "Acme does not know the key", retryable=False)
    context.accepted(f"acme-{context.job_id}", "yes")
    for step in range(1, 5):
        context.progress(step / 4, "painting")
        context.sleep(0.05)
    painting = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{width}">'
        f'<rect width="100%" height="100%" fill="{colour}"/></svg>\n'
    )
    image = context.output_file("image", "image/svg+xml", "painting.svg", painting.encode())
    usage = {"cost": "0.04", "currency": "USD"}
    return Result([image], usage=usage, meta={"paintedAt": account["address"]})


if __name__ == "__main__":
    sys.exit(serve(acme))
