/** Cancellation and deadlines. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Host, codeOf, job, textOf } from "./host.js";
import { Lab } from "./lab.js";

function between(least: number, most: number, value: number): void {
  assert.ok(least <= value && value < most, `${value} is not from ${least} to ${most}`);
}

test("work that listens is cancelled at once", async () => {
  const host = await Host.open(new Lab());
  const begun = Date.now();
  await host.transform(1, "wait");
  await host.assertAlive();
  await host.cancel(1);
  await host.cancel(1);
  assert.equal(codeOf(await host.answer()), -32800);
  between(0, 1000, Date.now() - begun);
  await host.assertAlive();
});

test("a result that wins the race stands", async () => {
  const host = await Host.open(new Lab());
  await host.transform(1, "finish-anyway");
  await host.assertAlive();
  await host.cancel(1);
  assert.equal(textOf(await host.answer()), "finish-anyway");
  await host.assertAlive();
});

test("a failure after the cancellation is the cancellation", async () => {
  const host = await Host.open(new Lab());
  for (const what of ["fail-after-cancel", "throw-after-cancel", "sleep 60000"]) {
    await host.transform(1, what);
    await host.assertAlive();
    await host.cancel(1);
    assert.equal(codeOf(await host.answer()), -32800, what);
  }
  assert.equal((await host.health())["lastError"], undefined);
});

test("work that ignores it is answered after three seconds, and its turn passes to the next", async () => {
  const host = await Host.open(new Lab());
  await host.transform(1, "ignore");
  await host.assertAlive();
  const cancelled = Date.now();
  await host.cancel(1);
  assert.equal(codeOf(await host.answer()), -32800);
  between(2900, 5000, Date.now() - cancelled);
  assert.equal(textOf(await host.call(2, "transform", job("next"))), "next");
});

test("a job that waits for its turn is cancelled at once", async () => {
  const lab = new Lab();
  const host = await Host.open(lab);
  await host.transform(1, "ignore");
  await host.transform(2, "never begun");
  await host.assertAlive();
  const cancelled = Date.now();
  await host.cancel(2);
  const answer = await host.answer();
  assert.deepEqual([answer["id"], codeOf(answer)], [2, -32800]);
  between(0, 1000, Date.now() - cancelled);
  assert.equal(lab.seen.begun, 1);
  assert.equal((await host.health())["queuedJobs"], 0);
});

test("cancelling what is unknown or nonsense changes nothing", async () => {
  const host = await Host.open(new Lab());
  await host.cancel(77);
  for (const params of [{}, { id: "1" }, [1], null, undefined]) await host.notify("$/cancelRequest", params);
  await host.assertAlive();
});

test("two thousand cancelled jobs leave nothing behind", async () => {
  const lab = new Lab(4);
  const host = await Host.open(lab);
  for (let id = 1; id <= 2000; id += 1) {
    await host.transform(id, "wait");
    await host.cancel(id);
    const answer = await host.answer();
    assert.deepEqual([answer["id"], codeOf(answer)], [id, -32800]);
  }
  const { activeJobs, queuedJobs } = await host.health();
  assert.deepEqual([activeJobs, queuedJobs], [0, 0]);
  assert.equal(lab.seen.begun, lab.seen.aborted);
});

test("a deadline ends the work", async () => {
  const lab = new Lab();
  const host = await Host.open(lab);
  const begun = Date.now();
  await host.request(1, "transform", { ...job("ignore"), deadlineMs: 500 });
  await host.request(2, "transform", { ...job("never begun"), deadlineMs: 200 });
  for (const id of [2, 1]) {
    const answer = await host.answer();
    assert.deepEqual([answer["id"], codeOf(answer)], [id, 1101]);
    assert.deepEqual(answer["error"].data, { kind: "DeadlineExceeded", retryable: true });
  }
  between(490, 3000, Date.now() - begun);
  assert.equal(lab.seen.begun, 1);
  assert.equal(textOf(await host.call(3, "transform", job("next"))), "next");
});

test("the author's signal tells a deadline from a cancellation", async () => {
  const reasons: string[] = [];
  const host = await Host.open(
    Object.assign(new Lab(), {
      transform: (_: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push((signal.reason as DOMException).name);
            reject(signal.reason as Error);
          });
        }),
    }),
  );
  assert.equal(codeOf(await host.call(1, "transform", { ...job("x"), deadlineMs: 1 })), 1101);
  await host.transform(2, "x");
  await host.assertAlive();
  await host.cancel(2);
  assert.equal(codeOf(await host.answer()), -32800);
  assert.deepEqual(reasons, ["TimeoutError", "AbortError"]);
});

test("the author sees the deadline and the name of the job", async () => {
  const host = await Host.open(new Lab());
  const [name, left] = textOf(await host.call(1, "transform", { ...job("deadline"), deadlineMs: 60_000 })).split(" ");
  assert.equal(name, "job-1");
  between(50_000, 60_001, Number(left));
  assert.equal(textOf(await host.call(2, "transform", job("deadline"))), "job-1 none");
  // Longer than any timer waits: Node would warn, and not wait at all.
  const warnings: string[] = [];
  process.on("warning", ({ name }) => warnings.push(name));
  for (const deadlineMs of [2 ** 31, 2 ** 53, 2 ** 64]) {
    const host = await Host.open(new Lab());
    assert.equal(textOf(await host.call(3, "transform", { ...job("sleep 5"), deadlineMs })), "sleep 5");
  }
  assert.deepEqual(warnings, []);
});

test("nothing is said of a job after its answer", async () => {
  const host = await Host.open(new Lab());
  assert.equal(textOf(await host.call(1, "transform", job("late-words"))), "late-words");
  assert.equal(textOf(await host.call(2, "transform", job("sleep 30"))), "sleep 30");
  await host.assertAlive();
  assert.deepEqual(host.seen, []);
});
