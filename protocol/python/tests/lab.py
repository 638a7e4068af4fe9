"""A provider that does what its input says, once in plain functions and once in coroutines."""

from __future__ import annotations

import asyncio
import math
import sys
import threading
import time
from collections import Counter
from typing import Any

from prizm_plugin import Cancelled, Configuration, Context, Error, Media, Model, Provider, Request, Result, Startup

PATIENCE = 20.0
CHUNK = "c" * 16384


class Lab:
    """The provider, what it did, and a gate that holds up plain functions."""

    def __init__(self, max_in_flight: int = 1, **more: Any) -> None:
        self.provider = Provider("lab", version="1.0.0", max_in_flight=max_in_flight, **more)
        self.gate = threading.Event()
        self._seen: Counter[str] = Counter()
        self._changed = threading.Condition()
        model = self.provider.model
        model("plain", capabilities=["text-to-text"])(self.plain)
        model("lab", capabilities=["text-to-text"], is_free=True)(self.coroutine)
        model("labrador", capabilities=["image-to-text"])(self.coroutine)

    def saw(self, what: str) -> None:
        with self._changed:
            self._seen[what] += 1
            self._changed.notify_all()

    def wait(self, what: str, times: int = 1) -> None:
        """Wait until something has happened some times."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._seen[what] >= times, PATIENCE), f"no {what}: {self._seen}"

    def count(self, what: str) -> int:
        with self._changed:
            return self._seen[what]

    def plain(self, request: Request, context: Context) -> Any:
        self.saw("begun")
        try:
            return self.do(request, context)
        finally:
            self.saw("ended")

    def do(self, request: Request, context: Context) -> Any:
        what, _, rest = request.text().partition(" ")
        if what == "wait":
            context.sleep(PATIENCE)
        elif what == "block":
            assert self.gate.wait(PATIENCE)
            context.progress(0.9, "late")
            context.chunk_text("late")
            self.saw("unblocked")
            context.checkpoint()
        elif what == "finish-anyway":
            while not context.is_cancelled:
                time.sleep(0.001)
        elif what == "fail-after-cancel":
            try:
                context.sleep(PATIENCE)
            except Cancelled:
                raise Error("UpstreamError", "the child was killed") from None
        elif what == "break-after-cancel":
            try:
                context.sleep(PATIENCE)
            except Cancelled:
                raise BrokenPipeError("the pipe broke") from None
        else:
            return self.at_once(what, rest, request, context)
        return request.text()

    def at_once(self, what: str, rest: str, request: Request, context: Context) -> Any:
        """What takes no time is the same in both."""
        number = int(rest) if rest.isdigit() else 0
        if what == "raise":
            raise ValueError(f"the lab blew up at {rest}")
        if what == "disk-full":
            raise OSError(28, "No space left on device")
        if what == "exit":
            sys.exit(number)
        if what == "interrupt":
            raise KeyboardInterrupt
        if what == "rate":
            raise Error(
                "RateLimited", "slow down", retry_after=1.5, docs_url="https://example.org", details={"left": 0}
            )
        if what == "huge":
            return "x" * number
        if what == "chunks":
            for each in range(number):
                context.chunk_text(f"{each} {CHUNK}")
                self.saw("chunk")
        if what == "accept":
            context.accepted("remote-7", "yes")
            context.accepted("remote-8", "no")
            raise Error("UpstreamError", "y" * number)
        if what == "option":
            return str(request.option("steps", int, 7, minimum=1, maximum=255))
        if what == "deadline":
            left = context.remaining
            return f"{context.job_id} {None if left is None else math.ceil(left)}"
        if what == "results":
            return [Media.of_text("one"), Media.of_text("two", "text/markdown")]
        if what == "result":
            return Result(["one"], usage={"cost": "0.5", "currency": "USD", "tokens": 3}, meta={"seed": 1})
        if what == "bad":
            return {
                "nothing": None,
                "nan": Result(["x"], meta={"x": math.nan}),
                "half": "\ud800",
                "object": object(),
                "set": Result(["x"], meta={"x": {1}}),
                "media": [3],
            }[rest]
        if what == "burst":
            for step in range(1000):
                context.progress(step / 1000, "at once")
        if what == "report":
            context.report(fraction=0.2, stage="s", message="m", eta=5)
        return request.text()

    async def coroutine(self, request: Request, context: Context) -> Any:
        self.saw("begun")
        try:
            return await self.work(request, context)
        finally:
            self.saw("ended")

    async def work(self, request: Request, context: Context) -> Any:
        what, _, rest = request.text().partition(" ")
        number = int(rest) if rest.isdigit() else 0
        if what == "sleep":
            await asyncio.sleep(number / 1000)
        elif what == "wait":
            await asyncio.sleep(PATIENCE)
        elif what == "finish-anyway":
            try:
                await asyncio.sleep(PATIENCE)
            except asyncio.CancelledError:
                pass
        elif what in ("fail-after-cancel", "break-after-cancel"):
            try:
                await asyncio.sleep(PATIENCE)
            except asyncio.CancelledError:
                raise Error("UpstreamError", "killed") if what[0] == "f" else BrokenPipeError("broke") from None
        elif what == "ignore":
            await self.ignore(context)
        elif what == "cancel-oneself":
            raise asyncio.CancelledError
        elif what == "wild":
            for fraction in (0.5, 0.25, math.nan, 7.0, -1.0):
                context.progress(fraction, "wild")
                await asyncio.sleep(0.15)
        elif what == "held-back":
            context.progress(0.1, "first")
            context.report(fraction=0.2, message="held back", eta=5)
            await asyncio.sleep(number / 1000)
        elif what == "stray-exit":
            asyncio.get_running_loop().call_soon(sys.exit, 3)
            await asyncio.sleep(0)
        else:
            return self.at_once(what, rest, request, context)
        return request.text()

    async def ignore(self, context: Context) -> None:
        """Hold out against a cancellation until long after the SDK's patience."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not self.gate.is_set():
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                self.saw("ignored")
        context.chunk_text("late")
        self.saw("unblocked")

    def configured(self, configuration: Configuration, startup: Startup) -> None:
        startup.stage("loading", 0.5)
        startup.stage("loading", 0.6)
        startup.stage("warming")
        configuration.required("apiKey", int)


def models() -> list[Model]:
    return [Model("lab-2", ["text-to-text"])]
