import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import type { Model } from "#prizm/plugin";

import { FALLBACK } from "../src/fallback.js";
import { readListed } from "../src/listed.js";
import { understand } from "../src/model.js";
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

/** Asks for the models. */
async function models(of = host): Promise<Map<string, Model>> {
  const { result, error } = await of.call("models", {});
  assert.equal(error, undefined);
  return new Map((result as { models: Model[] }).models.map((model) => [model.id, model]));
}

const asked = () => loopback.ledger.journal.map(({ path }) => path.replace("/v1/", ""));
const options = (model: Model | undefined, capability: string) =>
  (model?.options as Record<string, { properties: Record<string, Record<string, unknown>>; required?: string[] }>)[
    capability
  ];

test("models are found in the collections, with schemas and what they do", async () => {
  const found = await models();
  const ids = [...found.keys()];
  assert.ok(
    FALLBACK.every(({ id }) => ids.includes(id)),
    ids.join(" "),
  );
  assert.ok(["acme/masked", "acme/anything"].every((id) => ids.includes(id)));
  const absent = ["acme/locked", "acme/film-to-film", "acme/nothing-said", "you/private"];
  assert.ok(!absent.some((id) => ids.includes(id)), "what cannot be used is not listed");
  const flux = options(found.get("black-forest-labs/flux-schnell"), "text-to-image")?.properties;
  assert.deepEqual(
    Object.keys(flux ?? {}),
    ["num_outputs", "output_format", "seed"],
    "in their order, and without keys of others",
  );
  const format = { type: "string", enum: ["webp", "jpg", "png"], default: "webp", description: "The format" };
  assert.deepEqual(flux?.["output_format"], format);
  assert.deepEqual(flux?.["seed"]?.["type"], ["integer", "null"]);
  const { capabilities, inputs } = found.get("lightricks/ltx-video") ?? assert.fail();
  assert.deepEqual([...capabilities].sort(), ["image-to-video", "text-to-video"]);
  assert.deepEqual(inputs?.["text-to-video"], [{ kind: "text" }, { role: "image", kind: "image", required: false }]);
  assert.deepEqual(inputs?.["image-to-video"], [{ kind: "image" }]);
  const masked = found.get("acme/masked");
  assert.deepEqual(masked?.inputs?.["image-to-image"], [
    { kind: "image" },
    { role: "mask", kind: "image", required: false },
  ]);
  assert.deepEqual(options(masked, "image-to-image")?.required, ["prompt"]);
  assert.equal(found.get("openai/whisper")?.quality, 4, "what we say ourselves stays");
  const [first] = asked();
  assert.equal(first, "collections/text-to-image");
});

test("a model that was found is run in its version, with each of its media", async () => {
  await models();
  const job = { model: "acme/masked", capability: "image-to-image", options: { prompt: "bluer" } };
  await host.done({ ...job, inputs: [host.picture(), host.picture("mask")] });
  const [{ input, version } = assert.fail()] = loopback.ledger.submissions;
  assert.deepEqual([Object.keys(input).sort(), version], [["image", "mask", "prompt"], "a".repeat(64)]);
  await host.done({ model: "acme/anything" });
});

test("models are listed by name, in a version too, and one that is not there hides none", async () => {
  const version = "a".repeat(64);
  const named = ["you/private", `acme/masked:${version}`, "acme/gone", "acme/masked:0"];
  await host.configure(loopback.settings({ models: named, collections: ["nothing", "speech-to-text"] }));
  const found = await models();
  assert.deepEqual([...found.keys()], ["you/private", `acme/masked:${version}`, "openai/whisper"]);
  assert.ok(asked().includes(`models/acme/masked/versions/${version}`));
  await host.done({ model: "you/private" });
  assert.equal(loopback.ledger.submissions[0]?.version, "f".repeat(64));
});

test("without a key, and where Replicate cannot be asked, the last list stays", async () => {
  await host.configure(loopback.settings({ apiKey: "" }));
  assert.deepEqual(
    [...(await models()).keys()],
    FALLBACK.map(({ id }) => id),
  );
  assert.deepEqual(asked(), []);
  await host.configure(loopback.settings());
  const { size } = await models();
  assert.ok(size > FALLBACK.length);
  for (const fault of [
    { how: "reset" },
    { status: 500, body: "oops" },
    { status: 401, body: {} },
    { status: 200, body: "?" },
  ]) {
    loopback.say("fault", { operation: "collection", ...fault });
    assert.equal((await models()).size, size);
  }
});

test("a list is asked for again only when it is old, or the settings are others", async () => {
  await host.configure(loopback.settings({ modelsLifetime: 3600, collections: ["text-to-image"] }));
  await models();
  await models();
  assert.equal(asked().length, 1);
  await host.configure(loopback.settings({ modelsLifetime: 3600, collections: ["text-to-image"], pollMs: 2 }));
  await models();
  assert.equal(asked().length, 1);
  await host.configure(loopback.settings({ modelsLifetime: 3600, collections: ["speech-to-text"] }));
  assert.deepEqual([...(await models()).keys()], ["openai/whisper"]);
  await host.configure(loopback.settings({ maxModels: 2 }));
  assert.equal((await models()).size, 2);
});

test("the list is kept between runs, each source's apart, and a broken one is no harm", async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), "replicate-"));
  const settings = loopback.settings({ cacheDir, modelsLifetime: 3600, collections: ["speech-to-text"] });
  await host.configure(settings);
  await models();
  const other = new Host();
  await other.open(settings);
  assert.deepEqual([...(await models(other)).keys()], ["openai/whisper"]);
  assert.equal(asked().length, 1);
  await other.configure({ ...settings, apiKey: "another-key" });
  await models(other);
  assert.deepEqual([asked().length, readdirSync(cacheDir).length], [2, 2]);
  for (const name of readdirSync(cacheDir)) writeFileSync(join(cacheDir, name), "{broken");
  const third = new Host();
  await third.open(settings);
  assert.deepEqual([...(await models(third)).keys()], ["openai/whisper"]);
  assert.equal(asked().length, 3);
  await Promise.all([other.close(), third.close()]);
  rmSync(cacheDir, { recursive: true });
});

test("what a model makes is told by its schema, its example, or its collection", () => {
  const listed = (output: object, example: unknown, hint = "") => {
    const schemas = { Input: { properties: { prompt: { type: "string" } } }, Output: output };
    const latest_version = { id: "1", openapi_schema: { components: { schemas } } };
    return readListed({ owner: "a", name: "b", latest_version, default_example: { output: example } }, hint)?.makes;
  };
  const link = { type: "string", format: "uri" };
  const at = (ending: string) => `https://replicate.delivery/x/out.${ending}`;
  assert.equal(listed(link, at("webp")), "image");
  assert.equal(listed({ type: "array", items: link }, [at("mp4")]), "video");
  assert.equal(listed({ type: "object", properties: { sound: link } }, { sound: at("mp3") }), "audio");
  assert.equal(listed(link, null, "text-to-video"), "video");
  assert.equal(listed(link, null, "text-to-speech"), "audio");
  assert.equal(listed(link, null, "super-resolution"), "image");
  assert.equal(listed(link, null), undefined);
  assert.equal(listed({ type: "string" }, "hello"), "text");
  assert.equal(listed({}, at("png")), "image");
  assert.equal(listed({}, { text: "hello" }), "text");
});

test("lists that are none, and names that lead elsewhere, are left out", () => {
  const schemas = { Input: { properties: { prompt: { type: "string" } } }, Output: {} };
  const latest_version = { id: "1", openapi_schema: { components: { schemas } } };
  for (const none of [null, [], "x", {}, { owner: "a", name: "b" }, { owner: "a", name: "b", latest_version: null }]) {
    assert.equal(readListed(none), undefined);
  }
  for (const named of [
    { owner: "a" },
    { owner: "..", name: "b" },
    { owner: "a", name: "b/c" },
    { owner: "a", name: "" },
  ]) {
    assert.equal(readListed({ ...named, latest_version }), undefined);
  }
  assert.ok(readListed({ owner: "a", name: "b", latest_version }));
});

test("every built-in model is understood", () => {
  for (const raw of FALLBACK) assert.ok(understand(raw), raw.id);
});
