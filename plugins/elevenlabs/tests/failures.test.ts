import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Host, text } from "./host.js";
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

const LISTEN = { model: "scribe_v2", capability: "audio-to-text" };
const SOUND = { model: "eleven_text_to_sound_v2" };

const detail = (status: string, message = "no") => ({ detail: { status, message } });
const typed = (code: string, param?: string) => ({ detail: { type: "x", code, message: "no", status: code, request_id: "r1", param } });
const invalid = (...loc: readonly string[]) => ({ detail: [{ loc, msg: "no", type: "x" }] });

test("each refusal has its name, and is not repeated", async () => {
  const cases: readonly [number, object | string, number, boolean][] = [
    [401, detail("invalid_api_key"), 1005, false],
    [401, detail("quota_exceeded"), 1104, false],
    [401, detail("detected_unusual_activity"), 1104, false],
    [402, typed("payment_required"), 1104, false],
    [403, detail("only_for_creator+"), 1104, false],
    [403, detail("content_against_policy"), 1202, false],
    [403, "<html>Just a moment...</html>", 1005, false],
    [400, detail("max_character_limit_exceeded"), 1203, false],
    [400, detail("voice_not_found"), -32602, false],
    [404, typed("voice_not_found", "voice_id"), -32602, false],
    [404, { detail: "Not Found" }, 1201, false],
    [400, typed("model_not_found", "model_id"), 1006, false],
    [400, typed("unsupported_model", "model_id"), -32602, false],
    [400, typed("invalid_parameters", "seed"), -32602, false],
    [400, typed("invalid_audio"), 1203, false],
    [422, invalid("body", "text"), 1203, false],
    [422, invalid("body", "voice_settings", "similarity_boost"), -32602, false],
    [413, "too large", 1203, false],
    [429, detail("too_many_concurrent_requests"), 1102, true],
    [429, typed("concurrent_limit_exceeded"), 1102, true],
    [429, detail("system_busy"), 1103, true],
    [500, "oops", 1201, true],
    [501, "never", 1201, false],
    [503, detail("system_unavailable"), 1201, true],
    [307, "elsewhere", 1201, false],
  ];
  for (const [status, body, code, retryable] of cases) {
    loopback.say("fault", { operation: "speech", status, body });
    const failed = await host.failed();
    const told = [failed.code, failed.data["retryable"] ?? false, failed.data["upstreamStatus"], failed.data["charged"]];
    assert.deepEqual(told, [code, retryable, status, "no"], JSON.stringify(failed));
  }
  assert.deepEqual([loopback.ledger.journal.length, loopback.ledger.submissions.length], [cases.length, 0]);
});

test("what is wrong is told by our names, with ElevenLabs's word", async () => {
  const failed = await host.failed({ options: { voice: "nobodynobodynobody12" } });
  assert.deepEqual([failed.code, failed.data["option"], failed.data["providerCode"]], [-32602, "voice", "voice_not_found"]);
  loopback.say("fault", { operation: "speech", status: 422, body: invalid("body", "voice_settings", "similarity_boost") });
  assert.equal((await host.failed()).data["option"], "similarity");
  loopback.say("fault", { operation: "speech", status: 400, body: typed("invalid_parameters", "seed"), headers: { "request-id": "r2" } });
  const { data } = await host.failed();
  assert.deepEqual([data["option"], data["requestId"]], ["seed", "r2"]);
  assert.equal((await host.failed(text("x".repeat(10_001)))).code, 1203);
  assert.equal((await host.failed(text("forbidden"))).code, 1202);
  assert.equal((await host.failed({ ...SOUND, ...text("forbidden") })).code, 1202);
});

test("the wait that is asked for", async () => {
  const inTwoMinutes = new Date(Date.now() + 120_000).toUTCString();
  for (const status of ["too_many_concurrent_requests", "system_busy"]) {
    for (const [value, least, most] of [["7", 7000, 7000], [inTwoMinutes, 100_000, 121_000], ["soon", NaN, NaN]] as const) {
      loopback.say("fault", { operation: "speech", status: 429, headers: { "retry-after": value }, body: detail(status) });
      const wait = Number((await host.failed()).data["retryAfterMs"] ?? NaN);
      assert.ok(Object.is(wait, least) || (wait >= least && wait <= most), `${wait}`);
    }
  }
});

test("too many at once are refused by ElevenLabs, and those that run are not disturbed", async () => {
  loopback.say("concurrency", { most: 2 });
  loopback.say("hold", { after: 3 });
  const running = ["a", "b"].map((apart) => host.transform({ ...text(apart), apart }));
  while (loopback.ledger.submissions.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const { code, data } = await host.failed({ apart: "c" });
  assert.deepEqual([code, data["providerCode"]], [1102, "too_many_concurrent_requests"]);
  loopback.say("release");
  for (const { error } of await Promise.all(running)) assert.equal(error, undefined);
  assert.deepEqual([loopback.ledger.submissions.length, loopback.ledger.charges.length], [2, 2]);
});

test("an answer that is lost counts as taken, and a gateway's word for it does, too; nobody there does not", async () => {
  const jobs = [["speech", {}], ["sound", SOUND], ["transcription", { ...LISTEN, inputs: [host.sound()] }]] as const;
  for (const [operation, job] of jobs) {
    for (const fault of [{ how: "reset", done: true }, { status: 408 }, { status: 502 }, { status: 504, body: "gone" }]) {
      loopback.say("fault", { operation, ...fault });
      const { code, data } = await host.failed(job);
      assert.deepEqual([code, data["retryable"], data["accepted"], data["charged"]], [1201, false, true, "unknown"]);
    }
  }
  assert.equal(loopback.ledger.submissions.length, 3);
  const gone = await Loopback.start();
  await gone.stop();
  await host.configure(loopback.settings({ baseUrl: gone.url }));
  const absent = await host.failed();
  assert.deepEqual([absent.code, absent.data["retryable"], absent.data["charged"]], [1201, true, "no"]);
});

test("a job that ElevenLabs calls misdirected is sent once, and no redirection is followed", async () => {
  for (const [operation, job] of [["speech", {}], ["transcription", { ...LISTEN, inputs: [host.sound()] }]] as const) {
    const before = loopback.ledger.journal.length;
    loopback.say("fault", { operation, times: 2, status: 421, body: "misdirected" });
    const { code, data } = await host.failed(job);
    assert.deepEqual([code, data["upstreamStatus"], data["retryable"]], [1201, 421, false]);
    assert.equal(loopback.ledger.journal.length, before + 1);
    // What was not used of the fault.
    await host.failed(job);
  }
  const other = await Loopback.start();
  const headers = { location: `${other.url}/v1/sound-generation` };
  loopback.say("fault", { operation: "sound", status: 307, headers, body: "" });
  assert.equal((await host.failed(SOUND)).data["upstreamStatus"], 307);
  assert.deepEqual(other.ledger.journal, []);
  await other.stop();
});

test("a sound that breaks off, has no end, is empty or is none", async () => {
  const audio = { "content-type": "audio/mpeg" };
  for (const [fault, message, charged] of [
    [{ how: "cut", body: "x".repeat(99) }, /answer is lost/, "unknown"],
    [{ how: "flood" }, /more than 5000 bytes/, "yes"],
    [{ body: "" }, /no sound/, "yes"],
  ] as const) {
    await host.configure(loopback.settings({ maxOutputBytes: 5000 }));
    loopback.say("fault", { operation: "sound", status: 200, headers: audio, ...fault });
    const failed = await host.failed(SOUND);
    assert.match(failed.message, message);
    assert.deepEqual([failed.code, failed.data["accepted"], failed.data["charged"], failed.data["retryable"]], [1201, true, charged, false]);
  }
  await host.configure(loopback.settings());
  loopback.say("answer", { bytes: "<html>", type: "text/html" });
  assert.match((await host.failed()).message, /no sound; its type is `text\/html`/);
  loopback.say("answer", { bytes: "what is this", type: "audio/x-odd" });
  assert.equal((await host.done()).outputs[0]?.mime, "audio/x-odd");
});

test("a transcription that makes no sense, or has no end", async () => {
  const job = { ...LISTEN, inputs: [host.sound()] };
  for (const fault of [{ body: "<html>" }, { body: {} }, { body: { text: 7 } }, { body: { text: "x".repeat(6e6) } }, { how: "flood" }]) {
    loopback.say("fault", { operation: "transcription", status: 200, ...fault });
    const { code, data } = await host.failed(job);
    assert.deepEqual([code, data["accepted"], data["retryable"]], [1201, true, false], JSON.stringify(fault).slice(0, 99));
  }
});

test("a status counts, whatever becomes of what is said with it", async () => {
  for (const fault of [{ how: "cut", body: detail("system_busy", "x".repeat(1000)) }, { how: "flood" }]) {
    loopback.say("fault", { operation: "speech", status: 429, headers: { "retry-after": "2" }, ...fault });
    const { code, data } = await host.failed();
    assert.deepEqual([code, data["retryAfterMs"]], [1102, 2000]);
  }
});

test("a job that is cancelled in the middle ends at ElevenLabs, and was submitted once", async () => {
  loopback.say("hold", { after: 3 });
  const some = host.notice(({ method, params }) => method === "$/progress" && String(params["message"]).endsWith(" s"));
  let id = 0;
  const answer = host.transform({}, (begun) => (id = begun));
  await some;
  host.cancel(id);
  assert.equal((await answer).error?.code, -32800);
  while (loopback.ledger.closed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([loopback.ledger.submissions.length, loopback.ledger.charges.length], [1, 0]);
  assert.equal((await host.failed({ deadlineMs: 300 })).code, 1101);
});

test("who says nothing is given up at the deadline, or when the job is cancelled", async () => {
  for (const [operation, job] of [["speech", {}], ["transcription", { ...LISTEN, inputs: [host.sound()] }]] as const) {
    loopback.say("fault", { operation, how: "stall", times: 2 });
    assert.equal((await host.failed({ ...job, deadlineMs: 200 })).code, 1101);
    let id = 0;
    const asked = loopback.ledger.journal.length + 1;
    const answer = host.transform(job, (begun) => (id = begun));
    while (loopback.ledger.journal.length < asked) await new Promise((resolve) => setImmediate(resolve));
    host.cancel(id);
    assert.equal((await answer).error?.code, -32800);
  }
});

test("keys: a wrong one, one without money, and one that is repeated is told nowhere", async () => {
  await host.configure(loopback.settings({ apiKey: "wrong" }));
  const wrong = await host.failed();
  assert.deepEqual([wrong.code, wrong.data["setting"]], [1005, "apiKey"]);
  await host.configure(loopback.settings({ apiKey: "broke" }));
  assert.equal((await host.failed()).code, 1104);
  const key = "hunter2-hunter2-hunter2";
  await host.configure(loopback.settings({ apiKey: key }));
  for (const before of [0, 480, 495]) {
    loopback.say("fault", { operation: "speech", status: 400, body: detail(key, "x".repeat(before) + key), headers: { "request-id": key } });
    await host.failed();
  }
  loopback.say("fault", { operation: "sound", status: 200, body: "<html>", headers: { "request-id": key, "content-type": key } });
  await host.failed(SOUND);
  loopback.say("fault", { operation: "transcription", status: 200, body: { text: key, language_code: key, words: [{ text: key }] } });
  await host.done({ ...LISTEN, inputs: [host.sound()] });
  assert.ok(!host.written.includes("hunter2"));
});
