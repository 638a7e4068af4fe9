"""A provider of many models, by the plain protocol: what a registry with thousands of models is measured with."""

import json
import sys

MODELS = int(sys.argv[1])


def answer(message):
    model = {"capabilities": ["text-to-text"], "typicalMs": 500}
    models = [
        {**model, "id": f"m{number}", "pricing": [{"unit": "token", "amount": f"0.{number:06}", "currency": "USD"}]}
        for number in range(MODELS)
    ]
    provider = {"id": "many", "version": "1.0.0", "type": "remote"}
    result = {"protocolVersion": "1.0", "provider": provider, "capabilities": ["text-to-text"], "models": models}
    return {"jsonrpc": "2.0", "id": message["id"], "result": result if message["method"] == "initialize" else {"ready": True}}


for line in filter(str.strip, sys.stdin):
    message = json.loads(line)
    if "id" in message:
        print(json.dumps(answer(message)), flush=True)
    if message.get("method") == "exit":
        break
