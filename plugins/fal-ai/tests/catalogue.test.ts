import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { readModels } from "#prizm/plugin/wire";
import { clean, decimal, divided, times } from "#prizm/remote";

import { priceOf } from "../src/money.js";
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

async function models() {
  const { result } = await host.call("models", {});
  return new Map(readModels(result).models.map((model) => [model.id, model]));
}

const operations = () => loopback.ledger.journal.map(({ operation }) => operation);

test("models, schemas and prices come from fal, page by page", async () => {
  const found = await models();
  assert.deepEqual(
    [...found.keys()],
    [
      "fal-ai/flux/schnell",
      "fal-ai/flux/dev",
      "fal-ai/birefnet/v2",
      "fal-ai/flux-pro/kontext",
      "fal-ai/stable-video",
      "fal-ai/wan/v2.2-a14b/text-to-video",
      "fal-ai/stable-audio",
      "fal-ai/kokoro/american-english",
      "fal-ai/video-upscaler",
      "fal-ai/triposr",
    ],
  );
  const flux = found.get("fal-ai/flux/schnell");
  assert.deepEqual(flux?.pricing, [
    { capability: "text-to-image", unit: "megapixel", amount: "0.003", currency: "USD" },
  ]);
  const { properties, required } = flux.options?.["text-to-image"] as {
    properties: Record<string, object>;
    required?: string[];
  };
  assert.equal(required, undefined);
  assert.deepEqual(Object.keys(properties), [
    "num_images",
    "image_size",
    "num_inference_steps",
    "guidance_scale",
    "seed",
  ]);
  const guidance = { type: "number", exclusiveMinimum: 0, default: 3.5, description: "Guidance scale (CFG)" };
  assert.deepEqual(properties["guidance_scale"], guidance);
  assert.deepEqual((properties["seed"] as { type: unknown }).type, ["integer", "null"]);
  const size = properties["image_size"] as { anyOf: { properties: Record<string, object> }[] };
  assert.deepEqual(Object.keys(size.anyOf[0]?.properties ?? {}), ["width", "height"]);
  assert.deepEqual([flux.features, flux.quality], [["cancel", "progress", "seed"], 3]);
  const slots = [{ kind: "image" }, { role: "mask", kind: "image", required: false }];
  assert.deepEqual(found.get("fal-ai/flux-pro/kontext")?.inputs, { "image-to-image": slots });
  assert.deepEqual(found.get("fal-ai/kokoro/american-english")?.pricing?.[0]?.amount, "0.00002");
});

test("a price that changes is the new one, in what is listed and in what is charged", async () => {
  loopback.say("price", { "fal-ai/flux/schnell": { unit_price: 0.0035, unit: "images" } });
  loopback.say("units", { units: 1.5 });
  const price = (await models()).get("fal-ai/flux/schnell")?.pricing?.[0];
  assert.deepEqual([price?.unit, price?.amount], ["image", "0.0035"]);
  const { usage } = await host.done();
  assert.deepEqual(usage, { cost: "0.00525", currency: "USD", billableUnits: "1.5", unit: "images" });
});

test("without a key there are models, with the prices that are built in", async () => {
  await host.configure(loopback.settings({ apiKey: "" }));
  const found = await models();
  assert.equal(found.get("fal-ai/flux/dev")?.pricing?.[0]?.amount, "0.025");
  assert.ok(!operations().includes("pricing"));
});

test("where fal's list cannot be had, the last one stays", async () => {
  loopback.say("fault", { operation: "models", status: 500, times: 1, body: "oops" });
  assert.ok((await models()).has("fal-ai/flux-pro/v1.1"), "the built-in one");
  assert.ok(!(await models()).has("fal-ai/flux-pro/v1.1"), "fal's own");
  loopback.say("fault", { operation: "models", how: "cut" });
  assert.ok(!(await models()).has("fal-ai/flux-pro/v1.1"));
  loopback.say("fault", {
    operation: "pricing",
    status: 401,
    body: { error: { type: "authorization_error", message: "no" } },
  });
  assert.equal((await models()).size, 10);
});

test("a list is good for its lifetime, and is kept on disk where that is set", async () => {
  const cacheDir = mkdtempSync(join(tmpdir(), "fal-ai-cache-"));
  try {
    await host.configure(loopback.settings({ modelsLifetime: 3600, cacheDir }));
    await models();
    const asked = operations().length;
    await models();
    assert.equal(operations().length, asked);
    const other = new Host();
    await other.open(loopback.settings({ modelsLifetime: 3600, cacheDir }));
    const { result } = await other.call("models", {});
    assert.equal(readModels(result).models.length, 10);
    await other.close();
    assert.equal(operations().length, asked, "it was read from the disk");
    const path = join(cacheDir, "models.json");
    writeFileSync(path, readFileSync(path, "utf8").slice(0, 100));
    const third = new Host();
    await third.open(loopback.settings({ modelsLifetime: 3600, cacheDir }));
    await third.call("models", {});
    await third.close();
    assert.ok(operations().length > asked, "what is broken is asked for anew");
  } finally {
    rmSync(cacheDir, { recursive: true });
  }
});

test("no more models than are wanted are asked for, of each category some", async () => {
  await host.configure(loopback.settings({ maxModels: 8 }));
  const found = await models();
  assert.ok(found.size <= 8, `${found.size}`);
  assert.equal(new Set([...found.values()].flatMap(({ capabilities }) => capabilities)).size, 7);
});

test("a job is estimated by its options, where they tell how many units it takes", async () => {
  const cost = async (model: string, capability: string, options: object) => {
    const { result } = await host.call("estimate", { model, capability, options, inputs: [] });
    return (result as { cost?: string }).cost;
  };
  const flux = (options: object) => cost("fal-ai/flux/dev", "text-to-image", options);
  assert.deepEqual(
    [
      await flux({}),
      await flux({ image_size: "square_hd" }),
      await flux({ image_size: { width: 2048, height: 2048 }, num_images: 2 }),
    ],
    ["0.025", "0.025", "0.2"],
  );
  const kling = "fal-ai/kling-video/v1.6/standard/image-to-video";
  assert.equal(await cost(kling, "image-to-video", { prompt: "x", duration: "10" }), "0.56");
  assert.equal(await cost("fal-ai/triposr", "image-to-3d", {}), "0.07");
  assert.equal(await cost("fal-ai/stable-audio", "text-to-audio", {}), undefined);
});

test("schemas that are none do no harm", () => {
  const schemas = { Loop: { type: "object", properties: { again: { $ref: "#/components/schemas/Loop" } } } };
  const wild = {
    type: "float",
    enum: [],
    minimum: "0",
    required: [1],
    pattern: "(",
    oneOf: [],
    "x-fal": {},
    description: 7,
  };
  assert.deepEqual(clean(wild, schemas), {});
  assert.ok(JSON.stringify(clean({ $ref: "#/components/schemas/Loop" }, schemas)).length < 2000);
  const many = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`p${index}`, { $ref: "#/components/schemas/Loop" }]),
  );
  const bomb = JSON.stringify(clean({ $ref: "#/Loop" }, { Loop: { type: "object", properties: many } }));
  assert.ok(bomb.length < 200_000, `${bomb.length}`);
  assert.deepEqual(clean({ $ref: "#/nowhere", description: "x" }), { description: "x" });
  const flags = { type: "number", minimum: 0, exclusiveMinimum: true, maximum: 1, exclusiveMaximum: false };
  assert.deepEqual(clean(flags), { type: "number", exclusiveMinimum: 0, maximum: 1 });
  const choice = { type: "string", enum: ["a"], nullable: true };
  assert.deepEqual(clean(choice), { type: ["string", "null"], enum: ["a", null] });
});

test("whoever asks while a list is on its way gets that one", async () => {
  await host.call("models", {});
  const once = operations().length;
  assert.ok(once > 0);
  await Promise.all([1, 2, 3].map(() => host.call("models", {})));
  assert.equal(operations().length, 2 * once);
});

test("money is exact", () => {
  assert.deepEqual(
    [decimal(0.1), decimal(5e-7), decimal("12.50"), decimal(3), decimal("x"), decimal(-1)],
    ["0.1", "0.0000005", "12.5", "3", undefined, undefined],
  );
  assert.deepEqual([times("0.1", "0.2"), times("3", "0.025"), times("0", "7.5")], ["0.02", "0.075", "0"]);
  assert.deepEqual([divided("0.02", 1000), divided("1", 3)], ["0.00002", "0.333333333334"]);
  const priced = (unit: string, output: string) => priceOf({ amount: "6", unit, currency: "USD" }, output);
  for (const [unit, output, expected, amount] of [
    ["images", "image", "image", "6"],
    ["processed megapixels", "image", "megapixel", "6"],
    ["second", "video", "video_second", "6"],
    ["minutes", "audio", "audio_second", "0.1"],
    ["compute seconds", "image", "gpu_second", "6"],
    ["1000 characters", "audio", "input_char", "0.006"],
    ["videos", "video", "call", "6"],
    ["megapixels of video data", "video", "megapixels of video data", "6"],
  ] as const) {
    assert.deepEqual(priced(unit, output), { unit: expected, amount, currency: "USD" }, unit);
  }
});
