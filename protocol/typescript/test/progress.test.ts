/** What a job says before its answer. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Frame, Host, codeOf, job, textOf } from "./host.js";
import { Lab } from "./lab.js";

async function said(what: string, limit?: number): Promise<{ frames: Frame[]; answer: Frame }> {
  const host = await Host.open(new Lab(), limit);
  const answer = await host.call(1, "transform", job(what));
  await host.assertAlive();
  const frames = host.seen.map((frame) => frame["params"] as Frame);
  let last = 0;
  for (const { id, seq } of frames) {
    assert.equal(id, 1);
    assert.ok(seq === undefined || seq > last, JSON.stringify(frames));
    last = seq;
  }
  return { frames, answer };
}

function fractions(frames: Frame[]): unknown[] {
  return frames.map((frame) => frame["fraction"]);
}

test("fractions are clamped and never fall", async () => {
  const { frames } = await said("progress-wild");
  assert.deepEqual(fractions(frames), [0.5, 0.5, undefined, 1, 1]);
  assert.ok(frames.every((frame) => frame["stage"] === "wild"));
});

test("a burst is told ten times a second and ends with its last", async () => {
  const begun = Date.now();
  const { frames } = await said("progress-burst 400");
  const most = (Date.now() - begun) / 100 + 2;
  assert.ok(frames.length >= 3 && frames.length <= most, `${frames.length} frames, at most ${most}`);
  assert.equal(frames.at(-1)?.["fraction"], 399 / 400);
});

test("the last before the answer is always told", async () => {
  const { frames, answer } = await said("progress-at-once");
  assert.deepEqual(fractions(frames), [0, 0.999]);
  assert.equal(textOf(answer), "progress-at-once");
});

test("what was held back leaves as soon as it may", async () => {
  const host = await Host.open(new Lab());
  const begun = Date.now();
  await host.transform(1, "progress-then-sleep 5000");
  assert.equal((await host.frame())?.["params"].stage, "first");
  const second = (await host.frame())?.["params"];
  assert.deepEqual(second, { id: 1, seq: 2, fraction: 0.2, message: "held back", etaMs: 5000 });
  const took = Date.now() - begun;
  assert.ok(took >= 90 && took < 4000, `${took} ms`);
});

test("chunks come in order before the answer", async () => {
  for (const what of ["chunks 40", "chunks-at-once 40"]) {
    const { frames, answer } = await said(what);
    assert.equal(frames.length, 40);
    frames.forEach((frame, number) => assert.ok(String(frame["text"]).startsWith(`${number} c`)));
    assert.equal(textOf(answer), what);
  }
});

test("chunks over the limit are cut into frames", async () => {
  const { frames } = await said("chunks 2", 16 * 1024);
  const body = "c".repeat(64 * 1024);
  assert.equal(frames.map((frame) => frame["text"]).join(""), `0 ${body}1 ${body}`);
  assert.ok(frames.every((frame) => JSON.stringify(frame).length < 16 * 1024));
});

test("characters that were cut in two are whole when they arrive", async () => {
  const { frames, answer } = await said("chunk-characters a漢🦊é🦊\u0001");
  assert.equal(frames.map((frame) => frame["text"]).join(""), textOf(answer));
  assert.ok(frames.every((frame) => !/[\ud800-\udfff]/u.test(String(frame["text"]))), JSON.stringify(frames));
});

test("what was accepted is repeated by the error", async () => {
  const { frames, answer } = await said("accept-and-fail");
  assert.deepEqual(frames, [{ id: 1, remoteId: "remote-7", charged: "yes" }]);
  assert.equal(codeOf(answer), 1201);
  assert.deepEqual(answer["error"].data, { kind: "UpstreamError", retryable: true, accepted: true, charged: "yes" });

  const { accepted, charged, kind } = (await said("accept-and-huge 9000000")).answer["error"].data;
  assert.deepEqual([kind, accepted, charged], ["FrameTooLarge", true, "yes"]);

  const later = (await said("accept-and-fail-free")).answer["error"].data;
  assert.deepEqual([later.accepted, later.charged], [true, "no"], "what is known later counts");
});
