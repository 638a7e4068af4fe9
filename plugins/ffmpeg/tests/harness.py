"""A small host: starts the provider, talks to it, and looks after what it leaves."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parent.parent
PROVIDER = (sys.executable, "-B", "provider.py")
PATIENCE = 30.0
HELLO: dict[str, Any] = {
    "protocolVersions": ["1.0"],
    "host": {"name": "tests", "version": "0"},
    "limits": {"maxFrameBytes": 8 * 1024 * 1024, "maxInFlight": 64},
    "instanceId": "tests-1",
}


class Host:
    """One provider process and the conversation with it."""

    def __init__(self, command: Sequence[str] = PROVIDER, env: dict[str, str] | None = None) -> None:
        variables = {**os.environ, "PRIZM_PLUGIN": "1", **(env or {})}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, env=variables, stdin=pipe, stdout=pipe, stderr=pipe)
        self.frames: list[dict[str, Any]] = []
        self.noise: list[bytes] = []
        self.stderr = b""
        self._news = threading.Condition()
        self._closed = False
        self._next_id = 0
        self._threads = [threading.Thread(target=each) for each in (self._read_stdout, self._read_stderr)]
        for thread in self._threads:
            thread.start()

    def _read_stdout(self) -> None:
        for line in self.process.stdout:
            with self._news:
                try:
                    if line.strip():
                        self.frames.append(json.loads(line))
                except ValueError:
                    self.noise.append(line)
                self._news.notify_all()
        with self._news:
            self._closed = True
            self._news.notify_all()

    def _read_stderr(self) -> None:
        self.stderr = self.process.stderr.read()

    def write(self, data: bytes) -> None:
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, method: str, params: Any = None, *, notify: bool = False) -> int:
        """Send a request or a notification; gives the request's id."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": {} if params is None else params}
        if not notify:
            self._next_id += 1
            message["id"] = self._next_id
        self.write(json.dumps(message).encode() + b"\n")
        return self._next_id

    def wait_frame(self, accept: Callable[[dict[str, Any]], bool], patience: float = PATIENCE) -> dict[str, Any]:
        """The first frame that `accept` takes, as soon as it is there."""
        with self._news:
            found: list[dict[str, Any]] = []

            def look() -> bool:
                found[:] = [frame for frame in self.frames if accept(frame)]
                return bool(found) or self._closed

            if not self._news.wait_for(look, patience) or not found:
                raise AssertionError(f"no such frame; got {self.frames[-5:]}, stderr {self.stderr!r}")
            return found[0]

    def answer(self, request_id: int, patience: float = PATIENCE) -> dict[str, Any]:
        return self.wait_frame(lambda frame: frame.get("id") == request_id, patience)

    def call(self, method: str, params: Any = None) -> dict[str, Any]:
        return self.answer(self.send(method, params))

    def progress(self, request_id: int) -> list[dict[str, Any]]:
        with self._news:
            reports = [frame["params"] for frame in self.frames if frame.get("method") == "$/progress"]
        return [report for report in reports if report["id"] == request_id]

    def wait_encoding(self, request_id: int, above: float = -1) -> None:
        """Until ffmpeg has told of its own progress, by more than a fraction if given."""
        self.wait_frame(lambda frame: is_progress(frame, request_id) and frame["params"].get("fraction", -1) > above)

    def ready(self, config: dict[str, Any] | None = None) -> Host:
        self.call("initialize", HELLO)
        answer = self.call("configure", {"config": config or {}, "services": {}})
        assert answer.get("result") == {"ready": True}, answer
        return self

    def close(self) -> int:
        """Close stdin and wait for the end."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        status = wait_exit(self.process)
        for thread in self._threads:
            thread.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return status


def is_progress(frame: dict[str, Any], request_id: int) -> bool:
    return frame.get("method") == "$/progress" and frame["params"]["id"] == request_id


def wait_exit(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        raise AssertionError("the provider did not end") from None


def wait_until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """The living children of a process."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = [line.split() for line in table.splitlines()]
    return [int(row[0]) for row in rows if int(row[1]) == pid and not row[2].startswith("Z")]


def is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


@cache
def scratch() -> Path:
    """A directory for the whole run, with an accent, a space and a percent sign in its name."""
    path = Path(tempfile.mkdtemp(prefix="prizm ffmpeg é %03d "))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@cache
def sample(name: str) -> Path:
    """A generated file: see RECIPES."""
    path = scratch() / name
    # By a bare name: a '%' in the directory's name would be a pattern to ffmpeg's picture writer.
    argv = ["ffmpeg", "-v", "error", "-y", *RECIPES[name], name]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, cwd=path.parent)
    return path


PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=10")
SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=10")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
RECIPES: dict[str, tuple[str, ...]] = {
    "film.mp4": (*PICTURE, *SOUND, *H264, "-c:a", "aac", "-shortest"),
    "silent.mp4": (*PICTURE, *H264, "-t", "2"),
    "odd.mkv": ("-f", "lavfi", "-i", "testsrc2=size=321x241:rate=25:duration=1", "-c:v", "ffv1"),
    "live.mkv": (*PICTURE, "-t", "3", *H264, "-f", "matroska", "-live", "1"),
    "ribbon.mkv": ("-f", "lavfi", "-i", "testsrc2=size=16x2048:rate=5:duration=1", "-c:v", "ffv1"),
    "sound.wav": SOUND,
    "surround.wav": ("-f", "lavfi", "-i", "anoisesrc=d=0.5:r=96000:a=0.05", "-af",
                     "pan=5.1(side)|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0"),
    "picture.png": ("-f", "lavfi", "-i", "testsrc2=size=301x201", "-frames:v", "1", "-pix_fmt", "rgba"),
    "picture.jpg": ("-f", "lavfi", "-i", "testsrc2=size=320x240", "-frames:v", "1"),
    "picture.gif": ("-f", "lavfi", "-i", "testsrc2=size=64x48", "-frames:v", "1"),
    "clear.png": ("-f", "lavfi", "-i", "color=white@0.0:size=64x64,format=rgba", "-frames:v", "1"),
    "covered.mp3": (*SOUND, "-f", "lavfi", "-i", "testsrc2=size=64x64", "-map", "0:a", "-map", "1:v",
                    "-frames:v", "1", "-t", "2", "-disposition:v", "attached_pic", "-c:v", "png"),
}  # fmt: skip


def inspect(path: Path) -> dict[str, Any]:
    """What ffprobe says: {"duration", "video": stream, "audio": stream}."""
    argv = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", path.name]
    said = json.loads(subprocess.run(argv, stdout=subprocess.PIPE, check=True, cwd=path.parent).stdout)
    streams = {each["codec_type"]: each for each in said["streams"]}
    return {"duration": float(said["format"].get("duration", 0)), **streams}


class ProviderCase(unittest.TestCase):
    """A test with a provider that is ready and a job directory for each call."""

    def setUp(self) -> None:
        self.host = Host().ready()
        self.addCleanup(self.host.close)

    def job_dir(self, *files: Path | str, names: Sequence[str] = ()) -> Path:
        """A fresh job directory with copies of the files, under other names if given."""
        path = Path(tempfile.mkdtemp(prefix="job ", dir=scratch()))
        self.addCleanup(shutil.rmtree, path, ignore_errors=True)
        (path / "in").mkdir()
        (path / "out").mkdir()
        for index, file in enumerate(files):
            source = Path(file) if isinstance(file, Path) else sample(file)
            shutil.copy(source, path / "in" / (names[index] if index < len(names) else source.name))
        return path

    def params(
        self, job: Path, model: str, capability: str, options: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """The parameters of a transform of the job directory's only input."""
        if "inputs" not in more:
            kind = capability.split("-")[0]
            more["inputs"] = [
                {"kind": kind, "mime": f"{kind}/x", "path": f"in/{each.name}"}
                for each in sorted((job / "in").iterdir())
            ]
        return {
            "model": model,
            "capability": capability,
            "options": options or {},
            "jobId": "j",
            "jobDir": str(job),
            **more,
        }

    def transform(
        self, job: Path, model: str, capability: str, options: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """The only output of a transform that must succeed, with its absolute path as `file`."""
        answer = self.host.call("transform", self.params(job, model, capability, options, **more))
        self.assertIn("result", answer, answer)
        (output,) = answer["result"]["outputs"]
        self.assertEqual(sorted(str(each.relative_to(job)) for each in (job / "out").iterdir()), [output["path"]])
        self.assertEqual(output["kind"], capability.split("-")[2])
        return {**output, "file": job / output["path"]}

    def refused(
        self, job: Path, model: str, capability: str, options: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """The error of a transform that must fail, leaving nothing below out/."""
        answer = self.host.call("transform", self.params(job, model, capability, options, **more))
        self.assertIn("error", answer, answer)
        self.assertEqual(list((job / "out").iterdir()), [])
        self.assertNotIn(str(job), answer["error"]["message"])
        return answer["error"]

    def assert_kind(self, error: dict[str, Any], code: int, kind: str | None, *words: str) -> None:
        self.assertEqual((error["code"], error.get("data", {}).get("kind")), (code, kind), error)
        for word in words:
            self.assertIn(word, error["message"])


class SharedProviderCase(ProviderCase):
    """Tests that leave the provider as they found it, and so can share one."""

    host: Host

    @classmethod
    def setUpClass(cls) -> None:
        cls.host = Host().ready()
        cls.addClassCleanup(cls.host.close)

    def setUp(self) -> None:
        """The class has a provider already."""


def executable(path: Path, text: str) -> Path:
    """A script in place of a program."""
    path.write_text(text)
    path.chmod(0o755)
    return path
