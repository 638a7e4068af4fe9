"""Where a server is, read from a URL."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass

from prizm_plugin import Error

# What a request's head can hold.
PRINTABLE = re.compile("[!-~]*")


@dataclass(frozen=True)
class Address:
    """The parts of a URL that a request needs."""

    host: str
    port: int
    tls: bool
    path: str

    @classmethod
    def of(cls, base: str) -> Address:
        """Read a URL, with `/v1` at its end or without. Raises Error(ConfigInvalid), which does not quote it."""
        try:
            url = urllib.parse.urlsplit(base)
            port = url.port
            host = url.hostname or ""
            host.encode("idna")
        except ValueError:
            raise _invalid("expected a URL of http or https") from None
        fits = PRINTABLE.fullmatch(url.path) and not re.search(r"\s", host)
        if url.scheme not in ("http", "https") or not host or port == 0 or not fits:
            raise _invalid("expected a URL of http or https")
        if "@" in url.netloc or url.query or url.fragment:
            raise _invalid("expected a URL without a user, `?` and `#`; a key is the setting `apiKey`")
        path = url.path.rstrip("/")
        path += "/chat/completions" if path.endswith("/v1") else "/v1/chat/completions"
        tls = url.scheme == "https"
        return cls(host, port or (443 if tls else 80), tls, path)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _invalid(expected: str) -> Error:
    return Error("ConfigInvalid", f"setting `baseUrl`: {expected}", details={"setting": "baseUrl"})
