"""The methods after the handshake: jobs in their turns, and the author's other functions."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque

from . import check, errors
from .clock import Clock
from .context import Context
from .errors import Error, cancelled
from .health import Health
from .job import Job
from .model import Model
from .note import note
from .run import Call, Runner
from .startup import Configuration, Startup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from .channel import Channel
    from .provider import Provider
    from .relay import Relay

DRAIN = 4.0
"""How long `shutdown` waits for cancelled work, in seconds; the host waits 5 in all."""

CLEAN_UP = 0.7
"""How long it then waits for the author's own, in seconds."""

LAST_MOMENT = 0.5
"""How long work may take to clean up once the session is over, in seconds."""

MOST_REQUESTS = 4096
"""A session with more than this unanswered reads no further until there is less."""

MOST_BYTES = 64 * 1024 * 1024

_HARMLESS = (errors.CANCELLED, errors.INVALID_PARAMS, errors.METHOD_NOT_FOUND)
"""Errors that say nothing of the provider's health."""


class Work:
    """All requests that wait for an answer. Its lock guards the tables, and is never held while anybody waits."""

    def __init__(self, provider: Provider, channel: Channel, models: list[dict[str, Any]], began: float) -> None:
        self._provider = provider
        self._channel = channel
        self._models = models
        self._began = began
        self._clock = Clock()
        self._runner = Runner(self._clock)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._is_awaited = False
        self._jobs: dict[int, Job] = {}
        self._bytes = 0
        self._active = 0
        self._waiting: dict[int, Call] = {}
        self._configurations: deque[Callable[[], None]] = deque()
        self._configured = False
        self._draining = False
        self._last_error: str | None = None
        self._methods: dict[str, Callable[[int, Any, int], None]] = {
            "transform": self._transform,
            "configure": self._configure,
            "models": self._list_models,
            "estimate": self._estimate,
            "health": self._health,
            "shutdown": self._shutdown,
        }
        if provider.has_async():
            self._runner.expect_async()

    @property
    def relay(self) -> Relay:
        """Who reads."""
        return self._runner.relay

    def handle(self, id: int, method: str, params: Any, size: int) -> None:
        """Answer a request, now or later. Raises Error where it is refused."""
        answer = self._methods.get(method)
        if answer is None:
            raise Error.method_not_found(method)
        answer(id, params, size)

    def cancel(self, id: int) -> None:
        """Ask the work of a request to stop; one that waits for its turn never has it."""
        with self._lock:
            job = self._jobs.get(id)
            waited = self._waiting.pop(id, None)
        if job is not None and waited is not None:
            job.answer(error=cancelled())
        elif job is not None:
            job.cancel()

    def wait_for_room(self) -> None:
        """Wait until there is room for another request."""
        while len(self._jobs) >= MOST_REQUESTS or self._bytes >= MOST_BYTES or self._channel.is_full():
            with self._lock:
                self._is_awaited = True
                self._changed.wait(0.05)

    def abandon(self) -> None:
        """End everything that runs, and give it a moment to clean up: nobody listens any more."""
        self._clock.stop()
        with self._lock:
            for each in self._waiting:
                del self._jobs[each]
            self._waiting.clear()
            jobs = list(self._jobs.values())
        for job in jobs:
            job.drop()
        children = sys.modules.get(f"{__package__}.children")
        if children is not None:
            children.kill_all()
        self._wait_for(lambda: not self._jobs, LAST_MOMENT)
        self._runner.stop()

    # What the methods do.

    def _transform(self, id: int, raw: Any, size: int) -> None:
        if self._draining:
            raise Error.coded(errors.DRAINING, "the provider is shutting down")
        params = check.params("TransformParams", raw)
        check.media_and_dir(params)
        request = check.request(params, self._models)
        if self._provider.needs_configuration and not self._configured:
            raise Error("NotConfigured", "the provider has not been configured; see its `configSchema`")
        handler = self._provider.handler(request.model, request.capability)
        if handler is None:
            raise Error.internal(f"no function does `{request.capability}` of the model `{request.model}`")
        job = self._enter(id, size)
        if job is not None:
            job.for_transform(params)
            call = Call(handler, (request, Context(job, self._channel.limit // 8)), check.result)
            if self._has_turn(job, call):
                self._runner.start_here(job, call)

    def _has_turn(self, job: Job, call: Call) -> bool:
        """Whether it is a job's turn now; later, its call is started."""
        with self._lock:
            if job.answered:
                return False
            job.has_slot = self._active < self._provider.max_in_flight
            if not job.has_slot:
                self._waiting[job.id] = call
                return False
            self._active += 1
        return True

    def _configure(self, id: int, raw: Any, size: int) -> None:
        configuration = Configuration(check.params("ConfigureParams", raw))
        hook = self._provider.hook("configure")
        if hook is None:
            self._configured = True
            self._answer(id, {"ready": True})
            return
        job = self._enter(id, size)
        if job is not None:
            call = Call(hook, (configuration, Startup(job)), lambda _: {"ready": True})
            job.before_answer = self._configured_or_not
            job.after_answer = self._next_configuration
            with self._lock:
                self._configurations.append(lambda: self._runner.start(job, call))
                is_first = len(self._configurations) == 1
            if is_first:
                self._runner.start(job, call)

    def _configured_or_not(self, job: Job, error: Error | None) -> None:
        self._configured = error is None
        self._before_answer(job, error)

    def _next_configuration(self, job: Job) -> None:
        """Configurations are taken one after the other."""
        self._after_answer(job)
        with self._lock:
            self._configurations.popleft()
            start = self._configurations[0] if self._configurations else None
        if start is not None:
            start()

    def _list_models(self, id: int, _: Any, size: int) -> None:
        hook = self._provider.hook("models")
        if hook is None:
            self._answer(id, {"models": self._models})
        else:
            self._call(id, size, Call(hook, (), self._found_models))

    def _found_models(self, given: Any) -> Any:
        if not isinstance(given, (list, tuple)) or not all(isinstance(model, Model) for model in given):
            raise Error.internal("`models` returned something else than a list of Model")
        self._models = [model.to_wire() for model in given]
        return {"models": self._models}

    def _estimate(self, id: int, raw: Any, size: int) -> None:
        hook = self._provider.hook("estimate")
        if hook is None:
            raise Error.method_not_found("estimate")
        request = check.request(check.params("EstimateParams", raw), self._models)
        self._call(id, size, Call(hook, (request,), check.estimate), in_context=True)

    def _health(self, id: int, _: Any, size: int) -> None:
        unconfigured = self._provider.needs_configuration and not self._configured
        uptime = round((time.monotonic() - self._began) * 1000)
        status: Any = "degraded" if unconfigured else "healthy"
        with self._lock:
            measured = Health(status, uptime, self._active, len(self._waiting), self._last_error)
        hook = self._provider.hook("health")
        if hook is None:
            self._answer(id, measured.to_wire())
        else:
            self._call(id, size, Call(hook, (measured,), _health_to_wire))

    def _shutdown(self, id: int, _: Any, size: int) -> None:
        hook = None if self._draining else self._provider.hook("shutdown")
        self._draining = True
        with self._lock:
            waiting = [self._jobs[each] for each in self._waiting]
            self._waiting.clear()
            running = [each for each in self._jobs.values() if not each.is_shutdown]
        for each in waiting:
            each.answer(error=cancelled())
        for each in running:
            each.cancel()
        job = self._enter(id, size)
        if job is not None:
            job.is_shutdown = True
            self._runner.on_thread(lambda: self._end(job, hook))

    def _end(self, job: Job, hook: Callable[[], Any] | None) -> None:
        if not self._wait_for(lambda: all(each.is_shutdown for each in self._jobs.values()), DRAIN):
            note("shutting down with work that ignored its cancellation")
        if hook is None:
            job.answer({}, waits=True)
            return

        def give_up() -> None:
            if job.answer({}):
                note("the provider's own shutdown took too long and was left behind")

        job.limit(CLEAN_UP, give_up)
        self._runner.start(job, Call(hook, (), lambda _: {}))

    # Their way through the tables.

    def _call(self, id: int, size: int, call: Call, *, in_context: bool = False) -> None:
        job = self._enter(id, size)
        if job is not None:
            if in_context:
                call.args += (Context(job, self._channel.limit // 8),)
            self._runner.start(job, call)

    def _enter(self, id: int, size: int) -> Job | None:
        job = Job(id, size, self._channel, self._clock)
        job.before_answer = self._before_answer
        job.after_answer = self._after_answer
        with self._lock:
            earlier = self._jobs.get(id)
            if earlier is None or earlier.answered:
                self._jobs[id] = job
                self._bytes += size
                return job
        # An answer would be taken for that of the first.
        note(f"ignored a second request with the id {id} of one that runs")
        return None

    def _before_answer(self, job: Job, error: Error | None) -> None:
        with self._lock:
            if error is not None and error.code not in _HARMLESS:
                self._last_error = error.message
            if not job.has_slot:
                self._waiting.pop(job.id, None)
                return
            self._active -= 1
            if not self._waiting:
                return
            id = next(iter(self._waiting))
            call, next_job = self._waiting.pop(id), self._jobs[id]
            next_job.has_slot = True
            self._active += 1
        self._runner.start(next_job, call)

    def _after_answer(self, job: Job) -> None:
        with self._lock:
            if self._jobs.get(job.id) is job:
                del self._jobs[job.id]
            self._bytes -= job.size
            if self._is_awaited:
                self._changed.notify_all()

    def _wait_for(self, is_so: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so of the requests, or for some seconds; whether it is."""
        with self._lock:
            self._is_awaited = True
            return self._changed.wait_for(is_so, seconds)

    def _answer(self, id: int, result: Any) -> None:
        self._channel.post(self._channel.answer(id, result, None))


def _health_to_wire(given: Any) -> Any:
    if not isinstance(given, Health):
        raise Error.internal(f"`health` returned a {type(given).__name__}; expected Health")
    return check.sendable("Health", given.to_wire(), "the health")
