/** Servers that say what no server should: nothing is sent twice, paid answers are kept, and no key gets out. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Host, said } from "./host.js";
import { Loopback } from "./loopback.js";

const KEY = "sk-abcdefghijklmnopqrstuvwxyz0123456789";
const STREAM = { "content-type": "text/event-stream" };
const PAINT = { model: "image", capability: "text-to-image" };

let loopback: Loopback;
let host: Host;

beforeEach(async () => {
  loopback = await Loopback.start();
  host = new Host();
  await host.open(loopback.settings({ apiKey: KEY }));
});
afterEach(async () => {
  await host.close();
  await loopback.stop();
});

const answers = (body: object | string, headers: object = {}, operation = "chat", status = 200) =>
  loopback.say("fault", { operation, status, headers, body });
const refuses = (status: number, message: string, more: object = {}) =>
  answers({ error: { message, ...more } }, {}, "chat", status);
const streams = (...events: readonly (object | string)[]) =>
  answers(events.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join(""), STREAM);
const hello = { choices: [{ index: 0, delta: { content: "hello" }, finish_reason: "stop" }] };

test("a job that a server calls misdirected is sent once", async () => {
  const sound = { model: "transcription", capability: "audio-to-text", inputs: [host.sound()] };
  for (const [operation, job] of [["chat", {}], ["image", PAINT], ["transcription", sound]] as const) {
    const before = loopback.ledger.journal.length;
    loopback.say("fault", { operation, times: 2, status: 421, body: { error: { message: "misdirected" } } });
    const { code, data } = await host.failed(job);
    assert.deepEqual([code, data["upstreamStatus"], data["retryable"]], [1201, 421, false]);
    assert.deepEqual(loopback.ledger.journal.slice(before).map(({ method }) => method), ["POST"]);
  }
});

test("numbers that make no sense leave the answer as it is", async () => {
  for (const [number, tokens] of [[1e21, undefined], [1e300, undefined], [1e-7, undefined], [1.5, undefined], [7, 7]]) {
    streams({ ...hello, usage: { prompt_tokens: number, completion_tokens: 2, cost: 1e300, seconds: number } }, "[DONE]");
    const done = await host.done();
    assert.deepEqual([said(done), done.usage?.["promptTokens"], done.usage?.["completionTokens"]], ["hello", tokens, 2]);
  }
  const sound = { model: "transcription", capability: "audio-to-text", inputs: [host.sound()] };
  for (const seconds of [1.5, 1e-7, 1e21]) {
    answers({ text: "hello", usage: { type: "duration", seconds } }, {}, "transcription");
    const { usage } = await host.done(sound);
    assert.equal(usage?.["seconds"], seconds > 1e9 ? undefined : seconds);
  }
});

test("a key that a server repeats is nowhere, not even a part of it", async () => {
  const parts = (text: string) => assert.ok(!text.includes(KEY.slice(0, 12)), text);
  for (const before of [470, 490, 499, 1990]) {
    refuses(400, "x".repeat(before) + KEY, { code: "c".repeat(90) + KEY });
    await host.failed();
    answers("x".repeat(before) + KEY, {}, "chat", 400);
    await host.failed();
  }
  answers("x".repeat(60) + KEY, { "content-type": "application/json" });
  await host.failed();
  streams(`{${"x".repeat(80)}${KEY}`);
  await host.failed();
  streams({ choices: [{ delta: { refusal: "x".repeat(480) } }] }, { choices: [{ delta: { refusal: KEY } }] });
  await host.failed();
  streams({ id: KEY, model: `m-${KEY}`, choices: [{ delta: { content: "hello" }, finish_reason: KEY }] }, "[DONE]");
  const { meta } = await host.done();
  assert.deepEqual([meta?.["requestId"], meta?.["model"]], ["[redacted]", "m-[redacted]"]);
  answers(`data: ${JSON.stringify(hello)}\n\n`, { ...STREAM, "x-request-id": KEY });
  const { notices } = await host.done();
  assert.equal(notices.find(({ method }) => method === "$/accepted")?.params["remoteId"], "[redacted]");
  answers({ data: [] }, { "x-request-id": KEY }, "image");
  await host.failed(PAINT);
  parts(host.written);
});

test("what is told of a job is the provider's own word, whatever the key is", async () => {
  for (const apiKey of ["k", "charged", "UpstreamError"]) {
    await host.configure(loopback.settings({ apiKey }));
    refuses(500, "kaputt");
    const { data, message } = await host.failed();
    assert.deepEqual([data["kind"], data["charged"], message], ["UpstreamError", "no", "kaputt"]);
  }
});

test("an address with a password is refused", async () => {
  for (const user of ["user:word@", ":word@", "user@"]) {
    const { error } = await host.configure(loopback.settings({ baseUrl: `http://${user}127.0.0.1:9/v1` }));
    assert.equal(error?.code, 1005);
    assert.ok(!JSON.stringify(error).includes("word@"));
  }
});

test("names and refusals have an end", async () => {
  const finish_reason = "f".repeat(4e6);
  streams({ model: "m".repeat(4e6), choices: [{ delta: { content: "hello" }, finish_reason }] }, "[DONE]");
  assert.ok(JSON.stringify((await host.done()).meta).length < 1000);
  const event = { choices: [{ delta: { refusal: "no".repeat(2 ** 19) } }] };
  streams(...Array.from({ length: 64 }, () => event));
  const { code, message } = await host.failed();
  assert.deepEqual([code, message.length], [1202, 500]);
});

test("an output is at most so large that it can be read at all", async () => {
  const { error } = await host.configure(loopback.settings({ maxOutputBytes: 2 ** 28 + 1 }));
  assert.deepEqual([error?.code, (error?.data as { setting?: string }).setting], [1005, "maxOutputBytes"]);
});

test("a connection that TLS refuses, or Node, was none: nothing was sent", async () => {
  for (const baseUrl of [`${loopback.url.replace("http:", "https:")}/v1`, "http://127.0.0.1:6000/v1"]) {
    await host.configure(loopback.settings({ baseUrl }));
    const { code, data } = await host.failed();
    assert.deepEqual([code, data["accepted"], data["charged"], data["retryable"]], [1201, undefined, "no", true], baseUrl);
  }
});

test("a status counts, whatever becomes of what is said with it", async () => {
  const long = { error: { message: "x".repeat(1000) } };
  for (const fault of [{ how: "cut", body: long }, { how: "flood" }, { body: "x".repeat(33 * 2 ** 20) }]) {
    const headers = { "retry-after": "2" };
    loopback.say("fault", { operation: "chat", status: 429, headers, ...fault });
    const { code, data } = await host.failed();
    assert.deepEqual([code, data["retryAfterMs"], data["upstreamStatus"]], [1102, 2000, 429]);
    loopback.say("fault", { operation: "chat", status: 401, ...fault });
    assert.equal((await host.failed()).code, 1005);
  }
});
