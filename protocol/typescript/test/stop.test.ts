/** The ends of a session. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { PassThrough, Writable } from "node:stream";
import { test } from "node:test";

import { serveStreams } from "../src/index.js";
import { Host, codeOf, initialize, job } from "./host.js";
import { Lab } from "./lab.js";
import { rootOf } from "./root.js";

test("shutdown cancels what runs, refuses what comes and answers last", async () => {
  const lab = new Lab(2);
  const host = await Host.open(lab);
  await host.transform(1, "wait");
  await host.transform(2, "ignore");
  await host.transform(3, "queued");
  await host.assertAlive();
  const begun = Date.now();
  await host.request(10, "shutdown");
  await host.transform(4, "too late");
  const answers: [number, number | undefined][] = [];
  for (let count = 0; count < 5; count += 1) {
    const answer = await host.answer();
    answers.push([answer["id"], answer["error"]?.code]);
  }
  assert.deepEqual(answers.pop(), [10, undefined]);
  answers.sort(([a], [b]) => a - b);
  assert.deepEqual(answers, [[1, -32800], [2, -32800], [3, -32800], [4, -32802]]);
  assert.ok(Date.now() - begun < 5000);
  assert.ok(lab.seen.shutDown);
  await host.assertAlive();
  await host.notify("exit", {});
  assert.deepEqual(await host.rest(), []);
});

test("a shutdown of the provider's that hangs or fails does not keep the host waiting", async () => {
  for (const shutdown of [() => new Promise<void>(() => {}), () => Promise.reject(new Error("no"))]) {
    const host = await Host.open(Object.assign(new Lab(), { shutdown }));
    assert.deepEqual((await host.call(1, "shutdown"))["result"], {});
  }
});

test("a second shutdown is answered too", async () => {
  const host = await Host.open(new Lab());
  await host.transform(1, "sleep 60000");
  await host.request(2, "shutdown", {});
  await host.request(3, "shutdown", {});
  assert.equal(codeOf(await host.answer()), -32800);
  const ids = [(await host.answer())["id"], (await host.answer())["id"]];
  assert.deepEqual(ids.sort(), [2, 3]);
});

test("the end of input ends what runs, and nothing is said any more", async () => {
  const lab = new Lab(4);
  const host = await Host.open(lab);
  await host.transform(1, "wait");
  await host.transform(2, "sleep 60000");
  await host.assertAlive();
  const begun = Date.now();
  host.hangUp();
  assert.deepEqual(await host.rest(), []);
  assert.ok(Date.now() - begun < 1000);
  assert.equal(lab.seen.aborted, 1);
});

test("exit ends the session after what is ready was written", async () => {
  const host = await Host.open(new Lab());
  await host.raw(
    '{"jsonrpc":"2.0","id":1,"method":"ping"}\n{"jsonrpc":"2.0","method":"exit"}\n{"jsonrpc":"2.0","id":2,"method":"ping"}\n',
  );
  assert.deepEqual(await host.rest(), [{ jsonrpc: "2.0", id: 1, result: {} }]);
});

test("a last line without an end is read", async () => {
  const host = await Host.open(new Lab());
  await host.raw('{"jsonrpc":"2.0","id":1,"method":"ping"}');
  host.hangUp();
  assert.deepEqual(await host.rest(), [{ jsonrpc: "2.0", id: 1, result: {} }]);
});

test("a channel that breaks ends the session with a reason", async () => {
  const deaf = new Writable({ write: (_chunk, _encoding, done) => done(new Error("the pipe is gone")) });
  const input = new PassThrough();
  const writing = serveStreams(new Lab(), input, deaf);
  input.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  await assert.rejects(writing, /^Error: cannot write to the host: the pipe is gone$/);

  const broken = new PassThrough();
  const reading = serveStreams(new Lab(), broken, new PassThrough());
  broken.destroy(new Error("reset"));
  await assert.rejects(reading, /^Error: cannot read from the host: reset$/);
});

test("a session that is only left alone keeps no process", () => {
  const params = { ...job("x"), deadlineMs: 60_000 };
  const frames = [
    { jsonrpc: "2.0", id: 1, method: "initialize", params: initialize() },
    { jsonrpc: "2.0", id: 2, method: "transform", params },
  ];
  const script = `
    import { PassThrough } from "node:stream";
    import { serveStreams } from "@prizm/plugin";
    const [input, output] = [new PassThrough(), new PassThrough()];
    const models = [{ id: "lab", capabilities: ["text-to-text"] }];
    void serveStreams({ id: "a", version: "1.0.0", models, transform: () => [] }, input, output);
    output.on("data", (bytes) => process.stdout.write(bytes));
    for (const frame of ${JSON.stringify(frames)}) input.write(JSON.stringify(frame) + "\\n");`;
  const argv = ["--input-type=module", "--eval", script];
  const { status, stdout } = spawnSync(process.execPath, argv, { cwd: rootOf(import.meta.url), timeout: 30_000 });
  assert.equal(status, 0, "it ended by itself");
  assert.match(String(stdout), /"id":2,"result":\{"outputs":\[\]\}/);
});
