import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { afterEach, beforeEach, test } from "node:test";

import { Host } from "./host.js";
import { Loopback } from "./loopback.js";

let loopback: Loopback;
let host: Host;

beforeEach(async () => {
  loopback = await Loopback.start();
  host = new Host();
  await host.open(loopback.settings());
});
afterEach(async () => {
  await host.close();
  await loopback.stop();
});

const error = (message: string, code: string | null = null, param: string | null = null) => ({
  error: { message, type: "invalid_request_error", code, param },
});

test("each refusal has its name, and is not repeated", async () => {
  const cases: readonly [number, object | string, number, boolean][] = [
    [401, error("no", "invalid_api_key"), 1005, false],
    [402, error("Insufficient credits"), 1104, false],
    [403, error("Country not supported", "unsupported_country_region_territory"), 1005, false],
    [403, error("flagged by moderation"), 1202, false],
    [404, error("The model `x` does not exist", "model_not_found"), 1006, false],
    [400, error("too long", "context_length_exceeded", "messages"), 1203, false],
    [400, error("the request exceeds the available context size", "exceed_context_size_error"), 1203, false],
    [400, error("rejected", "content_policy_violation"), 1202, false],
    [400, error("bad", "invalid_value", "temperature"), -32602, false],
    [413, "too large", 1203, false],
    [422, { detail: [{ loc: ["body", "seed"], msg: "no", type: "x" }] }, -32602, false],
    [429, error("slow down"), 1102, true],
    [429, error("You exceeded your current quota", "insufficient_quota"), 1104, false],
    [500, error("oops"), 1201, true],
    [400, error("Billing hard limit has been reached", "billing_hard_limit_reached"), 1104, false],
    [400, error("no more", "insufficient_quota"), 1104, false],
    [400, error("invalid model ID", "model_not_found", "model"), 1006, false],
    [408, error("timeout"), 1201, false],
    [502, "bad gateway", 1201, false],
    [503, { error: { message: "Loading model", type: "unavailable_error", code: 503 } }, 1103, true],
    [504, "gateway timeout", 1201, false],
    [307, "elsewhere", 1201, false],
  ];
  for (const [status, body, code, retryable] of cases) {
    loopback.say("fault", { operation: "chat", status, body });
    const failed = await host.failed();
    const told = [failed.code, failed.data["retryable"] ?? false, failed.data["upstreamStatus"]];
    assert.deepEqual(told, [code, retryable, status], JSON.stringify(failed));
    const lost = [408, 502, 504].includes(status) ? [true, "unknown"] : [undefined, "no"];
    assert.deepEqual([failed.data["accepted"], failed.data["charged"]], lost, JSON.stringify(failed));
  }
  assert.deepEqual([loopback.ledger.journal.length, loopback.ledger.submissions.length], [cases.length, 0]);
});

test("the wait that is asked for, in each of its forms", async () => {
  const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString();
  const cases: readonly [Record<string, string>, number, number][] = [
    [{ "retry-after": "7" }, 7000, 7000],
    [{ "retry-after": inTwoMinutes }, 100_000, 121_000],
    [{ "retry-after-ms": "1500", "retry-after": "2" }, 1500, 1500],
    [{}, NaN, NaN],
    [{ "retry-after": "soon" }, NaN, NaN],
    [{ "retry-after": "9".repeat(25) }, 2 ** 31 - 1, 2 ** 31 - 1],
    [{ "retry-after-ms": "1e300" }, 2 ** 31 - 1, 2 ** 31 - 1],
    [{ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m0.5s" }, 60_500, 60_500],
  ];
  for (const [headers, least, most] of cases) {
    loopback.say("fault", { operation: "chat", status: 429, headers, body: error("slow down") });
    const { code, data } = await host.failed();
    const wait = Number(data["retryAfterMs"] ?? NaN);
    assert.ok(Object.is(wait, least) || (wait >= least && wait <= most), `${wait}`);
    assert.deepEqual([code, data["retryable"]], [1102, true]);
  }
});

test("an answer that is lost counts as taken; nobody there does not", async () => {
  loopback.say("fault", { operation: "image", how: "reset", done: true });
  const lost = await host.failed({ model: "image", capability: "text-to-image" });
  const { retryable, accepted, charged } = lost.data;
  assert.deepEqual([lost.code, retryable, accepted, charged], [1201, false, true, "unknown"]);
  assert.equal(loopback.ledger.submissions.length, 1);
  const gone = await Loopback.start();
  await gone.stop();
  await host.configure(loopback.settings({ baseUrl: `${gone.url}/v1` }));
  const absent = await host.failed();
  assert.deepEqual([absent.code, absent.data["retryable"], absent.data["charged"]], [1201, true, "no"]);
});

test("an output is of bounded size", async () => {
  await host.configure(loopback.settings({ maxOutputBytes: 50 }));
  const job = { model: "image", capability: "text-to-image" };
  assert.match((await host.failed(job)).message, /more than 50 bytes/);
  loopback.say("answer", { images: "url" });
  assert.match((await host.failed(job)).message, /more than 50 bytes/);
});

test("what has no end is not kept: an answer, a line, an event, comments", async () => {
  const type = { "content-type": "text/event-stream" };
  const json = { "content-type": "application/json" };
  for (const fault of [
    { how: "flood", status: 200, headers: json },
    { how: "flood", status: 200, headers: type },
    { status: 200, headers: type, body: `data: {"a":\n${`data: ${"1".repeat(1000)},\n`.repeat(9000)}` },
    { status: 200, headers: type, body: `data: {\n${"data:\n".repeat(600_000)}` },
  ]) {
    loopback.say("fault", { operation: "chat", ...fault });
    const { code, message } = await host.failed();
    assert.equal(code, 1201);
    assert.match(message, /more than \d+ (bytes|characters)/);
  }
  loopback.say("fault", { operation: "chat", status: 200, headers: type, body: ": on\n".repeat(2 ** 16) });
  assert.match((await host.failed()).message, /ended before it began/);
});

test("a server that says nothing is given up at the deadline, or when the job is cancelled, and hears so", async () => {
  for (const operation of ["chat", "image"] as const) {
    const job = operation === "chat" ? {} : { model: "image", capability: "text-to-image" };
    loopback.say("fault", { operation, how: "stall", times: 2 });
    assert.equal((await host.failed({ ...job, deadlineMs: 200 })).code, 1101);
    let id = 0;
    const answer = host.transform(job, (begun) => (id = begun));
    const asked = loopback.ledger.journal.length + 1;
    while (loopback.ledger.journal.length < asked) await new Promise((resolve) => setImmediate(resolve));
    host.cancel(id);
    assert.equal((await answer).error?.code, -32800);
  }
  assert.deepEqual(loopback.ledger.journal.map(({ status }) => status), ["stall", "stall", "stall", "stall"]);
});

test("a redirection is not followed: neither the job nor the key goes elsewhere", async () => {
  const other = await Loopback.start();
  const headers = { location: `${other.url}/v1/chat/completions` };
  loopback.say("fault", { operation: "chat", status: 307, headers, body: "" });
  assert.equal((await host.failed()).data["upstreamStatus"], 307);
  assert.deepEqual(other.ledger.journal, []);
  await other.stop();
});

test("keys: a wrong one, one without money, one that a server repeats", async () => {
  await host.configure(loopback.settings({ apiKey: "wrong" }));
  assert.equal((await host.failed()).code, 1005);
  await host.configure(loopback.settings({ apiKey: "broke" }));
  assert.equal((await host.failed()).code, 1104);
  const key = 'hunter2-"hunter2"';
  await host.configure(loopback.settings({ apiKey: key }));
  loopback.say("fault", { operation: "chat", status: 400, body: error(`Key ${key}`, key) });
  assert.match((await host.failed()).message, /redacted/);
  assert.ok(!host.written.includes("hunter2"));
});

test("what it writes for people has no key, either", async () => {
  const key = "hunter2-hunter2";
  const fault = { operation: "models", status: 400, body: error(`Key ${key}`, key) };
  loopback.say("fault", { ...fault, times: 9 });
  const child = spawn("node", ["dist/src/main.js"], { env: { ...process.env, PRIZM_PLUGIN: "1" } });
  const initialize = { protocolVersions: ["1.0"], host: { name: "test", version: "0" }, instanceId: "test" };
  const limits = { maxFrameBytes: 2 ** 23, maxInFlight: 1 };
  const config = loopback.settings({ apiKey: key });
  const calls = [
    ["initialize", { ...initialize, limits }],
    ["configure", { config, services: {} }],
    ["models", {}],
  ] as const;
  const text = new Response(Readable.toWeb(child.stderr) as never).text();
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  for (const [id, [method, params]] of calls.entries()) {
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    for (;;) {
      const { value } = await lines.next();
      if ((JSON.parse(String(value) || "{}") as { id?: number }).id === id) break;
    }
  }
  child.stdin.end();
  const written = await text;
  assert.match(written, /the list of models is/);
  assert.match(written, /redacted/);
  assert.ok(!written.includes(key), written);
});

test("a job that is cancelled in the middle ends at the server, and was submitted once", async () => {
  loopback.say("hold", { after: 3 });
  const chunk = host.notice(({ method }) => method === "$/chunk");
  let id = 0;
  const answer = host.transform({}, (begun) => (id = begun));
  await chunk;
  host.cancel(id);
  assert.equal((await answer).error?.code, -32800);
  while (loopback.ledger.closed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([loopback.ledger.submissions.length, loopback.ledger.charges.length], [1, 0]);
  const late = await host.failed({ deadlineMs: 500 });
  assert.equal(late.code, 1101);
});
