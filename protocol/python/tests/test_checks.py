"""What is refused before the author's code sees it."""

from __future__ import annotations

import json
from typing import Any

from prizm_plugin import Provider

from .case import LabCase
from .lab import Lab, models

HELLO: dict[str, Any] = {
    "protocolVersions": ["1.0"],
    "host": {"name": "tests", "version": "0"},
    "limits": {"maxFrameBytes": 1 << 20, "maxInFlight": 64},
    "instanceId": "lab-1",
}
JOB: dict[str, Any] = {
    "model": "plain",
    "capability": "text-to-text",
    "inputs": [{"kind": "text", "mime": "text/plain", "text": "echo"}],
    "jobId": "j",
}


class Handshake(LabCase):
    def test_work_before_the_handshake_is_refused(self) -> None:
        host = self.host(Lab(), ready=False)
        for method in ("transform", "configure", "models", "estimate", "nonsense"):
            self.assert_error(host.call(method, {}), 1001, f"`{method}` came before `initialize`")
        self.assert_alive(host)
        self.assertEqual(self.health(host)["status"], "healthy")
        self.assertEqual(host.call("shutdown")["result"], {})

    def test_it_needs_a_common_version_and_happens_once(self) -> None:
        host = self.host(Lab(), ready=False)
        error = self.assert_error(
            host.call("initialize", {**HELLO, "protocolVersions": ["2.0", "1.1"]}), 1002, "2.0, 1.1"
        )
        self.assertEqual(error["data"]["supported"], ["1.0"])
        self.assert_error(host.call("initialize", {"protocolVersions": ["1.0"]}), -32602, "the field `host` is missing")
        self.assert_error(host.call("initialize"), -32602)
        declared = host.call("initialize", HELLO)["result"]
        self.assertEqual(declared["provider"], {"id": "lab", "version": "1.0.0"})
        self.assertEqual((declared["liveness"], declared["cancel"]), ("ping", "cooperative"))
        self.assertEqual(declared["capabilities"], ["text-to-text", "image-to-text"])
        self.assertEqual(declared["limits"], {"maxInFlight": 1})
        self.assert_error(host.call("initialize", HELLO), -32600)
        self.assert_alive(host)

    def test_a_host_from_the_future_is_understood(self) -> None:
        host = self.host(Lab(), ready=False)
        future = {**HELLO, "protocolVersions": ["2.0", "1.0"], "tracing": {"x": 1}}
        self.assertEqual(host.call("initialize", future)["result"]["protocolVersion"], "1.0")


class Requests(LabCase):
    def test_wrong_jobs_are_refused_by_name(self) -> None:
        lab = Lab()
        host = self.host(lab)
        text = {"kind": "text", "mime": "text/plain"}
        cases: list[tuple[str, Any, int, str]] = [
            ("model", "labs", 1006, "no model `labs`; did you mean lab?"),
            ("model", "zzz", 1006, "no model `zzz`; there are 3, such as: plain, lab, labrador"),
            ("model", 5, -32602, "`model`: expected a string, got an integer"),
            ("capability", "text-to-image", 1003, "`plain` has no capability `text-to-image`, only: text-to-text"),
            ("inputs", "x", -32602, "`inputs`: expected an array, got a string"),
            ("inputs", [{"kind": "text", "mime": 1}], -32602, "`inputs[0].mime`: expected a string, got an integer"),
            ("inputs", [text], -32602, "`inputs[0]`: expected exactly one of text, path and url, got 0"),
            ("inputs", [{**text, "text": "a", "url": "b"}], -32602, "one of text, path and url, got 2"),
            ("inputs", [], 1203, "the job has no input; one is needed"),
            ("inputs", [{"kind": "image", "mime": "image/png", "url": "x"}], 1203, "the input is image (image/png)"),
            ("jobDir", "relative/dir", -32602, "`jobDir`: expected an absolute path, got `relative/dir`"),
            ("deadlineMs", -1, -32602, "`deadlineMs`: expected an integer"),
            ("options", [], -32602, "`options`: expected an object, got an array"),
        ]
        for key, value, code, message in cases:
            self.assert_error(host.call("transform", {**JOB, key: value}), code, message)
        self.assert_error(host.call("transform"), -32602, "params: the field `model` is missing")
        self.assert_error(host.call("transform", [1, 2]), -32602, "params: expected an object, got an array")
        self.assertEqual(lab.count("begun"), 2, "only the jobs without a text reached the lab")

    def test_a_wrong_option_is_named_with_what_was_expected(self) -> None:
        host = self.host(Lab())

        def steps(value: Any) -> dict[str, Any]:
            return host.transform("plain", "text-to-text", text="option", options={"steps": value})

        error = self.assert_error(
            steps("many"), -32602, 'option `steps`: expected an integer from 1 to 255, got "many"'
        )
        expected = {"option": "steps", "expected": "an integer from 1 to 255", "got": '"many"'}
        self.assertEqual(error["data"], expected)
        wrongs: tuple[Any, ...] = (0, 256, 1.5, True, [1], {})
        for wrong in wrongs:
            self.assert_error(steps(wrong), -32602, "option `steps`")
        self.assertEqual(self.text_of(steps(None)), "7")
        self.assertEqual(self.text_of(steps(9)), "9")

    def test_unknown_methods_are_refused_and_unknown_notifications_ignored(self) -> None:
        host = self.host(Lab())
        for method in ("nonsense", "host/secret", "", "$/cancelRequest", "exit"):
            self.assert_error(host.call(method, {}), -32601, f"no method `{method}`")
        self.assert_error(host.call("estimate", JOB), -32601)
        host.notify("$/future", {"x": [1]})
        host.notify("transform", JOB)
        for params in ({}, {"id": "1"}, [1], None, {"id": 77}):
            host.notify("$/cancelRequest", params)
        self.assert_alive(host)
        self.assertNotIn("lastError", self.health(host))

    def test_garbage_is_ignored_and_never_answered(self) -> None:
        host = self.host(Lab())
        before = len(host.seen)
        deep = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b"[" * 10_000
        for line in (
            b"",
            b"hello",
            b"{",
            b"\xff\xfe\x00",
            b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
            b'{"id":1,"method":"ping"}',
            b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
            b'{"jsonrpc":"2.0","id":"1","method":"ping"}',
            b'{"jsonrpc":"2.0","id":1,"result":{}}',
            b'{"jsonrpc":"2.0"}',
            b'{"jsonrpc":"2.0","id":1,"id":1,"method":"ping"}',
            deep,
        ):
            host.send_bytes(line + b"\r\n")
        self.assert_alive(host)
        self.assertEqual(len(host.seen), before + 1)

    def test_a_request_that_cannot_be_read_is_refused_by_its_id(self) -> None:
        host = self.host(Lab())
        job = json.dumps(JOB)
        for number, wrong in enumerate(
            (
                job.replace("echo", "\\ud800"),
                job.replace('"j"', '"j","deadlineMs":1e999'),
                job.replace('"j"', '"j","options":{"x":' + '{"a":' * 200_000 + "1" + "}" * 200_001),
                job.replace('"j"', '"j","jobId":"k"'),
            )
        ):
            id = 900 + number
            host.send_bytes(f'{{"jsonrpc":"2.0","id":{id},"method":"transform","params":{wrong}}}\n'.encode())
            self.assert_error(host.answer(id), -32602)
        self.assert_alive(host)

    def test_a_second_request_with_the_id_of_one_that_runs_is_not_answered(self) -> None:
        host = self.host(Lab(2))
        id = host.start("lab", "text-to-text", text="sleep 100")
        host.send({"jsonrpc": "2.0", "id": id, "method": "transform", "params": JOB})
        self.assertEqual(self.text_of(host.answer(id)), "sleep 100")
        self.assert_alive(host)
        self.assertEqual(sum(frame.get("id") == id for frame in host.seen), 1)
        # Once it has been answered, the id may be used again.
        host.seen.clear()
        host.send({"jsonrpc": "2.0", "id": id, "method": "transform", "params": JOB})
        self.assertEqual(self.text_of(host.answer(id)), "echo")


class Configurations(LabCase):
    def test_it_is_needed_where_the_author_says_so(self) -> None:
        lab = Lab(needs_configuration=True)
        lab.provider.configure(lab.configured)
        host = self.host(lab, config={"apiKey": "sk-secret"})
        error = self.assert_error(host.configured, 1005, "setting `apiKey`: expected an integer")
        self.assertNotIn("sk-secret", str(error))
        self.assert_error(host.call("transform", JOB), 1004)
        self.assertEqual(self.health(host)["status"], "degraded")
        self.assert_error(host.call("configure"), 1005, "setting `apiKey` is missing")
        self.assert_error(host.call("configure", {"config": "sk-secret"}), -32602, "`config`: expected an object")

        host.seen.clear()
        id = host.request("configure", {"config": {"apiKey": 1}})
        self.assertEqual(host.answer(id)["result"], {"ready": True})
        stages = [frame["params"] for frame in host.seen if frame.get("method") == "$/startup"]
        self.assertEqual(stages, [{"stage": "loading", "fraction": 0.5}, {"stage": "warming"}])
        self.assertEqual(self.text_of(host.call("transform", JOB)), "echo")

    def test_configurations_are_taken_one_after_the_other(self) -> None:
        lab, order = Lab(), []

        @lab.provider.configure
        def configure(configuration: Any, startup: Any) -> None:
            if configuration.setting("first", bool, False):
                assert lab.gate.wait(20)
            order.append(configuration.config)

        host = self.host(lab)
        order.clear()
        ids = [host.request("configure", {"config": {"first": True}}), host.request("configure", {"config": {"x": 2}})]
        self.assert_alive(host)
        self.assertEqual(order, [])
        lab.gate.set()
        for id in ids:
            self.assertEqual(host.answer(id)["result"], {"ready": True})
        self.assertEqual(order, [{"first": True}, {"x": 2}])

    def test_services_are_found_by_name(self) -> None:
        lab, found = Lab(), []

        @lab.provider.configure
        async def configure(configuration: Any, startup: Any) -> None:
            found.append(configuration.endpoint("backend", "api"))

        host = self.host(lab)
        self.assert_error(host.configured, 1004, "no service `backend` is configured")
        wrong = {"services": {"backend": {"endpoints": {"metrics": "y"}}}}
        self.assert_error(host.call("configure", wrong), 1004, "has no endpoint `api`, only: metrics")
        right = {"services": {"backend": {"endpoints": {"api": "http://127.0.0.1:1"}}}}
        self.assertEqual(host.call("configure", right)["result"], {"ready": True})
        self.assertEqual(found, ["http://127.0.0.1:1"])


class OtherMethods(LabCase):
    def test_models_that_were_found_replace_the_declared_ones(self) -> None:
        lab = Lab()
        lab.provider.models(models)
        lab.provider.transform(lab.plain)
        host = self.host(lab)
        self.assertEqual([each["id"] for each in host.call("models")["result"]["models"]], ["lab-2"])
        self.assertEqual(self.text_of(host.transform("lab-2", "text-to-text", text="x")), "x")
        self.assert_error(host.transform("lab", "text-to-text", text="x"), 1006)

    def test_without_a_function_the_declared_models_are_listed(self) -> None:
        host = self.host(Lab())
        self.assertEqual(host.call("models")["result"]["models"], host.declaration["models"])

    def test_an_estimate_knows_of_the_media_but_not_the_media(self) -> None:
        lab = Lab()

        @lab.provider.estimate
        async def estimate(request: Any, context: Any) -> Any:
            (media,) = request.inputs
            assert media.text is None and context.job_id == ""
            return {
                "cost": __import__("decimal").Decimal("0.50"),
                "currency": "USD",
                "timeMs": media.meta["characters"],
            }

        host = self.host(lab)
        known = [{"kind": "text", "mime": "text/plain", "meta": {"characters": 5}}]
        asked = {"model": "lab", "capability": "text-to-text", "inputs": known}
        self.assertEqual(host.call("estimate", asked)["result"], {"cost": "0.50", "currency": "USD", "timeMs": 5})
        self.assert_error(host.call("estimate", {**asked, "model": "x"}), 1006)
        self.assert_error(host.call("estimate", {"model": "lab", "capability": "text-to-text"}), -32603, "ValueError")

    def test_health_may_be_the_authors(self) -> None:
        lab = Lab()

        @lab.provider.health
        def health(measured: Any) -> Any:
            measured.status, measured.last_error = "unhealthy", "no GPU"
            return measured

        found = self.health(self.host(lab))
        self.assertEqual((found["status"], found["lastError"], found["activeJobs"]), ("unhealthy", "no GPU", 0))

    def test_what_an_author_returns_is_held_to_the_protocol(self) -> None:
        provider = Provider("bad", version="1", models=models())
        provider.transform(lambda request, context: "x")
        provider.models(lambda: ["x"])  # type: ignore[type-var]
        provider.estimate(lambda request, context: {"cost": "much"})  # type: ignore[type-var]
        provider.health(lambda measured: None)  # type: ignore[type-var]
        lab = Lab()
        lab.provider = provider
        host = self.host(lab)
        for method in ("models", "health"):
            self.assert_error(host.call(method), -32603)
        asked = {"model": "lab-2", "capability": "text-to-text"}
        self.assert_error(host.call("estimate", asked), -32603, "`cost`: expected digits")
