/** Each of the ways in which servers stream: the same answer comes of all of them. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Host, pieces, said } from "./host.js";
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

const ANSWER = "You said: a red fox ⏳🦊";

for (const variant of [
  {},
  { noFinish: true },
  { noDone: true },
  { noUsage: true },
  { usageWithFinish: true },
  { usageEverywhere: true },
  { noSpace: true },
  { crlf: true },
  { cr: true },
  { crlf: true, bytes: true },
  { comments: true },
  { emptyChoices: true },
  { noRole: true },
  { roleEverywhere: true },
  { nulls: true },
  { parts: true },
  { messages: true },
  { bytes: true },
  { halves: true, bytes: true },
  { named: true },
  { plain: true },
  { bom: true },
  { reasoning: "reasoning_content" },
  { reasoning: "reasoning" },
  { noFinish: true, noDone: true, noUsage: true, noSpace: true, crlf: true, comments: true, emptyChoices: true },
]) {
  test(`a stream with ${JSON.stringify(variant)}`, async () => {
    loopback.say("stream", variant);
    const done = await host.done();
    assert.equal(said(done), ANSWER);
    assert.equal(pieces(done.notices), ANSWER);
    const isCounted = !("noUsage" in variant);
    assert.deepEqual(done.usage?.["promptTokens"], isCounted ? 3 : undefined);
    assert.equal(done.usage?.cost, isCounted ? "0.0000033" : undefined);
    const warnings = "noFinish" in variant && "noDone" in variant ? 1 : 0;
    assert.equal(((done.meta?.["warnings"] ?? []) as string[]).length, warnings);
    assert.equal(loopback.ledger.submissions.length, 1);
  });
}

test("thoughts are no part of the answer, and show that it is at work", async () => {
  loopback.say("stream", { reasoning: "reasoning_content" });
  const { notices } = await host.done();
  assert.ok(notices.some(({ params }) => params["stage"] === "thinking"));
  assert.ok(!pieces(notices).includes("think"));
});

test("an error within a stream: before any piece nothing is charged, after some that is unknown", async () => {
  const error = { message: "Provider returned error", code: 502 };
  loopback.say("stream", { errorFirst: error });
  const first = await host.failed();
  assert.deepEqual([first.code, first.message, first.data["charged"]], [1201, error.message, "no"]);
  assert.deepEqual([first.data["retryable"], first.data["accepted"]], [true, undefined]);
  loopback.say("stream", { errorFirst: { message: "slow down", code: 429 } });
  assert.equal((await host.failed()).code, 1102);
  loopback.say("stream", { error });
  const later = await host.failed();
  assert.deepEqual([later.code, later.data["accepted"], later.data["charged"]], [1201, true, "unknown"]);
  assert.equal(later.data["retryable"], false);
});

test("a stream that breaks, makes no sense, or is empty", async () => {
  loopback.say("stream", { malformed: true });
  assert.match((await host.failed()).message, /no JSON/);
  loopback.say("stream", {});
  loopback.say("fault", { operation: "chat", status: 200, body: "<html>hello</html>" });
  const { code, message, data } = await host.failed();
  assert.deepEqual([code, data["accepted"]], [1201, true]);
  assert.match(message, /ended before it began/);
  loopback.say("fault", { operation: "chat", how: "cut", status: 200, body: "data: {\"choices\":[]}\n\n".repeat(9) });
  const cut = await host.failed();
  assert.deepEqual([cut.code, cut.data["retryable"], cut.data["charged"]], [1201, false, "unknown"]);
  assert.equal(loopback.ledger.submissions.length, 1);
});

test("an error that is none stands beside a good answer", async () => {
  for (const error of [false, "", null, 0]) {
    const event = { error, choices: [{ delta: { content: "hello" }, finish_reason: "stop" }] };
    const headers = { "content-type": "text/event-stream" };
    loopback.say("fault", { operation: "chat", status: 200, headers, body: `data: ${JSON.stringify(event)}\n\n` });
    assert.equal(said(await host.done()), "hello");
  }
});

test("an answer of JSON whose type says nothing: on one line or many, or as a stream of lines", async () => {
  const whole = { choices: [{ message: { content: "hello" } }], object: "chat.completion" };
  const line = (content: string) => JSON.stringify({ choices: [{ delta: { content } }] });
  const ended = JSON.stringify({ choices: [{ delta: {}, finish_reason: "stop" }] });
  const bodies = [JSON.stringify(whole), JSON.stringify(whole, null, 2), ` \n${JSON.stringify(whole, null, 2)}\n`];
  for (const body of [...bodies, `${line("hel")}\n${line("lo")}\n${ended}\n`]) {
    for (const how of [undefined, "drip"]) {
      loopback.say("fault", { operation: "chat", status: 200, headers: { "content-type": "text/plain" }, body, how });
      const done = await host.done();
      assert.deepEqual([said(done), pieces(done.notices), done.meta?.["warnings"]], ["hello", "hello", undefined]);
    }
  }
  const body = JSON.stringify({ error: { message: "bad", code: 400 } }, null, 2);
  loopback.say("fault", { operation: "chat", status: 200, body });
  assert.equal((await host.failed()).message, "bad");
});

test("why an answer ended", async () => {
  loopback.say("answer", { finish: "length" });
  assert.match(JSON.stringify((await host.done()).meta?.["warnings"]), /is cut/);
  loopback.say("answer", { finish: "content_filter" });
  assert.match(JSON.stringify((await host.done()).meta?.["warnings"]), /filter/);
  loopback.say("answer", { finish: "content_filter", text: "" });
  const { code, data } = await host.failed();
  assert.deepEqual([code, data["charged"]], [1202, "yes"]);
});

test("a server that says what it charged is believed", async () => {
  loopback.say("answer", { usage: { cost: 0.00042, prompt_tokens_details: { cached_tokens: 2 } } });
  const { usage } = await host.done();
  assert.deepEqual([usage?.cost, usage?.["cachedTokens"]], ["0.00042", 2]);
});

test("transcriptions as they should be streamed, as JSON, and as a chat", async () => {
  const job = { model: "transcription", capability: "audio-to-text", inputs: [host.sound()] };
  for (const variant of [{}, { plain: true }, { chat: true }, { bytes: true, crlf: true }, { noUsage: true, noDone: true }]) {
    loopback.say("stream", variant);
    const done = await host.done(job);
    assert.equal(said(done), "A fox — says 🦊 what?", JSON.stringify(variant));
    assert.equal(pieces(done.notices), said(done));
  }
});
