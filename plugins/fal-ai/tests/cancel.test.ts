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

/** Cancels a job once something has happened, and returns what it was answered. */
async function cancelled(when: Promise<unknown>, deadlineMs?: number): Promise<number | undefined> {
  let id = 0;
  const answer = host.transform(deadlineMs === undefined ? {} : { deadlineMs }, (begun) => (id = begun));
  await when;
  if (deadlineMs === undefined) host.cancel(id);
  return (await answer).error?.code;
}

const stage = (name: string) => host.notice(({ params }) => params["stage"] === name);
const told = () => loopback.ledger.cancels.map(({ told }) => told);

for (const [status, name] of [
  ["IN_QUEUE", "queued"],
  ["IN_PROGRESS", "running"],
] as const) {
  test(`a job that is ${name} is cancelled at fal, and charged nothing`, async () => {
    loopback.say("hold", { status });
    assert.equal(await cancelled(stage(name)), -32800);
    assert.deepEqual(told(), ["CANCELLATION_REQUESTED"]);
    const { submissions, charges } = loopback.ledger;
    assert.deepEqual([submissions.length, charges.length], [1, 0]);
  });
}

test("a job that is over when it is cancelled has been charged", async () => {
  loopback.say("hold", { status: "IN_QUEUE" });
  const over = stage("queued").then(() => loopback.say("advance", { all: true }));
  assert.equal(await cancelled(over), -32800);
  assert.deepEqual(told(), ["ALREADY_COMPLETED"]);
  assert.equal(loopback.ledger.charges.length, 1);
});

test("a job that fal does not know is no reason not to answer", async () => {
  loopback.say("hold", { status: "IN_QUEUE" });
  loopback.say("fault", { operation: "cancel", status: 404, body: { status: "NOT_FOUND" } });
  assert.equal(await cancelled(stage("queued")), -32800);
});

test("a cancellation that fails is no reason, either", async () => {
  loopback.say("hold", { status: "IN_QUEUE" });
  loopback.say("fault", { operation: "cancel", how: "reset" });
  assert.equal(await cancelled(stage("queued")), -32800);
  assert.equal(loopback.ledger.submissions.length, 1);
});

test("a job that is cancelled before its id is known is cancelled at fal all the same", async () => {
  loopback.say("hold", { status: "IN_QUEUE" });
  // The answer comes drop by drop: the job is taken long before its id is there.
  loopback.say("fault", { operation: "submit", how: "drip", done: true });
  const taken = (async () => {
    while (loopback.ledger.submissions.length === 0) await new Promise((resolve) => setImmediate(resolve));
  })();
  assert.equal(await cancelled(taken), -32800);
  assert.deepEqual([loopback.ledger.submissions.length, told()], [1, ["CANCELLATION_REQUESTED"]]);
});

test("a job whose deadline passes is cancelled at fal, which was told how long it may wait", async () => {
  loopback.say("hold", { status: "IN_PROGRESS" });
  assert.equal(await cancelled(Promise.resolve(), 2500), 1101);
  while (told().length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told(), ["CANCELLATION_REQUESTED"]);
  assert.match(loopback.ledger.submissions[0]?.headers["x-fal-request-timeout"] ?? "none", /^[23]$/);
});

test("a job whose time is up before it is sent costs nothing", async () => {
  let id = 0;
  const answer = host.transform({}, (begun) => (id = begun));
  host.cancel(id);
  assert.equal((await answer).error?.code, -32800);
  assert.ok(loopback.ledger.submissions.length <= 1);
  assert.equal(loopback.ledger.charges.length, 0);
});
