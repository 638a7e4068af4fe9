"""The ends of a session."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from .case import LabCase
from .lab import Lab


class Shutdown(LabCase):
    def test_it_cancels_what_runs_refuses_what_comes_and_answers_last(self) -> None:
        for model in ("plain", "lab"):
            lab, clean = Lab(2), []
            lab.provider.shutdown(lambda: clean.append(True))
            host = self.host(lab)
            ids = [host.start(model, "text-to-text", text=text) for text in ("wait", "wait", "queued")]
            lab.wait("begun", 2)
            last = host.request("shutdown")
            late = host.start(model, "text-to-text", text="too late")
            self.assertEqual(host.answer(last)["result"], {})
            for id in ids:
                self.assert_error(host.answer(id), -32800)
            self.assert_error(host.answer(late), -32802)
            answers = [frame["id"] for frame in host.seen if frame.get("id") in (*ids, last)]
            self.assertEqual(answers[-1], last)
            self.assertEqual(clean, [True])
            self.assert_alive(host)
            self.assertEqual(host.call("shutdown")["result"], {})
            self.assertEqual(clean, [True])

    def test_it_does_not_wait_for_what_cannot_be_stopped(self) -> None:
        for model, what in (("plain", "block"), ("lab", "ignore")):
            lab = Lab()
            host = self.host(lab)
            id = host.start(model, "text-to-text", text=what)
            lab.wait("begun")
            began = time.monotonic()
            self.assertEqual(host.call("shutdown")["result"], {})
            self.assert_error(host.answer(id), -32800)
            self.assertLess(time.monotonic() - began, 5)

    def test_an_author_who_takes_too_long_is_left_behind(self) -> None:
        lab = Lab()

        @lab.provider.shutdown
        async def shutdown() -> None:
            await asyncio.sleep(60)

        host = self.host(lab)
        began = time.monotonic()
        self.assertEqual(host.call("shutdown")["result"], {})
        self.assertLess(time.monotonic() - began, 3)
        host.close()
        self.assertIn("the provider's own shutdown took too long", self.stderr.getvalue())

    def test_the_end_of_the_input_ends_it_though_work_runs(self) -> None:
        lab = Lab(4)
        host = self.host(lab)
        for model, what in (("plain", "block"), ("lab", "ignore"), ("lab", "wait"), ("plain", "wait")):
            host.start(model, "text-to-text", text=what)
        lab.wait("begun", 4)
        before, began = len(host.seen), time.monotonic()
        host.close()
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(len(host.seen), before, "nothing is said to a host that is gone")
        lab.wait("ended", 2)


class Declarations(LabCase):
    def test_what_is_wrong_is_found_before_it_is_declared(self) -> None:
        from prizm_plugin import Model, Provider

        def refused(words: str, make: Any) -> None:
            with self.assertRaisesRegex(ValueError, words):
                make()

        for id in ("", "-a", "a-", "A", "a_b", "x" * 65):
            refused("is not a provider id", lambda id=id: Provider(id, version="1"))
        for name in ("text-to-imag", "", "x-/a", "x-acme/", "x-Acme/a", "x-a/b/c"):
            refused("is not a capability", lambda name=name: Model("m", [name]))
        self.assertEqual(Model("m", ["x-acme/upscale-4k"]).capabilities, ["x-acme/upscale-4k"])  # type: ignore[list-item]
        refused("max_in_flight is 0", lambda: Provider("a", version="1", max_in_flight=0))
        lonely = Provider("a", version="1", models=[Model("m", ["text-to-text"])])
        refused("no function does `text-to-text` of the model `m`", lonely.declaration)
        wrong: Any = {"text-to-text": [{"kind": "smell"}]}
        refused("the model `m`: `inputs.text-to-text", Model("m", ["text-to-text"], inputs=wrong).to_wire)

    def test_the_same_model_again_brings_more_capabilities(self) -> None:
        from prizm_plugin import Provider

        provider = Provider("a", version="1", name="A", type="remote", max_in_flight=3, capabilities=["text-to-3d"])
        one, two = (lambda request, context: "1"), (lambda request, context: "2")
        schema = {"type": "object"}
        provider.model("m", capabilities=["text-to-text"], options={"text-to-text": schema}, is_free=True)(one)
        provider.model("m", capabilities=["text-to-audio"], options={"text-to-audio": True})(two)
        self.assertIs(provider.handler("m", "text-to-audio"), two)
        declared = provider.declaration()
        self.assertEqual(declared["capabilities"], ["text-to-text", "text-to-audio", "text-to-3d"])
        self.assertEqual(declared["provider"], {"id": "a", "name": "A", "version": "1", "type": "remote"})
        options = {"text-to-text": schema, "text-to-audio": True}
        model = {"id": "m", "capabilities": ["text-to-text", "text-to-audio"], "options": options, "isFree": True}
        self.assertEqual(declared["models"], [model])
        with self.assertRaisesRegex(ValueError, "has a handler for `text-to-text` already"):
            provider.model("m", capabilities=["text-to-text"])
        with self.assertRaisesRegex(ValueError, "is declared twice, with another `isFree`"):
            provider.model("m", capabilities=["text-to-video"], is_free=False)

    def test_what_it_is_chosen_by_is_declared(self) -> None:
        from prizm_plugin import Provider

        provider = Provider("a", version="1", data_policy={"retentionDays": 30, "regions": ["eu"]})
        hints: Any = {"features": ["seed"], "quality": 4, "typical_ms": 6000}
        provider.model("m", capabilities=["text-to-text"], **hints)(lambda request, context: "1")
        provider.model("m", capabilities=["text-to-audio"], features=["seed", "cancel"])(lambda request, context: [])
        declared = provider.declaration()
        self.assertEqual(declared["dataPolicy"], {"retentionDays": 30, "regions": ["eu"]})
        (model,) = declared["models"]
        said = (model["features"], model["quality"], model["typicalMs"])
        self.assertEqual(said, (["seed", "cancel"], 4, 6000))

    def test_coroutines_are_told_from_functions(self) -> None:
        import functools

        from prizm_plugin.provider import is_async

        async def coroutine() -> None: ...

        class Callable:
            async def __call__(self) -> None: ...

            async def method(self) -> None: ...

            def plain(self) -> None: ...

        for function in (coroutine, Callable(), Callable().method, functools.partial(coroutine)):
            self.assertTrue(is_async(function), function)
        for other in (Callable().plain, len, lambda: coroutine(), functools.partial(len, []), Callable):
            self.assertFalse(is_async(other), other)
