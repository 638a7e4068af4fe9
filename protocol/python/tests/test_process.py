"""What only a real process can show."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from typing import Any

from .plugin import HELLO, ROOT, Plugin, environment
from .test_children import wait_gone

RUDE = ROOT / "tests" / "rude.py"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
HELLO_FRAME = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": HELLO}
SCRIPT = f"{json.dumps(HELLO_FRAME)}\n{json.dumps(PING)}\n".encode()
LINUX = sys.platform == "linux"


def text_of(answer: dict[str, Any]) -> str:
    (output,) = answer["result"]["outputs"]
    text: str = output["text"]
    return text


class Guard(unittest.TestCase):
    def test_what_is_printed_never_reaches_the_channel(self) -> None:
        with Plugin(RUDE) as plugin:
            inodes = [os.stat(each.fileno()).st_ino for each in (plugin.process.stdin, plugin.process.stdout) if each]
            plugin.initialize()
            self.assertEqual(text_of(plugin.transform(2, "print")), "done")
            self.assertEqual(plugin.call(3, "ping")["result"], {})
            plugin.hang_up()
            self.assertEqual(plugin.ended()[0], 0)
            self.assertEqual(plugin.noise, [])
            said = plugin.said()
        for words in (
            "printed before serve",
            "forged",
            "printed by the program é \\ud800",
            "written to descriptor 1",
            "written to the first stdout",
            "printed by a shell",
            "printed by a child",
        ):
            self.assertIn(words, said)
        if LINUX:
            self.assertIn(" 0 -> /dev/null", said)
            for inode in inodes:
                self.assertNotIn(f"pipe:[{inode}]", said)

    @unittest.skipUnless(hasattr(os, "fork") and LINUX, "lists descriptors as only Linux can")
    def test_a_child_that_is_forked_has_nothing_of_the_channel(self) -> None:
        with Plugin(RUDE) as plugin:
            inodes = [os.stat(each.fileno()).st_ino for each in (plugin.process.stdin, plugin.process.stdout) if each]
            plugin.initialize()
            self.assertEqual(text_of(plugin.transform(2, "fork")), "7")
            self.assertEqual(text_of(plugin.transform(3, "fork-and-return")), "0")
            plugin.hang_up()
            self.assertEqual(plugin.ended()[0], 0)
            said = plugin.said()
        self.assertIn("held by the child: ", said)
        for inode in inodes:
            self.assertNotIn(f"pipe:[{inode}]", said)

    def test_stdout_and_stderr_may_be_one_pipe(self) -> None:
        with Plugin(RUDE, stderr=subprocess.STDOUT) as plugin:
            plugin.initialize()
            self.assertEqual(text_of(plugin.transform(2, "print")), "done")
            self.assertIn(b"written to descriptor 1", plugin.noise)

    def test_stderr_may_be_closed(self) -> None:
        command = f"exec {sys.executable} -B {RUDE} 2>&-"
        done = subprocess.run(["sh", "-c", command], input=SCRIPT, stdout=subprocess.PIPE, env=environment())
        self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines() if line], [0, 1])
        self.assertEqual(done.returncode, 0)


class ByHand(unittest.TestCase):
    EXPECTED = "`rude` is a Prizm provider, which Prizm starts. Try: prizm run rude INPUT\n"

    def test_run_by_hand_it_says_how_to_run_it(self) -> None:
        for cookie in ({}, {"PRIZM_PLUGIN": ""}, {"PRIZM_PLUGIN": "yes"}):
            env = {name: value for name, value in environment().items() if name != "PRIZM_PLUGIN"}
            with Plugin(RUDE, env={**env, **cookie}) as plugin:
                self.assertEqual(plugin.line(), b"printed before serve")
                self.assertIsNone(plugin.line())
                self.assertEqual(plugin.ended()[0], 64)
                self.assertEqual(plugin.said(), self.EXPECTED)

    def test_a_terminal_is_a_hand_too(self) -> None:
        controller, terminal = pty.openpty()
        try:
            with Plugin(RUDE, stdin=terminal) as plugin:
                self.assertEqual(plugin.ended()[0], 64)
                self.assertEqual(plugin.said(), self.EXPECTED)
        finally:
            os.close(controller)
            os.close(terminal)


class Ends(unittest.TestCase):
    def test_shutdown_then_exit(self) -> None:
        with Plugin(RUDE) as plugin:
            plugin.initialize()
            self.assertEqual(plugin.call(1, "configure", {})["result"], {"ready": True})
            self.assertEqual(plugin.call(2, "shutdown")["result"], {})
            plugin.send({"method": "exit"})
            self.assertEqual(plugin.ended()[0], 0)
            self.assertEqual(plugin.said(), "printed before serve\n")

    def test_the_end_of_stdin_and_exit_end_it_though_threads_are_stuck(self) -> None:
        for how in ("hang up", "exit"):
            for what in ("stuck", "non-daemon"):
                with Plugin(RUDE) as plugin:
                    plugin.initialize()
                    plugin.begin(1, what)
                    plugin.call(2, "ping")
                    if how == "exit":
                        plugin.send({"method": "exit"})
                    else:
                        plugin.hang_up()
                    status, took = plugin.ended()
                    self.assertEqual(status, 0)
                    self.assertLess(took, 2)

    def test_the_end_of_stdin_answers_what_is_ready(self) -> None:
        done = subprocess.run([sys.executable, "-B", RUDE], input=SCRIPT, capture_output=True, env=environment())
        self.assertEqual([json.loads(line)["id"] for line in done.stdout.splitlines() if line], [0, 1])
        self.assertEqual(done.returncode, 0)

    def test_a_closed_stdout_ends_it_with_a_reason(self) -> None:
        with Plugin(RUDE) as plugin:
            plugin.initialize()
            assert plugin.process.stdout is not None
            plugin.process.stdout.close()
            plugin.send(PING)
            self.assertEqual(plugin.ended()[0], 1)
            self.assertIn("cannot write to the host: ", plugin.said())
            plugin.process.stdout = None

    def test_programs_of_jobs_end_with_it(self) -> None:
        for how in ("hang up", "exit", "kill"):
            with Plugin(RUDE) as plugin:
                plugin.initialize()
                plugin.begin(1, "child")
                line = plugin.line()
                assert line is not None
                pid = int(json.loads(line)["params"]["text"])
                if how == "exit":
                    plugin.send({"method": "exit"})
                elif how == "hang up":
                    plugin.hang_up()
                else:
                    plugin.process.terminate()
                    os.kill(pid, 15)  # As the host does, which signals the group.
                plugin.ended()
                wait_gone(pid)

    def test_a_signal_handler_of_the_authors_may_end_it(self) -> None:
        script = textwrap.dedent(f"""
            import runpy, sys
            sys.argv = ["rude.py", "terminated"]
            runpy.run_path({str(RUDE)!r}, run_name="__main__")
        """)
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(script)
            file.flush()
            with Plugin(Path(file.name)) as plugin:
                plugin.initialize()
                plugin.begin(1, "stuck")
                plugin.call(2, "ping")
                plugin.process.terminate()
                self.assertEqual(plugin.ended()[0], 143)


class Channels(unittest.TestCase):
    def test_files_serve_as_one(self) -> None:
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
            source.write(SCRIPT)
            source.seek(0)
            done = subprocess.run(
                [sys.executable, "-B", RUDE], stdin=source, stdout=sink, stderr=subprocess.DEVNULL, env=environment()
            )
            self.assertEqual(done.returncode, 0)
            sink.seek(0)
            answers = [json.loads(line) for line in sink.read().splitlines() if line]
        self.assertEqual([answer["id"] for answer in answers], [0, 1])

    def test_sockets_serve_as_one(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, Plugin(RUDE, stdin=theirs, stdout=theirs) as plugin:
            theirs.close()
            ours.settimeout(30)
            ours.sendall(SCRIPT)
            ours.shutdown(socket.SHUT_WR)
            said = b""
            while data := ours.recv(65536):
                said += data
            self.assertEqual([json.loads(line)["id"] for line in said.splitlines() if line], [0, 1])
            self.assertEqual(plugin.ended()[0], 0)

    def test_two_hundred_large_jobs_pass_through_pipes(self) -> None:
        script = textwrap.dedent("""
            from prizm_plugin import Provider, serve
            rude = Provider("rude", version="1", max_in_flight=64)
            rude.model("rude", capabilities=["text-to-text"])(lambda request, context: request.text())
            serve(rude)
        """)
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(script)
            file.flush()
            with Plugin(Path(file.name)) as plugin:
                plugin.initialize()
                body = "b" * 64 * 1024
                # Written and read in turn: a host that only writes is made to wait.
                for first in range(1, 201, 40):
                    for id in range(first, first + 40):
                        plugin.begin(id, f"{id} {body}")
                    answered: set[int] = set()
                    while len(answered) < 40:
                        line = plugin.line()
                        assert line is not None
                        answer = json.loads(line)
                        self.assertEqual(text_of(answer), f"{answer['id']} {body}")
                        answered.add(answer["id"])
                    self.assertEqual(answered, set(range(first, first + 40)))


class Log(unittest.TestCase):
    def test_it_is_json_lines(self) -> None:
        with Plugin(RUDE) as plugin:
            plugin.initialize()
            self.assertEqual(text_of(plugin.transform(1, "log")), "done")
            plugin.hang_up()
            plugin.ended()
            lines = [json.loads(line) for line in plugin.said().splitlines()[1:]]
        self.assertEqual(lines[0], {"level": "warn", "msg": "slow: 5 s", "target": "acme"})
        fields = {"steps": 5, "model": "m", "odd": "<class 'object'>"}
        self.assertEqual(lines[1], {"level": "info", "msg": "began", "fields": fields})
        self.assertEqual(lines[2]["level"], "trace")
        self.assertLess(len(lines[2]["msg"]), 10_000)
        self.assertEqual(len(lines), 3)


class Start(unittest.TestCase):
    def test_what_only_jobs_need_is_not_imported_before_the_handshake(self) -> None:
        script = textwrap.dedent("""
            import sys
            before = set(sys.modules)
            import os
            from prizm_plugin import Provider, serve, stdio
            own = Provider("own", version="1", max_in_flight=64)
            async def transform(request, context):
                return "x"
            own.model("own", capabilities=["text-to-text"])(transform)
            read = os.read
            def told(*args):
                names = " ".join(sorted(set(sys.modules) - before))
                os.read = read
                print(names, file=sys.stderr, flush=True)
                return b""
            os.read = told
            serve(own)
        """)
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{script}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment(),
        )
        imported = set(done.stderr.decode().split())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("prizm_plugin.service", imported)
        costly = {
            "asyncio",
            "json",
            "re",
            "enum",
            "typing",
            "threading",
            "pathlib",
            "inspect",
            "logging",
            "dataclasses",
        }
        self.assertEqual(imported & costly, set())

    def test_every_name_is_there(self) -> None:
        import prizm_plugin

        for name in prizm_plugin.__all__:
            self.assertIsNotNone(getattr(prizm_plugin, name))
            self.assertIn(name, dir(prizm_plugin))
        with self.assertRaisesRegex(AttributeError, "has no attribute 'nothing'"):
            _ = prizm_plugin.nothing
