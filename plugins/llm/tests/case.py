"""What the tests share: one question to one server."""

from __future__ import annotations

import unittest
from typing import Any

from prizm_plugin.testing import Host

from prizm_llm.provider import MODEL, llm

from .server import Script, Server

CAPABILITY = "text-to-text"


class Case(unittest.TestCase):
    def ask(self, *scripts: Script, text: str = "Hello", config: Any = None, **more: Any) -> dict[str, Any]:
        """Ask a server with these scripts. What it was asked, and what came before the answer, is kept."""
        with Server(*scripts) as server, Host(llm, config={"baseUrl": server.url, **(config or {})}) as host:
            answer = host.transform(MODEL, CAPABILITY, text=text, **more)
            self.chunks = [chunk["text"] for chunk in host.notices(answer["id"], "$/chunk")]
            self.stages = {notice.get("stage") for notice in host.notices(answer["id"], "$/progress")}
            self.asked = server.asked
            return answer

    def said(self, *scripts: Script, **more: Any) -> str:
        """Ask; gives the text of the answer."""
        text: str = self.ask(*scripts, **more)["result"]["outputs"][0]["text"]
        return text

    def refused(self, kind: str, *scripts: Script, **more: Any) -> dict[str, Any]:
        """Ask for an error of this kind."""
        error: dict[str, Any] = self.ask(*scripts, **more)["error"]
        self.assertEqual(error.get("data", {}).get("kind"), kind, error)
        return error
