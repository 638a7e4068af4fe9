"""Which server is asked."""

from __future__ import annotations

import unittest

from prizm_plugin.testing import Host

from prizm_llm.address import Address
from prizm_llm.provider import MODEL, llm

from .case import CAPABILITY, Case
from .server import END, Server, piece, stream


class Settings(Case):
    def test_a_new_configuration_is_for_new_jobs(self) -> None:
        with Server(stream(piece("one"), END)) as first, Server(stream(piece("two"), END)) as second, Host(llm) as host:
            for server, said in ((first, "one"), (second, "two")):
                services = {"backend": {"endpoints": {"http": server.url}}}
                host.call("configure", {"config": {}, "services": services})
                answer = host.transform(MODEL, CAPABILITY, text="x")
                self.assertEqual(answer["result"]["outputs"][0]["text"], said)

    def test_without_a_server_it_is_not_configured(self) -> None:
        with Host(llm) as host:
            self.assertEqual(host.configured["result"], {"ready": True})
            error = host.transform(MODEL, CAPABILITY, text="x")["error"]
        self.assertEqual(error["data"]["kind"], "NotConfigured")
        self.assertIn("`baseUrl`", error["message"])

    def test_the_users_own_server_comes_before_the_service(self) -> None:
        with Server() as service, Server(stream(END)) as own, Host(llm, ready=True) as host:
            services = {"backend": {"endpoints": {"http": service.url}}}
            config = {"baseUrl": own.url, "apiKey": "k-1234567", "model": "other"}
            host.call("configure", {"config": config, "services": services})
            host.transform(MODEL, CAPABILITY, text="x")
        _, headers, body = own.asked[0]
        self.assertEqual((headers["Authorization"], body["model"], service.asked), ("Bearer k-1234567", "other", []))

    def test_without_a_key_none_is_sent(self) -> None:
        for config in ({}, {"apiKey": ""}):
            self.ask(stream(END), config=config)
            self.assertNotIn("Authorization", self.asked[0][1])

    def test_wrong_settings_are_named_and_not_quoted(self) -> None:
        wrong = {
            "baseUrl": (
                "",
                "127.0.0.1:80",
                "ftp://secret.example",
                "http://",
                "http://h:x",
                "http://h:0",
                "http://[::1",
                "http://a b/",
                "http://a..b/",
                "http://h/a b",
                "http://h/é",
                "http://user:secret@h/",
                "http://h/?key=secret",
                "http://h/#secret",
                5,
            ),
            "apiKey": ("k-1234567\n", "k 1234567", "schlüssel", 5),
            "model": (5,),
        }
        for name, values in wrong.items():
            for value in values:
                with self.subTest(value), Host(llm, config={"baseUrl": "http://h", name: value}) as host:
                    error = host.configured["error"]
                    self.assertEqual((error["data"]["kind"], error["data"]["setting"]), ("ConfigInvalid", name))
                    self.assertIn(f"`{name}`", error["message"])
                    for secret in filter(None, (str(value).strip(), "secret")):
                        self.assertNotIn(secret, error["message"])


class Addresses(unittest.TestCase):
    def test_a_server_is_named_with_v1_or_without(self) -> None:
        for base, host, port, path in (
            ("http://h", "h:80", 80, "/v1"),
            ("http://h:8080/", "h:8080", 8080, "/v1"),
            ("https://h/v1", "h:443", 443, "/v1"),
            ("http://[::1]:81/v1/", "[::1]:81", 81, "/v1"),
            ("http://h/api", "h:80", 80, "/api/v1"),
            ("http://h/api/v1", "h:80", 80, "/api/v1"),
        ):
            address = Address.of(base)
            expected = (host, port, f"{path}/chat/completions", base.startswith("https"))
            self.assertEqual((str(address), address.port, address.path, address.tls), expected)
