/** Lines and frames, without a session. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { LineDecoder, classify, encode, idOfTruncatedRequest, readModel, Mismatch } from "../src/wire/index.js";

type Seen = string | [size: number, head: number];

function decode(limit: number, pieces: (string | Uint8Array)[]): Seen[] {
  const seen: Seen[] = [];
  const decoder = new LineDecoder(limit, {
    line: (bytes) => seen.push(bytes.toString()),
    oversized: (head, size) => seen.push([size, head.length]),
  });
  for (const piece of pieces) decoder.feed(Buffer.from(piece as string));
  decoder.finish();
  return seen;
}

test("lines end in LF or CRLF and blank ones are skipped", () => {
  assert.deepEqual(decode(64, ["\n\na\r\n \t\n\r\nb\n"]), ["a", "b"]);
  assert.deepEqual(decode(64, ["a\nb"]), ["a", "b"]);
});

test("a byte order mark is skipped at the start only", () => {
  assert.deepEqual(decode(64, ["\ufeffa\n\ufeffb\n"]), ["a", "\ufeffb"]);
  assert.deepEqual(decode(64, ["\n\ufeffb\n"]), ["\ufeffb"]);
});

test("an oversized line is discarded and the next one is read", () => {
  const text = `${"x".repeat(100_000)}\nnext\n`;
  const pieces = text.match(/[^]{1,777}/g) ?? [];
  assert.deepEqual(decode(5000, pieces), [[100_000, 4096], "next"]);
  assert.deepEqual(decode(5000, [text]), [[100_000, 4096], "next"]);
  assert.deepEqual(decode(3, ["abcd\nabc\n"]), [[4, 3], "abc"]);
});

test("any bytes in any pieces give the same lines", () => {
  let state = 7;
  const random = (most: number) => (state = (state * 48271) % 2147483647) % most;
  for (let round = 0; round < 300; round += 1) {
    const bytes = Uint8Array.from({ length: random(400) }, () => [10, 13, 32, 123, random(256)][random(5)] ?? 0);
    const [cut, limit] = [1 + random(40), 1 + random(64)];
    const pieces = [];
    for (let at = 0; at < bytes.length; at += cut) pieces.push(bytes.subarray(at, at + cut));
    assert.deepEqual(decode(limit, pieces), decode(limit, [bytes]));
  }
});

test("messages are told apart", () => {
  const cases: [line: string, told: string][] = [
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}', "request"],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}', "request"],
    ['{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1, {"id": 2}]}', "request"],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"extra":1}', "request"],
    ['{"params":{"method":"x","id":7},"\\u006dethod":"ping","id":1,"jsonrpc":"2.0"}', "request"],
    ['{"jsonrpc":"2.0","id":1,"method":"a\\"b","params":"}"}', "request"],
    ['{"jsonrpc":"2.0","method":"exit"}', "notification"],
    ['{"jsonrpc":"2.0","method":"exit","params":null}', "notification"],
    ['{"jsonrpc":"2.0","id":1,"result":null}', "result"],
    ['{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""},"extra":1}', "error"],
    ['  {"jsonrpc":"2.0","id":9007199254740991,"result":{}}  ', "result"],
    ['{"jsonrpc":"2.0","id":0,"method":"ping","params":{}} \t', "request"],
  ];
  for (const [line, told] of cases) {
    const message = classify(Buffer.from(line));
    assert.equal(typeof message === "object" ? message.type : message, told, line);
    if (told === "request" && typeof message === "object" && message.type === "request") assert.ok(message.id <= 1);
  }
});

test("noise is told from frames", () => {
  const id = "its id is not an integer from 0 to 2^53-1";
  const shape = "neither a request, a notification nor a response";
  const json = "not well-formed JSON";
  const cases: [line: string, noise: string][] = [
    ['{"jsonrpc":"2.0","id":9007199254740992,"result":{}}', id],
    ['{"jsonrpc":"2.0","id":9007199254740992,"method":"x","params":{}}', id],
    ['{"jsonrpc":"2.0","id":null,"result":{}}', id],
    ['{"jsonrpc":"2.0","id":"1","result":{}}', id],
    ['{"jsonrpc":"2.0","id":-1,"result":{}}', id],
    ['{"jsonrpc":"2.0","id":-0,"result":{}}', id],
    ['{"jsonrpc":"2.0","id":1.0,"result":{}}', id],
    ['{"jsonrpc":"2.0","id":1e3,"method":"x","params":{}}', id],
    ['{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', shape],
    ['{"jsonrpc":"2.0","id":1,"method":"m","result":{}}', shape],
    ['{"jsonrpc":"2.0","id":1}', shape],
    ['{"jsonrpc":"2.0","result":1}', shape],
    ['{"jsonrpc":"1.0","id":1,"result":{}}', "JSON, but not JSON-RPC 2.0"],
    ['{"id":1,"result":{}}', "JSON, but not JSON-RPC 2.0"],
    ['{"jsonrpc":"2.0","id":1,"id":2,"result":{}}', json],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":{},"id":2}', json],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":{},"\\u0069d":2}', json],
    ['{"jsonrpc":"2.0","id":01,"method":"x"}', json],
    ['{"jsonrpc":"2.0","id":1,"result":{}', json],
    ['{"jsonrpc":"2.0","id":1,"result":{}} trailing', json],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":{}} }', json],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":{}}{}', json],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":{} {}}', json],
    ['{"jsonrpc":"2.0","id":1,"method":"x","params":}', json],
    ['{"jsonrpc":"2.0" "id":1,"method":"x"}', json],
    ['{"jsonrpc', json],
    ["{}}", json],
    ['[{"jsonrpc":"2.0","id":1,"method":"a"}]', "not a JSON object"],
    ["Loading model weights...", "not a JSON object"],
    ["\u00a0{}", "not a JSON object"],
    ["", "not a JSON object"],
  ];
  for (const [line, noise] of cases) assert.equal(classify(Buffer.from(line)), noise, line);
  assert.equal(classify(Buffer.from([0x7b, 0xff])), json);
  assert.equal(classify(Buffer.from([0xff, 0x7b])), "not a JSON object");
});

test("the id of a cut request counts where it was read and the line is no answer", () => {
  const cases: [head: string, id: number | undefined][] = [
    ['{"jsonrpc":"2.0","id":7,"method":"transform","params":{"mod', 7],
    ['{"method":"transform","id":8,"params":{"text":"\\"id\\":9', 8],
    ['{"method":"transform","params":{"id":9', undefined],
    ['{"id":7,"result":{"a', undefined],
    ['{"id":"7","method":"transform', undefined],
    ['{"id":12', undefined],
    ["xxxxxxxxxxxx", undefined],
    ["", undefined],
  ];
  for (const [head, id] of cases) assert.equal(idOfTruncatedRequest(Buffer.from(head)), id, head);
});

test("a frame has a line feed on both sides, and is well-formed", () => {
  const frame = encode({ jsonrpc: "2.0", method: "$/log", params: { message: "a\nb" } });
  assert.equal(frame, '\n{"jsonrpc":"2.0","method":"$/log","params":{"message":"a\\nb"}}\n');
  assert.equal(encode({ text: "\ud83e \\ud83e \udd8a 🦊" }), '\n{"text":"\\ufffd \\\\ud83e \\ufffd 🦊"}\n');
});

test("what is wrong is named by its path", () => {
  const model = { id: "m", capabilities: ["a"], inputs: { a: [{ kind: "image" }, { kind: 3 }] } };
  assert.throws(() => readModel(model), (error) => error instanceof Mismatch && error.place === "inputs.a[1].kind");
  const strange = JSON.parse('{"id":"m","capabilities":[],"options":{"__proto__":{"type":"object"}}}') as unknown;
  assert.equal(JSON.stringify(readModel(strange)), JSON.stringify(strange));
});
