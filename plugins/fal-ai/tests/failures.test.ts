import { TransportFailure } from "#prizm/remote";
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { DEFAULTS } from "../src/settings.js";
import { Wire } from "../src/wire.js";
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

const submissions = () => loopback.ledger.submissions.length;
const operations = () => loopback.ledger.journal.map(({ operation }) => operation);

/** An error of the first shape, as it comes with a result. */
const ofModel = (type: string, msg: string, field = "prompt", status = 422) => ({
  status,
  body: { detail: [{ loc: ["body", field], msg, type }] },
});
/** One of the second. */
const ofPlatform = (error_type: string, status: number, headers = {}) => ({
  status,
  headers: { "x-fal-error-type": error_type, ...headers },
  body: { detail: "It failed", error_type },
});

test("both shapes of a job's failure are told by name, and nothing is charged", async () => {
  const cases: readonly [object, number, boolean, string][] = [
    [ofModel("content_policy_violation", "flagged"), 1202, false, "content_policy_violation"],
    [ofModel("image_too_large", "too large", "image_url"), 1203, false, "image_too_large"],
    [ofModel("file_download_error", "cannot be had", "image_url"), 1203, false, "file_download_error"],
    [ofModel("greater_than", "must be more", "num_images"), -32602, false, "greater_than"],
    [ofModel("generation_timeout", "too slow", "prompt", 504), 1201, true, "generation_timeout"],
    [ofModel("no_media_generated", "nothing"), 1201, false, "no_media_generated"],
    [ofPlatform("runner_disconnected", 503), 1201, true, "runner_disconnected"],
    [ofPlatform("runner_server_error", 500, { "x-fal-retryable": "false" }), 1201, false, "runner_server_error"],
    [ofPlatform("startup_timeout", 504), 1103, true, "startup_timeout"],
    [ofPlatform("request_timeout", 504, { "x-fal-request-timeout-type": "user" }), 1201, false, "request_timeout"],
  ];
  for (const [outcome, code, retryable, providerCode] of cases) {
    loopback.say("outcome", outcome);
    const { code: told, data } = await host.failed();
    const { retryable: again, accepted, charged, upstreamStatus } = data;
    assert.deepEqual([told, data["providerCode"]], [code, providerCode]);
    assert.deepEqual([again ?? false, accepted, charged], [retryable, true, "no"], providerCode);
    assert.equal(upstreamStatus, (outcome as { status: number }).status);
  }
  assert.equal(submissions(), cases.length);
  assert.deepEqual(loopback.ledger.charges, []);
});

test("an option that only fal finds wrong is named", async () => {
  loopback.say("outcome", ofModel("less_than", "must be less", "seed"));
  const { code, message, data } = await host.failed();
  assert.deepEqual([code, message, data["option"]], [-32602, "`seed`: must be less", "seed"]);
});

test("too many calls: the wait that fal asks for, in each of its forms, and no second try", async () => {
  const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString();
  const cases: readonly [Record<string, string>, number, number][] = [
    [{ "retry-after": "7" }, 7000, 7000],
    [{ "retry-after": inTwoMinutes }, 100_000, 121_000],
    [{ "retry-after-ms": "1500", "retry-after": "2" }, 1500, 1500],
  ];
  for (const [headers, least, most] of cases) {
    loopback.say("fault", { operation: "submit", status: 429, headers, body: { detail: "slow down" } });
    const { code, data } = await host.failed();
    const wait = Number(data["retryAfterMs"]);
    assert.ok(code === 1102 && wait >= least && wait <= most, JSON.stringify(data));
    assert.deepEqual([data["retryable"], data["accepted"], data["charged"]], [true, undefined, "no"]);
  }
  loopback.say("fault", { operation: "submit", status: 429, body: { detail: "slow down" } });
  const { data } = await host.failed();
  assert.deepEqual([data["retryAfterMs"], data["retryable"]], [undefined, true]);
  assert.deepEqual(operations(), ["submit", "submit", "submit", "submit"]);
  assert.equal(submissions(), 0);
});

test("a storm of refusals: one submission for each job, however many there are", async () => {
  loopback.say("fault", { operation: "submit", status: 429, times: 20, headers: { "retry-after": "1" }, body: {} });
  const failed = await Promise.all(Array.from({ length: 20 }, () => host.failed()));
  assert.deepEqual(new Set(failed.map(({ code }) => code)), new Set([1102]));
  assert.equal(operations().length, 20);
  const done = await Promise.all(Array.from({ length: 20 }, (_, index) => host.done({ apart: `${index}` })));
  const ids = new Set(done.map(({ meta }) => meta?.["requestId"]));
  assert.deepEqual([ids.size, submissions(), loopback.ledger.charges.length], [20, 20, 20]);
});

test("a submission is never repeated, whatever becomes of it", async () => {
  for (const status of [500, 503]) {
    loopback.say("fault", { operation: "submit", status, body: "oops" });
    const { code, data } = await host.failed();
    assert.deepEqual([code, data["retryable"], data["upstreamStatus"]], [1201, true, status]);
  }
  // A gateway that gave up does not know what became of the job.
  for (const status of [408, 502, 504]) {
    loopback.say("fault", { operation: "submit", status, body: "bad gateway" });
    const { code, data } = await host.failed();
    const said = [code, data["retryable"], data["accepted"], data["charged"], data["upstreamStatus"]];
    assert.deepEqual(said, [1201, false, true, "unknown", status]);
  }
  // Node would send it again.
  loopback.say("fault", { operation: "submit", status: 421, body: "misdirected" });
  const misdirected = await host.failed();
  assert.deepEqual([misdirected.data["upstreamStatus"], misdirected.data["retryable"]], [421, false]);
  assert.equal(operations().length, 6);
  // fal took the job, and nobody heard.
  loopback.say("fault", { operation: "submit", how: "reset", done: true });
  const { code, data, message } = await host.failed();
  const said = [code, data["retryable"], data["accepted"], data["charged"]];
  assert.deepEqual(said, [1201, false, true, "unknown"], message);
  assert.equal(submissions(), 1);
});

test("nobody there is told, and may be tried again", async () => {
  const gone = await Loopback.start();
  await gone.stop();
  await host.configure(loopback.settings({ queueUrl: `${gone.url}/queue` }));
  const { code, message, data } = await host.failed();
  assert.deepEqual([code, data["retryable"], data["charged"]], [1201, true, "no"]);
  assert.match(message, /cannot be reached/);
});

test("an answer that does not come in time is waited for no longer", async () => {
  loopback.say("fault", { operation: "submit", how: "stall" });
  const settings = { ...DEFAULTS, key: "key", queueUrl: `${loopback.url}/queue` };
  const patience = new AbortController();
  const submission = new Wire(settings, patience.signal)
    .client()
    .queue.submit("fal-ai/flux/dev", { input: {} as never });
  const failed = assert.rejects(
    submission,
    (error: unknown) => error instanceof TransportFailure && error.mayHaveArrived,
  );
  while (operations().length === 0) await new Promise((resolve) => setImmediate(resolve));
  // As a signal does whose time is up.
  patience.abort(new DOMException("the time is up", "TimeoutError"));
  await failed;
  assert.deepEqual(operations(), ["submit"]);
});

test("a job that was taken survives looks that fail", async () => {
  loopback.say("fault", { operation: "status", status: 503, times: 3, body: "try later" });
  loopback.say("fault", { operation: "status", how: "reset" });
  loopback.say("fault", { operation: "status", how: "cut" });
  loopback.say("fault", { operation: "status", status: 200, body: {} });
  loopback.say("fault", { operation: "status", how: "drip", done: true });
  loopback.say("fault", { operation: "result", status: 502, times: 2, body: "bad gateway" });
  loopback.say("fault", { operation: "file", how: "cut" });
  assert.equal((await host.done()).outputs.length, 1);
  assert.deepEqual([submissions(), loopback.ledger.charges.length], [1, 1]);
});

test("a job of which nothing can be learnt is given up, and may be charged", async () => {
  loopback.say("fault", { operation: "status", status: 500, times: 100, body: "oops" });
  const { code, data } = await host.failed();
  assert.deepEqual([code, data["accepted"], data["charged"], data["upstreamStatus"]], [1201, true, "unknown", 500]);
  assert.deepEqual([submissions(), operations().filter((one) => one === "status").length], [1, 8]);
});

test("an output that has expired is told as charged", async () => {
  loopback.say("hold", { status: "IN_PROGRESS" });
  const running = host.notice(({ params }) => params["stage"] === "running");
  const failed = host.failed();
  await running;
  loopback.say("fault", { operation: "file", status: 404 });
  loopback.say("hold", {});
  const { code, message, data } = await failed;
  assert.deepEqual([code, data["retryable"], data["accepted"], data["charged"]], [1201, false, true, "yes"]);
  assert.match(message, /no longer there/);
});

test("an output is of bounded size, from the web, a few addresses away", async () => {
  await host.configure(loopback.settings({ maxOutputBytes: 50 }));
  assert.match((await host.failed()).message, /more than 50 bytes/);
  loopback.say("fault", { operation: "file", how: "flood" });
  assert.match((await host.failed()).message, /more than 50 bytes/);
  await host.configure(loopback.settings());
  const led = (location: string, times = 1) =>
    loopback.say("fault", { operation: "file", status: 302, headers: { location }, times });
  led("./image.png", 5);
  assert.equal((await host.done()).outputs.length, 1);
  led("./image.png", 6);
  assert.match((await host.failed()).message, /leads on more than 5 times/);
  led("file:///etc/passwd");
  assert.match((await host.failed()).message, /none of the web's/);
  loopback.say("outcome", { data: { images: [{ url: "data:image/png;base64,AAAA" }] } });
  assert.match((await host.failed()).message, /none of the web's/);
  loopback.say("outcome", { data: { text: "sorry" } });
  assert.match((await host.failed()).message, /has no image; it has: text/);
});

test("keys: none, a wrong one, one without money; and it is never told", async () => {
  await host.configure(loopback.settings({ apiKey: "" }));
  assert.equal((await host.failed()).code, 1004);
  const { result } = await host.call("health", {});
  assert.deepEqual([(result as { status: string }).status, operations()], ["degraded", []]);
  await host.configure(loopback.settings({ apiKey: "wrong" }));
  const wrong = await host.failed();
  assert.deepEqual([wrong.code, wrong.data["retryable"], wrong.data["upstreamStatus"]], [1005, false, 401]);
  await host.configure(loopback.settings({ apiKey: "broke" }));
  assert.equal((await host.failed()).code, 1104);
  const key = "hunter2-hunter2";
  await host.configure(loopback.settings({ apiKey: key }));
  loopback.say("fault", {
    operation: "submit",
    status: 400,
    body: { detail: [{ loc: ["body", key], msg: `Key ${key}`, type: key }] },
  });
  const { message } = await host.failed();
  assert.match(message, /redacted/);
  assert.ok(!host.written.includes(key));
});

test("a key that fal repeats is in no answer, and a status counts without what is said with it", async () => {
  const key = "hunter2-hunter2-hunter2";
  await host.configure(loopback.settings({ apiKey: key }));
  loopback.say("fault", { operation: "submit", status: 400, body: { detail: `${"x".repeat(490)}${key}` } });
  await host.failed();
  loopback.say("fault", { operation: "submit", status: 200, body: { request_id: key } });
  await host.failed({ deadlineMs: 1000 });
  assert.ok(!host.written.includes("hunter2"));
  const headers = { "retry-after": "2" };
  for (const how of ["cut", "flood"]) {
    loopback.say("fault", { operation: "submit", how, status: 429, headers, body: { detail: "slow down" } });
    const { code, data } = await host.failed();
    assert.deepEqual([code, data["retryAfterMs"]], [1102, 2000]);
  }
});

test("settings that are wrong are refused by name", async () => {
  for (const [settings, name] of [
    [{ pollMs: 0 }, "pollMs"],
    [{ queueUrl: "ftp://x" }, "queueUrl"],
    [{ queueUrl: "http://:word@127.0.0.1" }, "queueUrl"],
    [{ apiKey: "two words" }, "apiKey"],
    [{ apiKey: 7 }, "apiKey"],
  ] as const) {
    const { error } = await host.configure(settings);
    assert.deepEqual([error?.code, (error?.data as Record<string, unknown>)["setting"]], [1005, name]);
    assert.ok(!JSON.stringify(error).includes("two words"));
  }
});

test("fal's own retries are left to it where that is set", async () => {
  await host.configure(loopback.settings({ queueRetries: true }));
  await host.done();
  assert.equal(loopback.ledger.submissions[0]?.headers["x-fal-no-retry"], undefined);
});
