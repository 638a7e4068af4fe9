/** What becomes of a server's list, whatever it says. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { readDeclaration } from "#prizm/plugin/wire";

import { Host, said } from "./host.js";
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

type Listed = ReturnType<typeof readDeclaration>["models"][number];

async function listed(data: readonly object[]): Promise<Map<string, Listed>> {
  loopback.say("models", { body: { data } });
  const { result } = await host.call("models", {});
  return new Map((result as { models: Listed[] }).models.map((model) => [model.id, model]));
}

test("whoever asks while a list is on its way gets that one", async () => {
  await Promise.all(Array.from({ length: 5 }, () => host.call("models", {})));
  assert.deepEqual(loopback.ledger.journal.map(({ operation }) => operation), ["models"]);
  await host.call("models", {});
  assert.equal(loopback.ledger.journal.length, 2);
});

test("names are cut between characters, and what a name cannot have is left out", async () => {
  const models = await listed([
    { id: "m1", name: "n".repeat(7e6), description: `${"x".repeat(199)}\u{1f98a}\u{1f98a}` },
    { id: "m2", name: `${"x".repeat(99)}\u{1f98a}\u{1f98a}` },
    { id: "m3", name: "a\u0000b\ud83e" },
  ]);
  assert.equal(models.get("m1")?.name?.length, 100);
  assert.equal(models.get("m1")?.description, `${"x".repeat(199)}\u{1f98a}`);
  assert.equal(models.get("m2")?.name, `${"x".repeat(99)}\u{1f98a}`);
  assert.equal(models.get("m3")?.name, "a\ufffdb\ufffd");
});

test("a model is free where nothing of it costs", async () => {
  const zero = { prompt: "0", completion: "0" };
  const models = await listed([
    { id: "free", pricing: { ...zero, request: "0", image: "0", input_cache_read: null } },
    { id: "by-request", pricing: { ...zero, request: "0.05" } },
    { id: "by-image", pricing: { ...zero, image: "0.01" } },
    { id: "unknown", pricing: { ...zero, request: "-1" } },
    { id: "silent" },
  ]);
  assert.deepEqual([...models.values()].filter(({ isFree }) => isFree).map(({ id }) => id), ["free"]);
  const choices = [{ message: { content: "hello" }, finish_reason: "stop" }];
  const body = { choices, usage: { prompt_tokens: 1, completion_tokens: 1 } };
  loopback.say("fault", { operation: "chat", times: 3, status: 200, body });
  assert.equal((await host.done({ model: "free" })).usage?.cost, "0");
  // What a call costs is charged, and not reckoned.
  for (const id of ["by-request", "unknown"]) {
    const done = await host.done({ model: id });
    assert.deepEqual([said(done), done.usage?.cost], ["hello", undefined]);
  }
  assert.equal(models.get("by-request")?.pricing, undefined);
});

test("prices are told in known units, and count against a list that says that nothing costs", async () => {
  const wrong = await host.configure(loopback.settings({ prices: { m: { input_tokens: "5" } } }));
  assert.equal(wrong.error?.code, 1005);
  assert.match(wrong.error?.message ?? "", /input_token, /);
  await host.configure(loopback.settings({ prices: { m: { input_token: "1", output_token: "1" } } }));
  const models = await listed([{ id: "m", pricing: { prompt: "0", completion: "0" } }]);
  assert.deepEqual([models.get("m")?.isFree, models.get("m")?.pricing?.[0]?.amount], [undefined, "1"]);
});
