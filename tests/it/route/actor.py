"""A provider that plays what a test wrote: `actor.py DIRECTORY ID`.

`ID.json` is what it declares, `ID.steps` what it does: a step for each call, the last of them from then on.
Every call is a line of `ID.calls` before anything else comes of it; every cancellation, of `ID.cancelled`.
"""

import json
import os
import sys
import threading
import time

HERE, ME = sys.argv[1:3]
LOCK = threading.RLock()
WAITING = set()
CONFIG = {}


def path(kind):
    return os.path.join(HERE, f"{ME}.{kind}")


def send(message):
    with LOCK:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


def tell(method, **params):
    send({"method": method, "params": params})


def note(kind, what):
    with open(path(kind), "a") as file:
        file.write(what + "\n")


def next_step(text):
    with LOCK:
        note("calls", text)
        with open(path("calls")) as calls, open(path("steps")) as steps:
            scene = json.load(steps)
            at = len(calls.readlines()) - 1 - scene["after"]
    return scene["steps"][min(at, len(scene["steps"]) - 1)]


def outputs(step):
    if step.get("kind") == "image":
        return [{"kind": "image", "mime": "image/png", "text": "a picture, believe me"}]
    return [{"kind": "text", "mime": "text/plain", "text": step.get("text", ME)}]


def answer(step):
    if "key" in step and CONFIG.get("apiKey") != step["key"]:
        step = {"error": 1004}
    if "error" in step:
        message = step.get("message", f"{ME} fails as it was told")
        return {"error": {"code": step["error"], "message": message, "data": step.get("data", {})}}
    result = {"outputs": outputs(step)}
    if "cost" in step:
        result["usage"] = {"cost": step["cost"], "currency": "USD"}
    return {"result": result}


def play(call, step):
    if "accepted" in step:
        tell("$/accepted", id=call, remoteId=f"job-{call}", charged=step["accepted"])
    if "chunk" in step:
        tell("$/chunk", id=call, seq=1, text=step["chunk"])
    time.sleep(step.get("ms", 0) / 1000)
    if step.get("exit"):
        os._exit(9)
    with LOCK:
        if not step.get("hang") and call in WAITING:
            WAITING.discard(call)
            send({"id": call, **answer(step)})


def begin(call, params):
    with LOCK:
        WAITING.add(call)
    step = next_step(params["inputs"][0].get("text", ""))
    threading.Thread(target=play, args=(call, step), daemon=True).start()


def cancel(call):
    with LOCK:
        if call in WAITING:
            WAITING.discard(call)
            note("cancelled", str(call))
            send({"id": call, "error": {"code": -32800, "message": "cancelled"}})


for line in filter(str.strip, sys.stdin):
    message = json.loads(line)
    method, params = message["method"], message.get("params")
    if method == "exit":
        break
    elif method == "initialize":
        with open(path("json")) as file:
            send({"id": message["id"], "result": json.load(file)})
    elif method == "configure":
        CONFIG = params.get("config") or {}
        send({"id": message["id"], "result": {"ready": True}})
    elif method == "transform":
        begin(message["id"], params)
    elif method == "$/cancelRequest":
        cancel(params["id"])
    elif "id" in message:
        send({"id": message["id"], "result": {}})
