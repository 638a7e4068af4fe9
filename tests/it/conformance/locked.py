"""A provider that does nothing without a key."""

import json
import os
import sys

if os.environ.get("PRIZM_PLUGIN") != "1":
    print("a host starts this", file=sys.stderr)
    sys.exit(64)

SCHEMA = {"type": "object", "required": ["apiKey"], "properties": {
    "apiKey": {"type": "string", "writeOnly": True, "description": "the key"},
    "aloud": {"type": "boolean", "description": "whether it is told to everybody"}}}
DECLARATION = {
    "protocolVersion": "1.0", "provider": {"id": "locked", "version": "1.0.0", "type": "remote"},
    "capabilities": ["text-to-text"], "models": [{"id": "m", "capabilities": ["text-to-text"], "isFree": True}],
    "configSchema": SCHEMA,
}
config = {}


def refuse(code, kind, message):
    return {"error": {"code": code, "message": message, "data": {"kind": kind, "retryable": False}}}


def answer(method, params):
    if method == "initialize":
        return {"result": DECLARATION}
    if method == "configure":
        config.clear()
        config.update(params["config"])
        if "apiKey" not in config:
            return refuse(1004, "NotConfigured", "`apiKey` is missing")
        if not isinstance(config["apiKey"], str):
            return refuse(1005, "ConfigInvalid", "`apiKey` is no text")
        if config.get("aloud") is True:
            print("the key is", config["apiKey"], file=sys.stderr, flush=True)
        return {"result": {"ready": True}}
    if method == "models":
        return {"result": {"models": DECLARATION["models"]}}
    if method == "health":
        return {"result": {"status": "healthy", "uptimeMs": 1, "activeJobs": 0, "queuedJobs": 0}}
    if method in ("ping", "shutdown"):
        return {"result": {}}
    if method == "transform":
        return {"result": {"outputs": params["inputs"]}}
    return {"error": {"code": -32601, "message": f"no method `{method}`"}}


for line in sys.stdin.buffer:
    try:
        message = json.loads(line)
    except ValueError:
        continue
    if not isinstance(message, dict):
        continue
    if message.get("method") == "exit":
        sys.exit(0)
    if isinstance(message.get("id"), int) and "method" in message:
        reply = {"jsonrpc": "2.0", "id": message["id"], **answer(message["method"], message.get("params") or {})}
        sys.stdout.write("\n" + json.dumps(reply) + "\n")
        sys.stdout.flush()
