"""Programs that a job runs."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from prizm_plugin import Cancelled, Context, Error, ProgramFailed, Request

from .case import LabCase
from .lab import PATIENCE, Lab

SCRIPTS = {
    "lines": "print('one'); print('two', flush=True)",
    "stdin": "import sys; print(repr(sys.stdin.read()))",
    "fail": "import sys; sys.exit('the disk is\\non fire')",
    "hang": "import time; print('up', flush=True); time.sleep(600)",
    "stubborn": "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
    "closed": "import os, time; print('up', flush=True); os.close(1); os.close(2); time.sleep(600)",
    "flood": "import sys\nwhile True: sys.stdout.write('x' * 65536)",
    "signal": "import os; os.kill(os.getpid(), 9)",
    "where": "import os; print(os.getcwd())",
    "long": "print('x' * 200_000); print('after')",
}


class Programs(LabCase):
    def setUp(self) -> None:
        super().setUp()
        self.lines: list[str] = []
        self.lab = Lab(4)
        self.lab.provider.model("run", capabilities=["text-to-text"])(self.run_it)
        self.lab.provider.model("arun", capabilities=["text-to-text"])(self.run_in_a_coroutine)
        self.running = self.host(self.lab)

    def run_it(self, request: Request, context: Context) -> Any:
        keeps = request.option("keep", bool, False)
        argv = request.option("argv", list) or [sys.executable, "-I", "-c", SCRIPTS[request.text()]]

        def line(text: str) -> None:
            self.lines.append(text)
            if text == "up":
                self.lab.saw("up")

        try:
            done = context.run(
                argv,
                on_line=None if keeps else line,
                time_limit=request.option("limit", float),
                check=request.option("check", bool, True),
            )
        except Cancelled:
            self.lab.saw("cancelled")
            raise
        except ProgramFailed as error:
            self.lab.saw("failed")
            raise Error(
                "UpstreamError", error.message, details={"status": error.finished.returncode, "reason": error.reason}
            ) from None
        return f"{done.returncode} {done.stdout.decode()}"

    async def run_in_a_coroutine(self, request: Request, context: Context) -> Any:
        return await asyncio.to_thread(self.run_it, request, context)

    def start_script(self, name: str, model: str = "run", **options: Any) -> int:
        return self.running.start(model, "text-to-text", text=name, options=options)

    def script(self, name: str, **options: Any) -> dict[str, Any]:
        return self.running.answer(self.start_script(name, **options))

    def test_lines_go_to_whoever_wants_them_and_are_kept_otherwise(self) -> None:
        self.assertEqual(self.text_of(self.script("lines")), "0 ")
        self.assertEqual(self.lines, ["one", "two"])
        self.assertEqual(self.text_of(self.script("lines", keep=True)), "0 one\ntwo\n")
        self.lines.clear()
        self.assertEqual(self.text_of(self.script("long")), "0 ")
        self.assertEqual([len(line) for line in self.lines], [65536, 5])

    def test_stdin_is_empty(self) -> None:
        self.assertEqual(self.text_of(self.script("stdin", keep=True)), "0 ''\n")

    def test_a_failure_says_the_last_lines(self) -> None:
        error = self.assert_error(self.script("fail"), 1201, "failed with exit status 1: the disk is; on fire")
        self.assertEqual((error["data"]["status"], error["data"]["reason"]), (1, "status"))
        self.assert_error(self.script("signal"), 1201, "failed with signal 9")
        self.assertEqual(self.text_of(self.script("fail", check=False)), "1 ")
        missing = self.script("x", argv=["/no/such/program"])
        self.assert_error(missing, 1201, "`program` cannot be started: No such file or directory")

    def test_what_takes_too_long_or_prints_too_much_is_stopped(self) -> None:
        self.assert_error(self.script("hang", limit=0.2), 1201, "took too long and was stopped")
        self.assert_error(self.script("flood", keep=True), 1201, "printed more than 16777216 bytes and was stopped")

    def test_a_cancellation_ends_it_however_stubborn(self) -> None:
        for name in ("hang", "stubborn", "closed"):
            for model in ("run", "arun"):
                ups, ends = self.lab.count("up"), self.lab.count("cancelled")
                id = self.start_script(name, model)
                self.lab.wait("up", ups + 1)
                self.running.cancel(id)
                self.assert_error(self.running.answer(id), -32800)
                self.lab.wait("cancelled", ends + 1)

    def test_it_runs_in_the_jobs_directory(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            where = os.path.realpath(directory)
            answer = self.running.transform("run", "text-to-text", text="where", options={"keep": True}, jobDir=where)
        self.assertEqual(self.text_of(answer), f"0 {where}\n")


def wait_gone(pid: int) -> None:
    """Wait until a process that is no child of this one is gone."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").exists() and ") Z " in Path(f"/proc/{pid}/stat").read_text():
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    raise AssertionError(f"process {pid} is still there")
