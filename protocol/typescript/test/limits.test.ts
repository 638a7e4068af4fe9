/** Frames that are too long or no frames at all, and a host that does not read. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { Host, codeOf, job, messageOf, textOf } from "./host.js";
import { Lab } from "./lab.js";

const LIMIT = 64 * 1024;

/** Lets everything happen that can: both ends are in this process, and wait for nothing else. */
async function settled(): Promise<false> {
  for (let count = 0; count < 1000; count += 1) await turn();
  return false;
}

test("an oversized request is refused by its id and the next one is read", async () => {
  const host = await Host.open(new Lab(), LIMIT);
  const frame = JSON.stringify({ jsonrpc: "2.0", id: 5, method: "transform", params: job("x".repeat(300_000)) });
  await host.raw(`${frame}\n`);
  const answer = await host.answer();
  assert.deepEqual([answer["id"], codeOf(answer)], [5, 1205]);
  const { kind, retryable, size, limit } = answer["error"].data;
  assert.deepEqual([kind, retryable, size, limit], ["FrameTooLarge", false, frame.length, LIMIT]);
  await host.raw("z".repeat(500_000));
  await host.raw("\n");
  await host.assertAlive();
});

test("an oversized answer becomes an error with size and limit", async () => {
  const host = await Host.open(new Lab(), LIMIT);
  const answer = await host.call(1, "transform", job("huge 100000"));
  assert.equal(codeOf(answer), 1205);
  const { size, limit } = answer["error"].data;
  assert.ok(size >= 100_000 && size < 101_000, String(size));
  assert.equal(limit, LIMIT);
  assert.equal(textOf(await host.call(2, "transform", job("huge 1000"))).length, 1000);
});

test("the limit counts bytes, not characters", async () => {
  const host = await Host.open(new Lab(), LIMIT);
  const text = "漢".repeat(LIMIT / 3);
  const answer = await host.call(1, "transform", job(text));
  assert.deepEqual([codeOf(answer), answer["error"].data.kind], [1205, "FrameTooLarge"]);
  assert.equal(textOf(await host.call(2, "transform", job(text.slice(200)))), text.slice(200));
});

test("garbage is ignored and never answered", async () => {
  const host = await Host.open(new Lab());
  const lines: (string | Uint8Array)[] = [
    "",
    "hello",
    "{",
    Uint8Array.of(0xff, 0xfe, 0),
    Buffer.concat([Buffer.from('{"jsonrpc":"2.0","id":1,"method":"'), Uint8Array.of(0xff), Buffer.from('"}')]),
    '[{"jsonrpc":"2.0","id":1,"method":"ping"}]',
    '{"id":1,"method":"ping"}',
    '{"jsonrpc":"2.0","id":null,"method":"ping"}',
    '{"jsonrpc":"2.0","id":"1","method":"ping"}',
    '{"jsonrpc":"2.0","id":1.0,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","method":"health"}',
    '{"jsonrpc":"2.0","id":1,"result":{}}',
    '{"jsonrpc":"2.0"}',
    `{"jsonrpc":"2.0","id":1,"method":"ping","params":${"[".repeat(10_000)}`,
    `{"jsonrpc":"2.0","id":1,"method":"ping","x":${"[".repeat(1000)}${"]".repeat(1000)}}`,
  ];
  for (const line of lines) {
    await host.raw(line);
    await host.raw("\r\n \t\n");
  }
  await host.assertAlive();
});

test("parameters that are nested too deep are refused, and never built", async () => {
  const host = await Host.open(new Lab());
  const nested = (levels: number) => `{"x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  const ask = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"transform","params":${params}}\n`;
  await host.raw(ask(nested(1_000_000)));
  const answer = await host.answer();
  assert.deepEqual([codeOf(answer), messageOf(answer)], [-32602, "params: nested too deep"]);
  const deepest = { ...job("deep"), options: JSON.parse(nested(125)) as unknown };
  assert.equal(textOf(await host.call(2, "transform", deepest)), "deep");
});

test("a byte order mark is ignored at the start, and frames may come in any pieces", async () => {
  const host = new Host(new Lab());
  const frame = Buffer.from('\ufeff{ "jsonrpc" : "2.0", "id" : 1 , "method" : "ping" }\r\n');
  for (const byte of frame) await host.raw(Uint8Array.of(byte));
  assert.deepEqual((await host.answer())["result"], {});
  await host.raw('{"jsonrpc":"2.0","id":2,"method":"ping"}\n\n{"jsonrpc":"2.0","params":{},"method":"ping","id":3}\n');
  assert.deepEqual([(await host.answer())["id"], (await host.answer())["id"]], [2, 3]);
});

test("a second request with the id of a running one is not answered", async () => {
  const host = await Host.open(new Lab(2));
  await host.transform(1, "sleep 100");
  await host.transform(1, "at once");
  assert.equal(textOf(await host.answer()), "sleep 100");
  await host.assertAlive();
});

test("a host that does not read makes the work wait", async () => {
  const lab = new Lab();
  const host = await Host.open(lab);
  await host.transform(1, "chunks 500");
  await settled();
  const sent = lab.seen.chunks;
  assert.ok(sent >= 16 && sent <= 40, `${sent} chunks of 64 KiB were taken`);
  assert.equal((await host.answer())["id"], 1);
  assert.equal(host.seen.length, 500, "nothing was lost");
});

test("a host that asks and never reads is not heard for ever", async () => {
  const host = await Host.open(new Lab(64));
  const body = "a".repeat(1024 * 1024);
  let asked = 0;
  while (asked < 200) {
    asked += 1;
    const isTaken = await Promise.race([host.transform(asked, body).then(() => true), settled()]);
    if (!isTaken) break;
  }
  assert.ok(asked >= 16 && asked < 120, `${asked} requests of 1 MiB were taken`);
});

test("a host that makes mistakes and never reads is not heard for ever", async () => {
  const capabilities = Array.from({ length: 100 }, (_, index) => `x-${"v".repeat(60)}/${"n".repeat(50)}${index}` as const);
  const host = await Host.open({ id: "a", version: "1.0.0", models: [{ id: "lab", capabilities }], transform: () => [] });
  let asked = 0;
  // Each is answered at once, with all that the model can do.
  while (asked < 5000) {
    asked += 1;
    if (!(await Promise.race([host.transform(asked, "x").then(() => true), settled()]))) break;
  }
  assert.ok(asked > 1000 && asked < 3000, `${asked} answers of 12 KiB were kept`);
});

test("progress that nobody reads is dropped but for the last", async () => {
  const lab = new Lab(2);
  const host = await Host.open(lab);
  await host.transform(1, "chunks 100");
  await host.transform(2, "progress-burst 300");
  await lab.burst;
  await host.answer();
  await host.answer();
  const progress = host.seen.filter((frame) => frame["params"].id === 2).map((frame) => frame["params"].fraction);
  assert.ok(progress.length <= 3, JSON.stringify(progress));
  assert.equal(progress.at(-1), 299 / 300);
});
