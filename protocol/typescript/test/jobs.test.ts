/** Jobs at the same time, in turn, and in ruins; and what they give back. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Health, ProviderError, text } from "../src/index.js";
import { Host, codeOf, initialize, job, messageOf, textOf } from "./host.js";
import { Lab } from "./lab.js";

test("jobs run at the same time and answer as they finish", async () => {
  const host = await Host.open(new Lab(3));
  await host.transform(1, "sleep 600");
  await host.transform(2, "sleep 50");
  await host.transform(3, "sleep 300");
  const order = [];
  for (let count = 0; count < 3; count += 1) order.push((await host.answer())["id"]);
  assert.deepEqual(order, [2, 3, 1]);
});

test("jobs over the declared number wait in order, and pings do not", async () => {
  const lab = new Lab(1);
  const host = await Host.open(lab);
  for (const id of [1, 2, 3]) await host.transform(id, "wait");
  await host.assertAlive();
  const { status, activeJobs, queuedJobs, uptimeMs } = await host.health();
  assert.deepEqual([status, activeJobs, queuedJobs], ["healthy", 1, 2]);
  assert.ok(Number.isInteger(uptimeMs));
  assert.equal(lab.seen.begun, 1);
  await host.cancel(1);
  assert.equal((await host.answer())["id"], 1);
  await host.assertAlive();
  assert.equal(lab.seen.begun, 2);
  assert.equal((await host.health())["queuedJobs"], 1);
  await host.cancel(2);
  assert.equal((await host.answer())["id"], 2);
});

test("two hundred large jobs all get their own answer", async () => {
  const host = await Host.open(new Lab(64));
  const body = "b".repeat(64 * 1024);
  const reading = (async () => {
    const answered = new Set<unknown>();
    while (answered.size < 200) {
      const answer = await host.answer();
      assert.ok(textOf(answer).startsWith(`${answer["id"]} `));
      assert.ok(!answered.has(answer["id"]), "answered twice");
      answered.add(answer["id"]);
    }
  })();
  for (let id = 1; id <= 200; id += 1) await host.transform(id, `${id} ${body}`);
  await reading;
  await host.assertAlive();
});

test("an exception is an answer and the provider lives on", async () => {
  const host = await Host.open(new Lab(2));
  const cases: [string, number, string][] = [
    ["throw 7", -32603, "the lab blew up at 7"],
    ["throw-later", -32603, "RangeError: later"],
    ["throw-text", -32603, 'the provider threw "just text"'],
    ["full-disk", 1103, "no space left"],
  ];
  for (const [what, code, message] of cases) {
    const answer = await host.call(1, "transform", job(what));
    assert.deepEqual([codeOf(answer), messageOf(answer)], [code, message]);
    assert.equal((await host.health())["lastError"], message);
  }
  assert.equal((await host.health())["activeJobs"], 0);
});

test("a result that is none is the provider's error", async () => {
  const host = await Host.open(new Lab());
  const cases: [string, string][] = [
    ["nonsense", "`outputs[0].kind`: expected one of text, image, audio, video, 3d, got another word"],
    ["number", "expected an object, got a number"],
  ];
  for (const [what, message] of cases) {
    const answer = await host.call(1, "transform", job(what));
    assert.deepEqual([codeOf(answer), messageOf(answer)], [-32603, `the provider's result is wrong: ${message}`]);
  }
  const answer = await host.call(2, "transform", job("circle"));
  assert.equal(codeOf(answer), -32603);
  assert.match(messageOf(answer), /^the answer cannot be written as JSON: /);
  await host.assertAlive();
});

test("a result is one medium, several, or a whole", async () => {
  const host = await Host.open(new Lab());
  const outputs = (await host.call(1, "transform", job("many 3")))["result"].outputs;
  assert.deepEqual(outputs, ["0", "1", "2"].map(text));
  assert.deepEqual((await host.call(2, "transform", job("meta")))["result"], {
    outputs: [text("x")],
    usage: { cost: "0.5", currency: "EUR", tokens: 7 },
    meta: { seed: 1 },
  });
  assert.equal(textOf(await host.call(3, "transform", job("half"))), "\ufffd", "half a character is no JSON");
});

test("what fails in a declaration is an answer", async () => {
  const host = new Host({
    id: "a",
    version: "1",
    get models(): never {
      throw new Error("no idea");
    },
    transform: () => [],
  });
  const answer = await host.call(0, "initialize", initialize());
  assert.deepEqual([codeOf(answer), messageOf(answer)], [-32603, "no idea"]);
  await host.assertAlive();
});

test("health is the author's word, where there is one", async () => {
  const health = (measured: Health): Health => ({ ...measured, status: "unhealthy", lastError: "no GPU" });
  const host = await Host.open(Object.assign(new Lab(), { health }));
  const { status, lastError, activeJobs } = await host.health();
  assert.deepEqual([status, lastError, activeJobs], ["unhealthy", "no GPU", 0]);
});

test("errors say their kind, whether to retry, and what else there is to say", () => {
  const error = new ProviderError("RateLimited", "slow down", { retryAfterMs: 1500.2, docsUrl: "https://example.org" });
  const data = { kind: "RateLimited", retryable: true, retryAfterMs: 1500, docsUrl: "https://example.org" };
  assert.deepEqual(error.toWire(), { code: 1102, message: "slow down", data });
  assert.equal(error.kind, "RateLimited");

  const patient = new ProviderError("QuotaExceeded", "empty", { retryAfterMs: 1 });
  assert.equal(patient.toWire().data?.["retryable" as never], true);
  const gone = new ProviderError("UpstreamError", "gone", { retryable: false, details: { status: 410, kind: "x" } });
  assert.deepEqual(gone.toWire().data, { status: 410, kind: "UpstreamError", retryable: false });

  assert.deepEqual(new ProviderError("InvalidParams", "no").toWire(), { code: -32602, message: "no" });
  assert.equal(new ProviderError("Cancelled", "no").kind, undefined);
  const option = ProviderError.invalidOption("steps", "a whole number from 1 to 9", 10);
  assert.equal(option.message, "option `steps`: expected a whole number from 1 to 9, got 10");
});
