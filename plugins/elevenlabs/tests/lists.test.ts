/** Models and voices, as they are listed. */

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

/** What is known of a model by the protocol. */
interface Listed {
  readonly id: string;
  readonly pricing?: readonly { unit: string; amount: string }[];
  readonly limits?: Record<string, unknown>;
  readonly options: Record<string, { properties: Record<string, { description: string }> }>;
}

async function listed(): Promise<readonly Listed[]> {
  const { result } = await host.call("models", {});
  return (result as { models: Listed[] }).models;
}

const asked = () => loopback.ledger.journal.map(({ operation }) => operation);

test("models of speech are listed, the others are built in; a credit's price makes prices", async () => {
  await host.configure(loopback.settings({ creditPrice: "0.0002" }));
  const models = await listed();
  const ids = models.map(({ id }) => id);
  assert.deepEqual(ids, ["eleven_v3", "eleven_multilingual_v2", "eleven_flash_v2_5", "eleven_text_to_sound_v2", "scribe_v2", "scribe_v1"]);
  const flash = models[2];
  assert.deepEqual([flash?.pricing?.[0]?.unit, flash?.pricing?.[0]?.amount], ["character", "0.0001"]);
  assert.deepEqual(flash?.limits, { maxInputChars: 40_000 });
  const options = Object.keys(flash?.options["text-to-audio"]?.properties ?? {});
  assert.ok(!options.includes("style") && options.includes("speakerBoost"));
  assert.equal((await host.failed({ model: "eleven_flash_v2_5", options: { style: 1 } })).code, -32602);
  await host.done({ model: "eleven_flash_v2_5" });
});

test("voices are listed page by page, and named to users", async () => {
  const [model] = await listed();
  assert.match(model?.options["text-to-audio"]?.properties["voice"]?.description ?? "", /there are: George, Sarah, Voice 0/);
  assert.deepEqual(asked(), ["models", "voices", "voices"]);
  const { path } = loopback.ledger.journal.at(-1) ?? assert.fail();
  assert.match(path, /page_size=100&include_total_count=false&next_page_token=from-100/);
});

test("a voice has a name, wherever its page is, and is asked for once", async () => {
  await host.configure(loopback.settings({ modelsLifetime: 60, voice: "george" }));
  await host.done();
  assert.equal((await host.done({ options: { voice: "Voice 117" } })).meta?.["voice"], "voice000000000000117");
  await host.done({ options: { voice: "Sarah - Mature, Reassuring, Confident" } });
  assert.deepEqual(asked(), ["voices", "voices", "speech", "speech", "speech"]);
  const { code, message, data } = await host.failed({ options: { voice: "Nobody" } });
  assert.deepEqual([code, data["option"]], [-32602, "voice"]);
  assert.match(message, /one of George, Sarah, .*…/);
});

test("a voice that cannot be looked up is no job that was taken", async () => {
  loopback.say("fault", { operation: "voices", how: "cut" });
  const { code, data } = await host.failed({ options: { voice: "George" } });
  assert.deepEqual([code, data["accepted"], data["charged"], data["retryable"]], [1201, undefined, "no", true]);
  assert.deepEqual(loopback.ledger.submissions, []);
});

test("lists that make no sense, or have no end, leave what was known", async () => {
  for (const body of [{}, [], [{ model_id: 7 }, { model_id: "a b", can_do_text_to_speech: true }], "no"]) {
    loopback.say("models", { body });
    assert.ok((await listed()).some(({ id }) => id === "scribe_v2"), JSON.stringify(body));
  }
  for (const fault of [{ how: "flood", status: 200 }, { status: 500 }, { status: 200, body: "<html>" }]) {
    loopback.say("fault", { operation: "models", ...fault });
    assert.ok((await listed()).some(({ id }) => id === "scribe_v2"));
  }
  const page = { voices: [{ voice_id: "x", name: "X" }], has_more: true, total_count: 0, next_page_token: "again" };
  loopback.say("fault", { operation: "voices", times: 99, status: 200, body: page });
  const before = asked().length;
  await listed();
  assert.ok(asked().length - before <= 3, "a page that leads to itself is the last");
});

test("without a key nothing is asked", async () => {
  await host.configure({ baseUrl: loopback.url });
  assert.equal((await listed())[0]?.id, "eleven_multilingual_v2");
  const { code, message, data } = await host.failed();
  assert.deepEqual([code, data["setting"]], [1004, "apiKey"]);
  assert.match(message, /ELEVENLABS_API_KEY/);
  assert.deepEqual(loopback.ledger.journal, []);
});

test("settings that are wrong are refused by name", async () => {
  for (const [settings, name] of [
    [{ baseUrl: "ftp://x" }, "baseUrl"],
    [{ baseUrl: "http://:word@127.0.0.1" }, "baseUrl"],
    [{ apiKey: "two words" }, "apiKey"],
    [{ voice: " " }, "voice"],
    [{ creditPrice: "much" }, "creditPrice"],
    [{ prices: { scribe_v2: { minute: "1" } } }, "prices"],
    [{ maxOutputBytes: 0 }, "maxOutputBytes"],
  ] as const) {
    const { error } = await host.configure(loopback.settings(settings));
    assert.deepEqual([error?.code, (error?.data as { setting?: string }).setting], [1005, name]);
  }
});
