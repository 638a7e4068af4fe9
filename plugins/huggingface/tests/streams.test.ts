/** The ways in which those behind the router stream; how a stream is read is tested with `openai`, which has that. */

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

for (const variant of [
  {},
  { noFinish: true },
  { noDone: true },
  { noUsage: true },
  { crlf: true, bytes: true, halves: true, comments: true, emptyChoices: true },
  { plain: true },
  { reasoning: "reasoning_content" },
]) {
  test(`a stream with ${JSON.stringify(variant)}`, async () => {
    loopback.say("stream", variant);
    const done = await host.done();
    assert.equal(said(done), "You said: a red fox ⏳🦊");
    assert.equal(pieces(done.notices), said(done));
    assert.equal(done.usage?.cost, "noUsage" in variant ? undefined : "0.00000495");
    assert.equal(loopback.ledger.submissions.length, 1);
  });
}

test("an error within a stream: before any piece nothing is charged, after some that is unknown", async () => {
  const error = { message: "Provider returned error", code: 502 };
  loopback.say("stream", { errorFirst: error });
  const first = await host.failed();
  assert.deepEqual([first.code, first.data["retryable"], first.data["charged"]], [1201, true, "no"]);
  loopback.say("stream", { error });
  const later = await host.failed();
  assert.deepEqual([later.code, later.data["retryable"], later.data["accepted"], later.data["charged"]], [1201, false, true, "unknown"]);
});

test("a stream that breaks or is empty", async () => {
  loopback.say("fault", { operation: "chat", how: "cut", status: 200, body: "data: {\"choices\":[]}\n\n".repeat(9) });
  const cut = await host.failed();
  assert.deepEqual([cut.code, cut.data["retryable"], cut.data["charged"]], [1201, false, "unknown"]);
  loopback.say("fault", { operation: "chat", status: 200, body: "<html>hello</html>" });
  assert.match((await host.failed()).message, /ended before it began/);
});
