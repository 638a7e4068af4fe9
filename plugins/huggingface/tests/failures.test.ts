import assert from "node:assert/strict";
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

const IMAGE = { model: "image", capability: "text-to-image" };
const SOUND = () => ({ model: "transcription", capability: "audio-to-text", inputs: [host.sound()] });

test("each refusal has its name, and is not repeated", async () => {
  const cases: readonly [number, object | string, number, boolean][] = [
    [401, { error: "Invalid username or password." }, 1005, false],
    [402, { error: "You have exceeded your monthly included credits for Inference Providers." }, 1104, false],
    [403, { error: "This authentication method does not have sufficient permissions" }, 1005, false],
    [404, "Not Found", 1006, false],
    [400, { error: "Model not supported by provider together" }, 1006, false],
    [400, { error: { message: "not supported by any provider you have enabled", code: "model_not_supported" } }, 1006, false],
    [400, { error: ["Error in `parameters.seed`: value is not a valid integer"] }, -32602, false],
    [413, "too large", 1203, false],
    [429, { error: "Too many requests" }, 1102, true],
    [500, { error: "CUDA out of memory" }, 1201, true],
    [503, { error: "Service Unavailable" }, 1201, true],
    [504, "gateway timeout", 1201, false],
    [307, "elsewhere", 1201, false],
    [421, "misdirected", 1201, false],
  ];
  for (const job of [{}, IMAGE]) {
    const operation = job === IMAGE ? "task" : "chat";
    for (const [status, body, code, retryable] of cases) {
      loopback.say("fault", { operation, status, body });
      const failed = await host.failed(job);
      const told = [failed.code, failed.data["retryable"] ?? false, failed.data["upstreamStatus"]];
      assert.deepEqual(told, [code, retryable, status], JSON.stringify(failed));
    }
    assert.equal(loopback.asked(operation), cases.length);
  }
  assert.equal(loopback.ledger.submissions.length, 0);
});

test("a model that is cold is capacity, with the wait that is told", async () => {
  const body = { error: "Model openai/whisper-large-v3-turbo is currently loading", estimated_time: 20.5 };
  loopback.say("fault", { operation: "task", status: 503, body });
  const cold = await host.failed(SOUND());
  assert.deepEqual([cold.code, cold.data["retryable"], cold.data["retryAfterMs"], cold.data["charged"]], [1103, true, 20500, "no"]);
  loopback.say("fault", { operation: "task", status: 503, body, headers: { "retry-after": "7" } });
  assert.equal((await host.failed(SOUND())).data["retryAfterMs"], 7000);
  for (const estimated_time of [-1, 1e300, "soon", null]) {
    loopback.say("fault", { operation: "task", status: 503, body: { ...body, estimated_time } });
    const { code, data } = await host.failed(SOUND());
    assert.deepEqual([code, data["retryAfterMs"]], [1103, undefined]);
  }
  assert.equal(loopback.ledger.submissions.length, 0);
});

test("the wait that is asked for, in each of its forms", async () => {
  const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString();
  const cases: readonly [Record<string, string>, number, number][] = [
    [{ "retry-after": "7" }, 7000, 7000],
    [{ "retry-after": inTwoMinutes }, 100_000, 121_000],
    [{ "retry-after-ms": "1500", "retry-after": "2" }, 1500, 1500],
    [{}, NaN, NaN],
  ];
  for (const [headers, least, most] of cases) {
    loopback.say("fault", { operation: "chat", status: 429, headers, body: { error: "slow down" } });
    const { code, data } = await host.failed();
    const wait = Number(data["retryAfterMs"] ?? NaN);
    assert.ok(Object.is(wait, least) || (wait >= least && wait <= most), `${wait}`);
    assert.deepEqual([code, data["retryable"]], [1102, true]);
  }
});

test("an answer that is lost counts as taken; what is lost before the job is sent does not", async () => {
  for (const how of ["reset", "cut"]) {
    loopback.say("fault", { operation: "task", how, done: true });
    const { code, data } = await host.failed(IMAGE);
    assert.deepEqual([code, data["retryable"], data["accepted"], data["charged"]], [1201, false, true, "unknown"]);
  }
  assert.equal(loopback.ledger.submissions.length, 2);
  for (const fault of [{ how: "reset" }, { how: "cut", status: 200 }, { status: 502 }, { status: 504 }, { status: 200, body: "<html>" }]) {
    loopback.say("fault", { operation: "mapping", ...fault });
    const { data } = await host.failed(IMAGE);
    assert.deepEqual([data["accepted"], data["charged"]], [undefined, "no"], JSON.stringify(fault));
  }
  const gone = await Loopback.start();
  await gone.stop();
  await host.configure(loopback.settings({ routerUrl: gone.url }));
  const absent = await host.failed();
  assert.deepEqual([absent.code, absent.data["retryable"], absent.data["charged"]], [1201, true, "no"]);
  assert.equal(loopback.ledger.submissions.length, 2);
});

test("an output is of bounded size, and is what it should be", async () => {
  await host.configure(loopback.settings({ maxOutputBytes: 50 }));
  assert.match((await host.failed(IMAGE)).message, /more than 50 bytes/);
  await host.configure(loopback.settings({ maxOutputBytes: 50, imageModel: "black-forest-labs/FLUX.1-dev" }));
  assert.match((await host.failed(IMAGE)).message, /more than 50 bytes/);
  await host.configure(loopback.settings());
  loopback.say("answer", { bytes: "<html>", type: "text/html" });
  const { message, data } = await host.failed(IMAGE);
  assert.match(message, /no picture; its type is `text\/html`/);
  assert.equal(data["retryable"], false);
  loopback.say("fault", { operation: "task", how: "flood", status: 200, headers: { "content-type": "application/json" } });
  assert.match((await host.failed(SOUND())).message, /more than \d+ bytes/);
});

test("a server that says nothing is given up at the deadline, or when the job is cancelled, and hears so", async () => {
  for (const [operation, job] of [
    ["chat", {}],
    ["task", IMAGE],
    ["mapping", IMAGE],
  ] as const) {
    loopback.say("fault", { operation, how: "stall", times: 2 });
    assert.equal((await host.failed({ ...job, deadlineMs: 200 })).code, 1101);
    let id = 0;
    const answer = host.transform(job, (begun) => (id = begun));
    const asked = loopback.asked(operation) + 1;
    while (loopback.asked(operation) < asked) await new Promise((resolve) => setImmediate(resolve));
    host.cancel(id);
    assert.equal((await answer).error?.code, -32800);
  }
  assert.equal(loopback.ledger.submissions.length, 0);
});

test("a redirection is not followed: neither the job nor the key goes elsewhere", async () => {
  const other = await Loopback.start();
  for (const [operation, job] of [
    ["chat", {}],
    ["mapping", IMAGE],
  ] as const) {
    loopback.say("fault", { operation, status: 307, headers: { location: `${other.url}/v1/chat/completions` }, body: "" });
    assert.equal((await host.failed(job)).data["upstreamStatus"], 307);
  }
  assert.deepEqual(other.ledger.journal, []);
  await other.stop();
});

test("keys: wrong ones, one without money, one that a server repeats", async () => {
  for (const [apiKey, code] of [
    ["wrong", 1005],
    ["hf_readonly", 1005],
    ["hf_broke", 1104],
  ] as const) {
    await host.configure(loopback.settings({ apiKey }));
    assert.equal((await host.failed()).code, code);
    assert.equal((await host.failed(IMAGE)).code, code);
  }
  const key = "hf_hunter2-hunter2";
  await host.configure(loopback.settings({ apiKey: key }));
  for (const body of [{ error: `Key ${key}` }, { error: { message: `Key ${key}`, code: key } }, `${"x".repeat(490)}${key}`]) {
    loopback.say("fault", { operation: "chat", status: 400, body });
    await host.failed();
    loopback.say("fault", { operation: "task", status: 503, body: { error: `${key} is currently loading`, estimated_time: 1 } });
    assert.match((await host.failed(IMAGE)).message, /redacted/);
  }
  loopback.say("fault", { operation: "chat", status: 200, body: "{}", headers: { "x-request-id": key, "x-inference-provider": key } });
  await host.transform();
  assert.ok(!host.written.includes("hunter2"));
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
  assert.equal((await host.failed({ deadlineMs: 500 })).code, 1101);
});
