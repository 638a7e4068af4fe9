"""The protocol's side of the provider: requests in, exactly one answer each out."""

from __future__ import annotations

import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Callable

from . import errors
from .errors import RpcError, invalid_params, named
from .jobs import Job, JobTable
from .progress import Progress
from .provider import FfmpegProvider, Work, parallel_jobs
from .schema import show
from .wire import MAX_FRAME_BYTES, Channel, Garbled, Oversized

PROTOCOL_VERSION = "1.0"
MAX_ID = 2**53 - 1
SHUTDOWN_SECONDS = 4.5
ABORT_SECONDS = 1.0

_ID_FIRST = re.compile(rb'^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*([0-9]{1,16})\s*,')

Handler = Callable[[Mapping[str, Any]], dict[str, Any]]


class Server:
    """One session with a host, from the first frame to EOF."""

    def __init__(self, channel: Channel, provider: FfmpegProvider) -> None:
        self._channel = channel
        self._provider = provider
        self._jobs = JobTable(parallel_jobs())
        self._began = time.monotonic()
        self._initialized = False
        self._draining = False
        self._handlers: dict[str, Handler] = {
            "initialize": self._initialize,
            "configure": self._configure,
            "models": self._models,
            "health": self._health,
            "ping": lambda _: {},
        }

    def serve(self) -> None:
        """Answer until the host says `exit` or is gone."""
        for frame in self._channel.frames():
            if isinstance(frame, Garbled):
                log(f"ignored a line that is not JSON: {frame.reason}")
            elif isinstance(frame, Oversized):
                self._refuse_oversized(frame)
            elif not isinstance(frame, dict):
                log("ignored a line that is no JSON-RPC object")
            elif frame.get("method") == "exit" and "id" not in frame:
                return
            else:
                self._dispatch(frame)

    def abort(self) -> None:
        """Kill what still runs; nobody waits for its result any more."""
        self._jobs.stop_all(ABORT_SECONDS, at_once=True)

    def _dispatch(self, frame: Mapping[str, Any]) -> None:
        method, request_id = frame.get("method"), frame.get("id")
        if not isinstance(method, str):
            log("ignored an object that names no method")
            return
        params = frame.get("params", {})
        if "id" not in frame:
            if method == "$/cancelRequest" and isinstance(params, dict) and _is_id(params.get("id")):
                self._jobs.stop(params["id"])
            return
        if not isinstance(request_id, int) or not _is_id(request_id):
            log(f"ignored a request whose id is no whole number: {show(request_id)}")
            return
        if request_id in self._jobs:
            log(f"ignored a second request {request_id} while the first is at work")
            return
        try:
            self._call(request_id, method, params)
        except RpcError as error:
            self._fail(request_id, error)
        except Exception as error:  # A fault of ours must not cost the other jobs their session.
            self._fail(request_id, _internal(error))

    def _call(self, request_id: int, method: str, params: Any) -> None:
        if not isinstance(params, dict):
            raise invalid_params(f"params: expected an object; got {show(params)}")
        if method == "shutdown":
            self._shutdown(request_id)
            return
        if method != "transform" and method not in self._handlers:
            raise RpcError(errors.METHOD_NOT_FOUND, f"method {show(method)} is not implemented")
        if not self._initialized and method not in ("initialize", "ping"):
            raise named("NotInitialized", f"`{method}` came before `initialize`")
        if method == "transform":
            self._transform(request_id, params)
        else:
            self._answer(request_id, self._handlers[method](params))

    def _initialize(self, params: Mapping[str, Any]) -> dict[str, Any]:
        versions = params.get("protocolVersions")
        if not isinstance(versions, list):
            raise invalid_params(f"protocolVersions: expected an array of versions; got {show(versions)}")
        if PROTOCOL_VERSION not in versions:
            offered = ", ".join(map(show, versions[:8])) or "none"
            message = f"this provider speaks protocol {PROTOCOL_VERSION}; the host offered {offered}"
            raise named("UnsupportedProtocolVersion", message, supported=[PROTOCOL_VERSION])
        if self._initialized:
            raise RpcError(errors.INVALID_REQUEST, "`initialize` came a second time")
        self._initialized = True
        limits = {"maxInFlight": parallel_jobs(), "maxFrameBytes": MAX_FRAME_BYTES}
        return {"protocolVersion": PROTOCOL_VERSION, **self._provider.declaration(), "limits": limits}

    def _configure(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self._provider.configure(params.get("config", {}))
        return {"ready": True}

    def _models(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"models": self._provider.models()}

    def _health(self, _: Mapping[str, Any]) -> dict[str, Any]:
        problem = self._provider.problem()
        health: dict[str, Any] = {
            "status": "healthy" if problem is None else "unhealthy",
            "uptimeMs": round((time.monotonic() - self._began) * 1000),
            "activeJobs": self._jobs.active,
            "queuedJobs": self._jobs.queued,
        }
        last_error = problem or self._jobs.last_error
        return health if last_error is None else {**health, "lastError": last_error}

    def _transform(self, request_id: int, params: Mapping[str, Any]) -> None:
        if self._draining:
            raise errors.draining()
        work = self._provider.prepare(params)
        progress = Progress(request_id, self._channel.send)
        job = Job(request_id, _job_dir(params.get("jobDir")), progress, _deadline(params.get("deadlineMs")))
        self._jobs.start(job, lambda: self._work(job, work))

    def _work(self, job: Job, work: Work) -> None:
        try:
            with self._jobs.turn(job):
                result = work(job)
        except RpcError as error:
            self._fail(job.request_id, error)
        except Exception as error:  # Whatever went wrong, the request gets its one answer.
            self._fail(job.request_id, _internal(error))
        else:
            self._answer(job.request_id, result)

    def _shutdown(self, request_id: int) -> None:
        self._draining = True

        def drain() -> None:
            if not self._jobs.stop_all(SHUTDOWN_SECONDS):
                log("shutdown: some work did not stop in time")
            self._answer(request_id, {})

        threading.Thread(target=drain, daemon=True).start()

    def _refuse_oversized(self, frame: Oversized) -> None:
        found = _ID_FIRST.match(frame.head)
        message = f"a frame of {frame.size} bytes is over the limit of {MAX_FRAME_BYTES} and was discarded"
        if found is None:
            log(message)
        else:
            error = named("FrameTooLarge", message, size=frame.size, limit=MAX_FRAME_BYTES)
            self._fail(int(found.group(1)), error)

    def _answer(self, request_id: int, result: Mapping[str, Any]) -> None:
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "result": result})

    def _fail(self, request_id: int, error: RpcError) -> None:
        self._channel.send({"jsonrpc": "2.0", "id": request_id, "error": error.to_json()})


def log(message: str) -> None:
    """A line for people, on stderr."""
    with suppress(OSError):
        print(message, file=sys.stderr, flush=True)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_ID


def _job_dir(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or not os.path.isabs(value):
        raise invalid_params(f"jobDir: expected the absolute path of a directory; got {show(value)}")
    try:
        exists = os.path.isdir(value)
    except ValueError:
        exists = False
    if not exists:
        raise invalid_params(f"jobDir: there is no directory {show(value)}")
    return value


def _deadline(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MAX_ID:
        raise invalid_params(f"deadlineMs: expected milliseconds from now, 0 or more; got {show(value)}")
    return float(value)


def _internal(error: Exception) -> RpcError:
    log("".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip())
    return RpcError(errors.INTERNAL_ERROR, f"a fault in the provider: {type(error).__name__}: {error}")
