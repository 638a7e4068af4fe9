"""A provider with bad manners, started by the tests as a program."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from prizm_plugin import Context, Provider, Request, init_logging, log, serve

FORGED = '{"jsonrpc":"2.0","id":1,"result":"forged"}'
rude = Provider("rude", version="1.0.0", max_in_flight=4)


@rude.model("rude", capabilities=["text-to-text"])
def transform(request: Request, context: Context) -> Any:
    what = request.text()
    if what == "print":
        print(FORGED)
        print("printed by the program é \ud800")
        os.write(1, b"written to descriptor 1\n")
        print("written to the first stdout", file=sys.__stdout__, flush=True)
        assert sys.stdin.read() == ""
        os.system("echo printed by a shell; cat")
        subprocess.run(["sh", "-c", "echo printed by a child; cat"], check=True)
        if os.path.isdir("/proc/self/fd"):
            subprocess.run(["ls", "-l", "/proc/self/fd"], check=True)
    elif what in ("fork", "fork-and-return"):
        return forked(context, returns=what != "fork")
    elif what == "stuck":
        while True:
            time.sleep(3600)
    elif what == "child":
        print("child", flush=True)
        script = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
        context.run([sys.executable, "-I", "-c", script], on_line=lambda pid: context.chunk_text(pid))
    elif what == "log":
        init_logging()
        logging.getLogger("acme").warning("slow: %d s", 5)
        logging.getLogger("acme").debug("not told")
        log.info("began", steps=5, model="m", odd=object)
        log.trace("x" * 100_000)
    elif what == "non-daemon":
        threading.Thread(target=time.sleep, args=(3600,)).start()
    return "done"


def forked(context: Context, *, returns: bool) -> str:
    context.chunk_text("before")
    child = os.fork()
    if child == 0:
        context.chunk_text("from the child")
        context.progress(0.5, "from the child")
        if returns:
            return "from the child"
        descriptors = [os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")[:-1]]
        print("held by the child:", *descriptors)
        sys.stdout.flush()
        os._exit(7)
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    print("printed before serve")
    if "terminated" in sys.argv:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    serve(rude)
