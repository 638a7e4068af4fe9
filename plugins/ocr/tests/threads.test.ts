import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { Engine } from "../src/engine.js";
import { Engines } from "../src/engines.js";
import { ENGLISH } from "../src/languages.js";
import { OcrProvider } from "../src/provider.js";
import { FIXTURES, Host } from "./host.js";
import { whitePng } from "./pictures.js";

const HELLO = "Hello from Prizm";

const bytesOf = (name: string) => readFileSync(join(FIXTURES, name));

let host: Host;
/** How many threads were started. */
let started = 0;

/** A provider whose threads run this script. */
function provider(script?: string): OcrProvider {
  return new OcrProvider(
    new Engines((source) => {
      started += 1;
      return script === undefined ? new Engine(source) : new Engine(source, resolve(FIXTURES, script));
    }),
  );
}

async function open(script?: string): Promise<void> {
  host = new Host(provider(script));
  await host.open();
}

beforeEach(() => (started = 0));
afterEach(() => host.close());

const reading = () => host.notice(({ params }) => params["stage"] === "reading" && Number(params["fraction"]) > 0.2);
const starting = () => host.notice(({ params }) => params["stage"] === "starting");

/** Begins to read a page, cancels it once this has happened, and returns what that was answered. */
async function cancelled(when: Promise<unknown>): Promise<number | undefined> {
  let id = 0;
  const answer = host.transform({ inputs: [host.fixture("page.png")] }, (begun) => (id = begun));
  await when;
  host.cancel(id);
  return (await answer).error?.code;
}

test("no thread is started before there is a picture, and one is kept for the next", async () => {
  await open();
  assert.equal((await host.failed({ inputs: [host.picture(Buffer.alloc(0))] })).code, 1203);
  assert.equal(started, 0);
  assert.equal(await host.text(host.fixture("hello.png")), HELLO);
  assert.equal(await host.text(host.fixture("hello.png")), HELLO);
  assert.equal(started, 1);
});

for (const [stage, when] of [
  ["is starting", starting],
  ["reads", reading],
] as const) {
  test(`a job that ${stage} is cancelled, and the next one is done by another thread`, async () => {
    await open();
    assert.equal(await cancelled(when()), -32800);
    assert.equal(await host.text(host.fixture("hello.png")), HELLO);
    assert.equal(started, 2);
  });
}

test("a job whose deadline passes is answered, and the next one is done", async () => {
  await open();
  const { code } = await host.failed({ inputs: [host.picture(whitePng(2000, 2000))], deadlineMs: 50 });
  assert.equal(code, 1101);
  assert.equal(await host.text(host.fixture("hello.png")), HELLO);
});

test("jobs at once have a thread each, and those that wait take it over", async () => {
  await open();
  const texts = await Promise.all([1, 2, 3, 4, 5].map(() => host.text(host.fixture("hello.png"))));
  assert.deepEqual(texts, [HELLO, HELLO, HELLO, HELLO, HELLO]);
  assert.ok(started < 5, `${started} threads`);
});

test("a thread that has read a large picture is not kept", async () => {
  await open();
  assert.equal(await host.text(host.picture(whitePng(4001, 2000))), "");
  assert.equal(await host.text(host.fixture("hello.png")), HELLO);
  assert.equal(started, 2);
});

for (const [what, picture] of [
  ["more pixels than were claimed", whitePng(4001, 2000)],
  ["a large file of few pixels", Buffer.concat([bytesOf("group4.tiff"), Buffer.alloc(17 * 2 ** 20)])],
] as const) {
  test(`a thread that has read ${what} is not kept`, async () => {
    await open();
    const threads = new Engines((source) => {
      started += 1;
      return new Engine(source);
    });
    const asked = { parameters: {}, hocr: false };
    const read = (bytes: Uint8Array) =>
      threads.read([ENGLISH], { picture: bytes, pixels: 1, asked }, new AbortController().signal, () => {});
    try {
      for (const bytes of [picture, bytesOf("hello.png"), bytesOf("hello.png")]) await read(bytes);
      assert.equal(started, 2);
    } finally {
      await threads.stop();
    }
  });
}

for (const [how, why] of [
  ["die", /memory access out of bounds/],
  ["end", /the thread ended with 7/],
  ["abort", /RuntimeError: Aborted/],
] as const) {
  test(`a thread that fails (${how}) is an error by name, and the next job is done`, async () => {
    await open("failing.cjs");
    const { code, message, data } = await host.failed({ options: { whitelist: how } });
    assert.deepEqual([code, data["kind"], data["retryable"]], [1103, "ResourceExhausted", false]);
    assert.match(message, why);
    assert.equal(await host.text(host.fixture("hello.png")), "fine");
    assert.equal(started, 2);
    const { result } = await host.call("health", {});
    assert.equal((result as { status: string }).status, "healthy");
  });
}

test("a text that is too long for a frame is a file", async () => {
  await open("failing.cjs");
  const { outputs } = await host.done({ options: { whitelist: "much" } });
  assert.deepEqual([outputs[0]?.path, outputs[0]?.mime], ["out/page.txt", "text/plain"]);
  assert.equal(host.read(outputs[0]), "word ".repeat(300_000).trimEnd());
});

test("a thread that cannot start is told with what to do, and by the provider's health", async () => {
  await open("none.cjs");
  const { code, message, data } = await host.failed();
  assert.deepEqual([code, data["retryable"]], [1103, false]);
  assert.match(message, /does not start: .*none\.cjs.*npm ci/s);
  const { result } = await host.call("health", {});
  assert.equal((result as { status: string }).status, "unhealthy");
});

test("it opens no connection", async () => {
  await open("offline.cjs");
  const { fetch } = globalThis;
  globalThis.fetch = () => Promise.reject(new Error("it tried to open a connection"));
  try {
    assert.equal(await host.text(host.fixture("hello.png")), HELLO);
  } finally {
    globalThis.fetch = fetch;
  }
});
