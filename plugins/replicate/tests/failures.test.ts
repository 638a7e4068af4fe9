import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { TransportFailure } from "#prizm/remote";

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
const refuses = (status: number, body: unknown, headers: object = {}, operation = "submit") =>
  loopback.say("fault", { operation, status, headers, body });

test("each way in which a job can end badly has its name, and what is paid is said", async () => {
  const failed = (error: string) => ({ status: "failed", error });
  const cases: readonly [object, number, boolean, string, RegExp][] = [
    [failed("NSFW content detected. Try running it again, or try a different prompt."), 1202, false, "no", /NSFW/],
    [failed("The input or output was flagged as sensitive. Please try again. (E005)"), 1202, false, "no", /E005/],
    [failed("CUDA out of memory. Tried to allocate 2 GiB"), 1103, true, "no", /out of memory/],
    [failed("Prediction interrupted; please retry (code: PA)"), 1201, true, "no", /interrupted/],
    [failed("cannot identify image file"), 1203, false, "no", /identify/],
    [failed("list index out of range"), 1201, false, "no", /list index/],
    [{ status: "failed", error: null }, 1201, false, "no", /`failed`/],
    [{ status: "aborted" }, 1201, true, "no", /before it began/],
    [{ status: "canceled" }, 1201, false, "yes", /cancelled at Replicate/],
    [{ status: "vanished", error: "please retry" }, 1201, false, "unknown", /please retry/],
    [{ status: "vanished" }, 1201, false, "unknown", /`vanished`/],
    [{ status: "succeeded", output: null, data_removed: true }, 1201, false, "yes", /deleted the output/],
    [{ status: "succeeded", output: null }, 1201, false, "yes", /no image; it is empty/],
    [{ status: "succeeded", output: { text: "sorry" } }, 1201, false, "yes", /no image; it has: text/],
  ];
  for (const [outcome, code, retryable, charged, message] of cases) {
    loopback.say("outcome", outcome);
    const error = await host.failed();
    const { retryable: again, accepted, charged: paid } = error.data;
    assert.deepEqual([error.code, again, accepted, paid], [code, retryable, true, charged], JSON.stringify(error));
    assert.match(error.message, message);
  }
  assert.equal(submissions(), cases.length);
});

test("what fails on a machine of one's own is paid all the same", async () => {
  await host.configure(loopback.settings({ models: ["you/private"], collections: [] }));
  await host.call("models", {});
  loopback.say("outcome", { status: "failed", error: "please retry" });
  const { data } = await host.failed({ model: "you/private" });
  assert.deepEqual([data["charged"], data["retryable"], loopback.ledger.charges.length], ["unknown", false, 1]);
});

test("each refusal has its name, and is not repeated", async () => {
  const body = (title: string, detail: string, more: object = {}) => ({ title, detail, ...more });
  const field = (name: string) => ({ invalid_fields: [{ type: "enum", field: name, description: "is none of them" }] });
  const cases: readonly [number, unknown, number, boolean, RegExp][] = [
    [400, body("Bad", "no"), 1201, false, /no/],
    [401, body("Unauthenticated", "You did not pass a valid authentication token"), 1005, false, /valid/],
    [402, body("Insufficient credit", "You have insufficient credit"), 1104, false, /credit/],
    [403, body("Forbidden", "Set up billing first"), 1104, false, /billing/],
    [403, body("Forbidden", "not yours"), 1005, false, /not yours/],
    [404, { detail: "The requested resource could not be found.", status: 404 }, 1006, false, /found/],
    [413, body("Too large", ""), 1203, false, /Too large/],
    [422, body("Invalid version or not permitted", "The specified version does not exist"), 1006, false, /version/],
    [
      422,
      body("Input validation failed", "- input.seed: bad\n", field("input.seed")),
      -32602,
      false,
      /`seed`: is none/,
    ],
    [422, body("Input validation failed", "- input: prompt is required\n"), -32602, false, /prompt is required/],
    [500, "oops", 1201, true, /oops/],
    [503, "", 1201, true, /status 503/],
    [307, "elsewhere", 1201, false, /elsewhere/],
  ];
  for (const [status, answer, code, retryable, message] of cases) {
    refuses(status, answer);
    const error = await host.failed();
    const { retryable: again, accepted, charged, upstreamStatus } = error.data;
    assert.deepEqual([error.code, again ?? false, upstreamStatus], [code, retryable, status], JSON.stringify(error));
    assert.deepEqual([accepted, charged], [undefined, "no"]);
    assert.match(error.message, message);
  }
  assert.deepEqual([operations().length, submissions()], [cases.length, 0]);
});

test("an option that only Replicate finds wrong is named, and an upload that it refuses is a medium", async () => {
  refuses(422, {
    title: "Input validation failed",
    invalid_fields: [{ field: "input.seed", description: "must be less" }],
  });
  const { code, message, data } = await host.failed();
  assert.deepEqual([code, message, data["option"]], [-32602, "`seed`: must be less", "seed"]);
  const job = { model: "lucataco/remove-bg", capability: "image-to-image", inputs: [host.picture()] };
  refuses(400, { detail: "no file", status: 400 }, {}, "upload");
  assert.equal((await host.failed(job)).code, 1203);
  refuses(201, { urls: {} }, {}, "upload");
  const lost = await host.failed(job);
  assert.deepEqual([lost.code, lost.data["step"], lost.data["charged"]], [1201, "upload", "no"]);
  assert.equal(submissions(), 0);
});

test("too many calls: the wait that Replicate asks for, in each of its forms, and no second try", async () => {
  const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString();
  const words =
    "Request was throttled. Your rate limit for creating predictions is reduced. Your rate limit resets in ~9s.";
  const cases: readonly [Record<string, string>, object, number, number][] = [
    [{ "retry-after": "7" }, {}, 7000, 7000],
    [{ "retry-after": inTwoMinutes }, {}, 100_000, 121_000],
    [{ "retry-after-ms": "1500", "retry-after": "2" }, {}, 1500, 1500],
    [{}, { detail: words, status: 429, retry_after: 8 }, 8000, 8000],
    [{}, { detail: words, status: 429 }, 9000, 9000],
    [{}, { detail: "Request was throttled. Expected available in 1 second." }, 1000, 1000],
  ];
  for (const [headers, body, least, most] of cases) {
    refuses(429, body, headers);
    const { code, data } = await host.failed();
    const wait = Number(data["retryAfterMs"]);
    assert.ok(code === 1102 && wait >= least && wait <= most, JSON.stringify(data));
    assert.deepEqual([data["retryable"], data["accepted"], data["charged"]], [true, undefined, "no"]);
  }
  refuses(429, { detail: "slow down" });
  const { data } = await host.failed();
  assert.deepEqual([data["retryAfterMs"], data["retryable"]], [undefined, true]);
  assert.deepEqual([operations().length, submissions()], [cases.length + 1, 0]);
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
  const lost = async (fault: object, status?: number) => {
    const before = operations().length;
    loopback.say("fault", { operation: "submit", ...fault });
    const { code, data } = await host.failed();
    const said = [code, data["retryable"], data["accepted"], data["charged"], data["upstreamStatus"]];
    assert.deepEqual(said, [1201, false, true, "unknown", status], JSON.stringify([fault, data]));
    assert.equal(operations().length, before + 1);
  };
  // A gateway that gave up does not know what became of the job.
  for (const status of [408, 502, 504]) await lost({ status, body: "bad gateway" }, status);
  for (const how of ["reset", "cut"]) await lost({ how, done: true });
  for (const body of ["ok", {}, { id: "x" }, { status: "starting" }, []]) await lost({ status: 201, body, done: true });
  assert.equal(submissions(), 7);
  // Node would send it again.
  loopback.say("fault", { operation: "submit", status: 421, times: 2, body: "misdirected" });
  const { data } = await host.failed();
  assert.deepEqual([data["upstreamStatus"], data["retryable"], submissions()], [421, false, 7]);
});

test("a server that is not there was never sent anything", async () => {
  await host.configure(loopback.settings({ baseUrl: "http://127.0.0.1:9/v1" }));
  const { code, data } = await host.failed();
  assert.deepEqual([code, data["retryable"], data["accepted"], data["charged"]], [1201, true, undefined, "no"]);
});

test("looking is repeated, through refusals and broken connections", async () => {
  loopback.say("fault", { operation: "status", status: 429, headers: { "retry-after-ms": "1" }, body: {} });
  loopback.say("fault", { operation: "status", how: "reset" });
  loopback.say("fault", { operation: "status", how: "cut", done: true });
  loopback.say("fault", { operation: "status", status: 502, times: 2, body: "bad gateway" });
  loopback.say("fault", { operation: "status", status: 200, body: { no: "prediction" } });
  loopback.say("fault", { operation: "file", how: "cut" });
  assert.equal((await host.done()).outputs.length, 1);
  assert.deepEqual([submissions(), loopback.ledger.charges.length], [1, 1]);
});

test("a job of which nothing can be learnt is given up, and may be charged", async () => {
  loopback.say("fault", { operation: "status", status: 500, times: 8, body: "oops" });
  const { code, data } = await host.failed();
  assert.deepEqual([code, data["accepted"], data["charged"], data["upstreamStatus"]], [1201, true, "unknown", 500]);
  assert.deepEqual([submissions(), operations().filter((one) => one === "status").length], [1, 8]);
  const unknown = await host.failed({ resume: { remoteId: "nobody/../x" } });
  assert.deepEqual([unknown.code, unknown.data["upstreamStatus"], submissions()], [1201, 404, 1]);
});

test("an output that has expired is told as charged", async () => {
  loopback.say("fault", { operation: "file", status: 404 });
  const { code, message, data } = await host.failed();
  assert.deepEqual([code, data["retryable"], data["accepted"], data["charged"]], [1201, false, true, "yes"]);
  assert.match(message, /no longer there/);
});

test("an output is of bounded size, from the web or inline, and fetched without the key", async () => {
  await host.configure(loopback.settings({ maxOutputBytes: 50 }));
  assert.match((await host.failed()).message, /more than 50 bytes/);
  const inline = (bytes: number) => `data:image/png;base64,${Buffer.alloc(bytes, 7).toString("base64")}`;
  loopback.say("outcome", { status: "succeeded", output: [inline(51)] });
  assert.match((await host.failed()).message, /more than 50 bytes/);
  loopback.say("outcome", { status: "succeeded", output: [inline(50)] });
  const { outputs } = await host.done();
  assert.deepEqual([outputs[0]?.path, host.read(outputs[0]).length], ["out/image.png", 50]);
  loopback.say("outcome", { status: "succeeded", output: "data:image/png,abc" });
  assert.match((await host.failed()).message, /not in base64/);
  for (const output of ["file:///etc/passwd", ["gopher://x/y.png"]]) {
    loopback.say("outcome", { status: "succeeded", output });
    assert.match((await host.failed()).message, /none of the web's/);
  }
});

test("an answer of no end is not kept", async () => {
  const wire = new Wire({ ...DEFAULTS, key: "key", baseUrl: `${loopback.url}/v1` });
  loopback.say("fault", { operation: "status", how: "flood", status: 200 });
  await assert.rejects(
    wire.ask("/predictions/x"),
    (error) => error instanceof TransportFailure && /more than/.test(error.message),
  );
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
  const key = "hunter2-hunter2-hunter2";
  await host.configure(loopback.settings({ apiKey: key }));
  refuses(400, { title: key, detail: `${"x".repeat(490)}${key}`, invalid_fields: [{ field: key, description: key }] });
  await host.failed();
  loopback.say("outcome", { status: "failed", error: `${"x".repeat(490)}${key}`, logs: key });
  await host.failed();
  loopback.say("outcome", { status: key, error: "no", completed_at: "now" });
  await host.failed();
  loopback.say("outcome", { status: "succeeded", output: { text: key, more: key } });
  await host.done({ model: "meta/meta-llama-3-8b-instruct", capability: "text-to-text" });
  refuses(201, { id: key, status: "starting" });
  await host.failed({ deadlineMs: 1000 });
  assert.ok(!host.written.includes("hunter2"), host.written);
});

test("settings that are wrong are refused by name", async () => {
  for (const [settings, name] of [
    [{ pollMs: 0 }, "pollMs"],
    [{ waitSeconds: 61 }, "waitSeconds"],
    [{ baseUrl: "ftp://x" }, "baseUrl"],
    [{ baseUrl: "http://:word@127.0.0.1" }, "baseUrl"],
    [{ apiKey: "two words" }, "apiKey"],
    [{ apiKey: 7 }, "apiKey"],
    [{ models: ["one"] }, "models"],
    [{ models: ["../.."] }, "models"],
    [{ collections: ["a/b"] }, "collections"],
    [{ collections: "text-to-image" }, "collections"],
    [{ prices: { a: { image: "much" } } }, "prices"],
    [{ prices: { a: { pictures: "1" } } }, "prices"],
  ] as const) {
    const { error } = await host.configure(settings);
    assert.deepEqual([error?.code, (error?.data as Record<string, unknown>)["setting"]], [1005, name]);
    assert.ok(!JSON.stringify(error).includes("two words"));
  }
});
