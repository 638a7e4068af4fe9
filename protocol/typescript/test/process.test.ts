/** What only a real process can show. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Plugin } from "./child.js";
import { type Frame, codeOf, initialize, job, messageOf, textOf } from "./host.js";

const top = mkdtempSync(join(tmpdir(), "prizm-process-"));
after(() => rmSync(top, { recursive: true }));

const HOW_TO = "`rude` is a Prizm provider, which Prizm starts. Try: prizm run rude INPUT\n";

/** A conversation as a file. */
const SCRIPT = [
  { jsonrpc: "2.0", id: 0, method: "initialize", params: initialize() },
  { jsonrpc: "2.0", id: 1, method: "ping" },
]
  .map((frame) => `${JSON.stringify(frame)}\n`)
  .join("");

async function rude(manner = "", options = {}): Promise<Plugin> {
  const plugin = new Plugin(manner, options);
  if (manner === "prints-first") assert.equal(await plugin.line(), "printed before serve");
  await plugin.open();
  return plugin;
}

test("a whole conversation over pipes", async () => {
  const plugin = new Plugin("");
  assert.equal((await plugin.open())["result"].provider.id, "rude");
  assert.deepEqual((await plugin.call(1, "configure", { config: {}, services: {} }))["result"], { ready: true });
  assert.equal(textOf(await plugin.call(2, "transform", job("hello"))), "hello");
  assert.deepEqual((await plugin.call(3, "shutdown", {}))["result"], {});
  plugin.notify("exit");
  const { status, stderr, rest } = await plugin.end();
  assert.deepEqual([status, stderr, rest], [0, "printed after serve\n", []]);
});

for (const manner of ["", "prints-first", "looks-at-stdin", "reads-stdin"]) {
  test(`what is printed never reaches the channel, whoever prints it (${manner || "as usual"})`, async () => {
    const plugin = await rude(manner);
    assert.equal(textOf(await plugin.call(3, "transform", job("print"))), "print");
    const child = await plugin.call(4, "transform", job("child"));
    assert.equal(textOf(child), "the child read all of its stdin and ended with 7");
    assert.equal(textOf(await plugin.call(5, "transform", job("stdin"))), "read 0 bytes and 0");
    assert.deepEqual((await plugin.call(6, "ping"))["result"], {});
    const { status, stderr, rest } = await plugin.hangUpAndEnd();
    assert.deepEqual([status, rest], [0, []]);
    for (const whose of ["by the stream", "by the console", "and waited for", "by a thread", "by a child", "after serve"]) {
      assert.ok(stderr.includes(`printed ${whose}`), `${whose}: ${stderr}`);
    }
    assert.ok(stderr.includes("forged") && !stderr.includes("stolen"), stderr);
  });
}

test("children inherit nothing of the channel", { skip: process.platform !== "linux" }, async () => {
  const plugin = await rude();
  const answer = await plugin.call(3, "transform", job("descriptors"));
  const { channel, now } = JSON.parse(textOf(answer)) as { channel: string[]; now: string[] };
  assert.deepEqual(now, ["/dev/null", now[2], now[2]], "stdin is empty, and stdout is stderr");
  await plugin.call(4, "transform", job("child"));
  const { stderr } = await plugin.hangUpAndEnd();
  const listed = stderr.split("\n").flatMap((line) => / \d+ -> (\S+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(listed.slice(0, 3), now);
  for (const pipe of channel) assert.ok(pipe.startsWith("pipe:") && !listed.includes(pipe), stderr);
});

test("run by hand it says how to run it", async () => {
  for (const PRIZM_PLUGIN of [undefined, "", "0"]) {
    const { status, stderr, rest } = await new Plugin("", { env: { PRIZM_PLUGIN } }).end();
    assert.deepEqual([status, stderr, rest], [64, HOW_TO, []]);
  }
});

test("a terminal is a hand too", () => {
  const script = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
  const argv = ["-c", script, process.execPath, fileURLToPath(new URL("rude.js", import.meta.url))];
  const { status, stdout } = spawnSync("python3", argv, { env: { ...process.env, PRIZM_PLUGIN: "1" } });
  assert.deepEqual([status, String(stdout).trim()], [64, HOW_TO.trim()]);
});

test("the end of stdin ends it at once, whatever runs", async () => {
  const plugin = await rude();
  plugin.request(1, "transform", job("busy"));
  await plugin.call(2, "ping");
  plugin.hangUp();
  const { status, rest, took } = await plugin.end();
  assert.equal(status, 0);
  assert.ok(took < 2000, `${took} ms`);
  assert.ok(rest.every((line) => line.includes("$/progress")), String(rest));
});

for (const [how, stop] of Object.entries({
  exit: (plugin: Plugin) => plugin.notify("exit"),
  "the end of stdin": (plugin: Plugin) => plugin.hangUp(),
})) {
  test(`${how} ends it though a thread is stuck`, async () => {
    const FIFO = join(top, how.replaceAll(" ", "-"));
    assert.equal(spawnSync("mkfifo", [FIFO]).status, 0);
    const plugin = await rude("", { env: { FIFO } });
    plugin.request(1, "transform", job("stuck"));
    await plugin.call(2, "ping");
    stop(plugin);
    const { status, took } = await plugin.end();
    assert.equal(status, 128 + 9, "only a kill ends it");
    assert.ok(took < 2000, `${took} ms`);
  });
}

test("the end of stdin answers what is ready", async () => {
  const plugin = new Plugin("");
  plugin.raw(SCRIPT);
  plugin.hangUp();
  assert.deepEqual([(await plugin.answer())["id"], (await plugin.answer())["id"]], [0, 1]);
  assert.equal((await plugin.end()).status, 0);
});

test("a closed stdout ends it with a reason", async () => {
  const plugin = new Plugin("", { connection: "deaf" });
  plugin.raw(SCRIPT);
  const { status, stderr } = await plugin.end();
  assert.equal(status, 1);
  assert.match(stderr, /^prizm-plugin: cannot write to the host: .*EPIPE/m);
});

test("stdout and stderr may be one pipe", async () => {
  const plugin = new Plugin("", { connection: "mixed" });
  plugin.raw(`${SCRIPT}nonsense\n`);
  const { status, rest } = await plugin.hangUpAndEnd();
  assert.equal(status, 0);
  for (const said of ['"id":0', '"id":1', "not a JSON object", "printed after serve"]) {
    assert.ok(rest.some((line) => line.includes(said)), `${said}: ${rest.join("\n")}`);
  }
});

test("over sockets the streams of Node are led elsewhere, and a line says what that leaves", async () => {
  const plugin = await rude("", { connection: "sockets" });
  assert.equal(textOf(await plugin.call(1, "transform", job("hello"))), "hello");
  await plugin.call(2, "shutdown");
  plugin.notify("exit");
  const { status, stderr, rest } = await plugin.end();
  assert.deepEqual([status, rest], [0, []]);
  assert.match(stderr, /^prizm-plugin: stdout cannot be moved: /m);
  assert.match(stderr, /^printed after serve$/m);
});

test("files serve as a channel", () => {
  const [input, output] = [join(top, "input"), join(top, "output")];
  writeFileSync(input, SCRIPT);
  writeFileSync(output, "before\n");
  const stdio: [number, number, "pipe"] = [openSync(input, "r"), openSync(output, "a"), "pipe"];
  const env = { ...process.env, PRIZM_PLUGIN: "1" };
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL("rude.js", import.meta.url))], { stdio, env });
  assert.equal(status, 0);
  const [before, ...said] = readFileSync(output, "utf8").split("\n").filter((line) => line !== "");
  assert.equal(before, "before");
  assert.deepEqual(said.map((line) => (JSON.parse(line) as Frame)["id"]), [0, 1]);
});

test("two hundred large jobs pass through pipes", async () => {
  const plugin = await rude();
  const body = "b".repeat(64 * 1024);
  for (let id = 1; id <= 200; id += 1) plugin.request(id, "transform", job(`${id} ${body}`));
  const answered = new Set<unknown>();
  while (answered.size < 200) {
    const answer = await plugin.answer();
    assert.equal(textOf(answer), `${answer["id"]} ${body}`);
    assert.ok(!answered.has(answer["id"]), "answered twice");
    answered.add(answer["id"]);
  }
  await plugin.hangUpAndEnd();
});

test("the log is JSON lines", async () => {
  const plugin = await rude();
  await plugin.call(1, "transform", job("log"));
  const { stderr } = await plugin.hangUpAndEnd();
  const [began, low, strange] = stderr.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Frame);
  assert.deepEqual(began, { level: "info", msg: "began", fields: { steps: 5, model: "m" } });
  assert.deepEqual([low?.["level"], low?.["target"], low?.["fields"].size], ["warn", "loader::gpu", "5"]);
  assert.match(String(low?.["fields"].error), /^Error: no room\n/);
  assert.deepEqual(strange, { level: "error", msg: "strange", fields: { unprintable: ["circle"] } });
});

test("what no call of the author's catches is told on stderr, and the session goes on", async () => {
  const plugin = await rude();
  for (const what of ["uncaught", "rejected"]) {
    assert.equal(textOf(await plugin.call(1, "transform", job(what))), what);
  }
  const answer = await plugin.call(2, "transform", job("throw-null"));
  assert.deepEqual([codeOf(answer), messageOf(answer)], [-32603, "the provider threw null"]);
  assert.deepEqual((await plugin.call(3, "ping"))["result"], {});
  const { status, stderr } = await plugin.hangUpAndEnd();
  assert.equal(status, 0);
  assert.match(stderr, /^prizm-plugin: uncaught exception: Error: thrown by nobody's call\n {4}at /m);
  assert.match(stderr, /^prizm-plugin: unhandled rejection: Error: rejected by nobody's call\n {4}at /m);
  assert.match(stderr, /^prizm-plugin: unhandled rejection: a mere text$/m);
});
