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
const counts = () => [loopback.ledger.submissions.length, loopback.ledger.charges.length];
const until = async (isSo: () => boolean) => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

test("a job that has not begun is cancelled at Replicate, and charged nothing", async () => {
  loopback.say("hold", { status: "starting" });
  assert.equal(await cancelled(stage("starting")), -32800);
  assert.deepEqual([told(), counts()], [["canceled"], [1, 0]]);
});

test("one that runs is charged for as long as it ran", async () => {
  loopback.say("hold", { status: "processing" });
  assert.equal(await cancelled(stage("running")), -32800);
  assert.deepEqual([told(), counts(), loopback.ledger.charges[0]?.status], [["canceled"], [1, 1], "canceled"]);
});

test("one that is over when it is cancelled has been charged", async () => {
  loopback.say("hold", { status: "starting" });
  const over = stage("starting").then(() => loopback.say("advance", { all: true }));
  assert.equal(await cancelled(over), -32800);
  assert.deepEqual([told(), counts()], [["succeeded"], [1, 1]]);
});

test("a cancellation that fails, or of a job that nobody knows, is no reason not to answer", async () => {
  loopback.say("hold", { status: "starting" });
  for (const fault of [
    { how: "reset" },
    { status: 404, body: { detail: "no", status: 404 } },
    { status: 200, body: "?" },
  ]) {
    loopback.say("fault", { operation: "cancel", ...fault });
    assert.equal(await cancelled(stage("starting")), -32800);
  }
  assert.deepEqual(counts(), [3, 0]);
});

test("a job that is cancelled before its id is known is cancelled at Replicate all the same", async () => {
  loopback.say("hold", { status: "starting" });
  // The answer comes drop by drop: the job is taken long before its id is there.
  loopback.say("fault", { operation: "submit", how: "drip", done: true });
  assert.equal(await cancelled(until(() => loopback.ledger.submissions.length > 0)), -32800);
  assert.deepEqual([told(), counts()], [["canceled"], [1, 0]]);
});

test("a job whose deadline passes is cancelled, and Replicate was told of it", async () => {
  loopback.say("hold", { status: "starting" });
  assert.equal(await cancelled(Promise.resolve(), 1500), 1101);
  await until(() => told().length > 0);
  assert.deepEqual(told(), ["canceled"]);
  assert.equal(loopback.ledger.submissions[0]?.cancelAfter, "5s");
});

test("a deadline that Replicate keeps is told, and what had not begun is free", async () => {
  loopback.say("hold", { status: "starting" });
  const waiting = stage("starting");
  const answer = host.failed({ deadlineMs: 60_000 });
  await waiting;
  loopback.say("deadline");
  const { code, data } = await answer;
  assert.deepEqual([code, data["charged"], data["providerCode"]], [1101, "no", "aborted"]);
  assert.match(loopback.ledger.submissions[0]?.cancelAfter ?? "none", /^(60|59)s$/);
  assert.deepEqual(counts(), [1, 0]);
});

test("a job that somebody else cancels is told so", async () => {
  loopback.say("hold", { status: "processing" });
  const running = stage("running");
  const answer = host.failed();
  await running;
  const [{ id } = assert.fail()] = loopback.ledger.submissions;
  const headers = { authorization: "Bearer other" };
  await fetch(`${loopback.url}/v1/predictions/${id}/cancel`, { method: "POST", headers });
  const { code, data } = await answer;
  assert.deepEqual([code, data["retryable"], data["charged"], data["providerCode"]], [1201, false, "yes", "canceled"]);
});

test("a job whose time is up before it is sent costs nothing", async () => {
  let id = 0;
  const answer = host.transform({}, (begun) => (id = begun));
  host.cancel(id);
  assert.equal((await answer).error?.code, -32800);
  assert.ok(loopback.ledger.submissions.length <= 1);
  assert.equal(loopback.ledger.charges.length, 0);
});
