import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

import { readDeclaration } from "#prizm/plugin/wire";

import { Host } from "./host.js";
import { Loopback } from "./loopback.js";

let loopback: Loopback;
let host: Host;
let declared: unknown;

beforeEach(async () => {
  loopback = await Loopback.start();
  host = new Host();
  declared = await host.open(loopback.settings());
});
afterEach(async () => {
  await host.close();
  await loopback.stop();
});

test("it declares what its manifest says, and its version stands everywhere", () => {
  const declaration = readDeclaration(declared);
  const manifest = readFileSync("prizm.toml", "utf8");
  const told = (key: string) => new RegExp(`^${key} = "(.*)"$`, "m").exec(manifest)?.[1];
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  assert.deepEqual([told("id"), told("version")], [declaration.provider.id, declaration.provider.version]);
  assert.equal(version, declaration.provider.version);
  const listed = [...(/^capabilities = \[([^\]]*)\]/m.exec(manifest)?.[1] ?? "").matchAll(/"([^"]+)"/g)].map(
    ([, word]) => word,
  );
  assert.deepEqual(declaration.capabilities, listed);
  assert.ok(declaration.models.length >= 12);
  assert.equal(declaration.dataPolicy, undefined, "it depends on the model");
  for (const { id, pricing, options, features, quality, typicalMs } of declaration.models) {
    assert.equal(pricing?.length, 1, id);
    assert.ok(features?.includes("cancel") && quality !== undefined && typicalMs !== undefined, id);
    for (const schema of Object.values(options ?? {})) {
      const { properties } = schema as { properties: Record<string, { description?: string }> };
      for (const [name, { description }] of Object.entries(properties)) assert.ok(description, `${id} ${name}`);
    }
  }
});

test("a picture is made: progress, one submission, the file, what it costs", async () => {
  const { outputs, usage, meta, notices } = await host.done({ options: { num_images: 2, seed: 7 } });
  const image = { kind: "image", mime: "image/png", meta: { width: 1, height: 1 } };
  assert.deepEqual(outputs, [
    { ...image, path: "out/image.png" },
    { ...image, path: "out/image-2.png" },
  ]);
  assert.ok(host.read(outputs[0]).toString("latin1").startsWith("\x89PNG"));
  assert.deepEqual(usage, { cost: "0.003", currency: "USD", billableUnits: "1", unit: "megapixels" });
  const { submissions, charges } = loopback.ledger;
  const [{ requestId, endpoint, input, headers } = assert.fail()] = submissions;
  assert.deepEqual([submissions.length, charges.length, endpoint], [1, 1, "fal-ai/flux/schnell"]);
  assert.deepEqual(input, { prompt: "a red fox", num_images: 2, seed: 7 });
  assert.equal(headers["x-fal-no-retry"], "1");
  assert.deepEqual(meta, { requestId, seed: 7, timings: { inference: 1.5 } });
  const accepted = notices.filter(({ method }) => method === "$/accepted").map(({ params }) => params["remoteId"]);
  assert.deepEqual(accepted, [requestId]);
});

test("the place in the queue and the lines of the log are told", async () => {
  loopback.say("hold", { status: "IN_QUEUE" });
  const queued = host.notice(({ params }) => params["message"] === "1 ahead");
  const done = host.transform();
  await queued;
  const line = host.notice(({ params }) => params["message"] === "step 2 of 4 ⏳");
  loopback.say("hold", { status: "IN_PROGRESS" });
  loopback.say("advance");
  loopback.say("advance");
  loopback.say("advance");
  await line;
  loopback.say("hold", {});
  const { result, notices } = await done;
  assert.ok(result);
  const fractions = notices.map(({ params }) => params["fraction"]).filter((fraction) => typeof fraction === "number");
  assert.deepEqual(
    fractions,
    [...fractions].sort((a, b) => a - b),
  );
});

test("every capability has an endpoint that works with nothing but its input", async () => {
  const text = { kind: "text", mime: "text/plain", text: "a fox" } as const;
  writeFileSync(join(host.jobDir, "in/film.mp4"), "\0\0\0\x20ftypisom");
  const film = { kind: "video", mime: "video/mp4", path: "in/film.mp4" } as const;
  for (const [capability, input, path] of [
    ["text-to-image", text, "out/image.png"],
    ["image-to-image", host.picture(), "out/image.png"],
    ["image-to-video", host.picture(), "out/video.mp4"],
    ["text-to-video", text, "out/video.mp4"],
    ["text-to-audio", text, "out/audio.wav"],
    ["video-to-video", film, "out/video.mp4"],
    ["image-to-3d", host.picture(), "out/3d.glb"],
  ] as const) {
    const model = readDeclaration(declared).models.find(({ capabilities }) => capabilities.includes(capability));
    const { outputs } = await host.done({ model: model?.id ?? "", capability, inputs: [input] });
    assert.equal(outputs[0]?.path, path, capability);
  }
  const { submissions, charges } = loopback.ledger;
  assert.deepEqual([submissions.length, charges.length], [7, 7]);
});

test("a small file is uploaded whole, without the key, and a large one in parts", async () => {
  const job = { model: "fal-ai/birefnet/v2", capability: "image-to-image" };
  await host.done({ ...job, inputs: [host.picture()] });
  const large = host.picture("large");
  truncateSync(join(host.jobDir, "in/large.png"), 91 * 1024 * 1024);
  await host.done({ ...job, inputs: [{ kind: "image", mime: "image/png", path: large.path ?? "" }] });
  const { uploads, submissions } = loopback.ledger;
  assert.deepEqual(
    uploads.map(({ bytes, parts, hadKey }) => [bytes, parts, hadKey]),
    [
      [69, 0, false],
      [91 * 1024 * 1024, 10, false],
    ],
  );
  assert.equal(uploads[1]?.sha256, createHash("sha256").update(host.read(large)).digest("hex"));
  for (const { input } of submissions) assert.match(String(input["image_url"]), /\/files\/\w+\/(picture|large)\.png$/);
});

test("fal keeps nothing for longer than is set", async () => {
  const job = { model: "fal-ai/birefnet/v2", capability: "image-to-image", inputs: [host.picture()] };
  await host.done(job);
  await host.configure(loopback.settings({ keepPayloads: false, mediaLifetime: 3600 }));
  await host.done(job);
  const { submissions, uploads } = loopback.ledger;
  const kept = submissions.map(({ headers }) => [
    headers["x-fal-store-io"],
    headers["x-fal-object-lifecycle-preference"],
  ]);
  const anHour = '{"expiration_duration_seconds":3600}';
  assert.deepEqual(kept, [
    [undefined, undefined],
    ["0", anHour],
  ]);
  assert.deepEqual(
    uploads.map(({ lifecycle }) => lifecycle),
    [undefined, anHour],
  );
});

test("further media are given by role", async () => {
  loopback.say("price", {});
  await host.call("models", {});
  const job = { model: "fal-ai/flux-pro/kontext", capability: "image-to-image", options: { prompt: "bluer" } };
  await host.done({ ...job, inputs: [host.picture(), host.picture("mask")] });
  const { submissions } = loopback.ledger;
  assert.deepEqual(Object.keys(submissions[0]?.input ?? {}), ["prompt", "image_url", "mask_url"]);
  const { message } = await host.failed({ ...job, inputs: [host.picture(), host.picture("hat")] });
  assert.match(message, /no input with the role `hat`, only: mask/);
});

test("what is wrong is refused before anything is sent", async () => {
  const refused = async (job: object, code: number, message: RegExp) => {
    const error = await host.failed(job);
    assert.equal(error.code, code, JSON.stringify(error));
    assert.match(error.message, message);
  };
  await refused({ options: { num_images: 9 } }, -32602, /`num_images`: expected a number from 1 to 4, got 9/);
  await refused({ options: { output_format: "bmp" } }, -32602, /one of jpeg, png/);
  await refused({ options: { colour: "red" } }, -32602, /`colour`/);
  await refused({ options: { sync_mode: true } }, -32602, /`sync_mode`/);
  await refused({ inputs: [] }, 1203, /no input/);
  await refused({ inputs: [host.picture()] }, 1203, /text is needed/);
  const kontext = { model: "fal-ai/flux-pro/kontext", capability: "image-to-image" };
  await refused({ ...kontext, inputs: [host.picture()] }, -32602, /`prompt`/);
  const gone = { kind: "image", mime: "image/png", path: "in/gone.png" };
  await refused({ ...kontext, inputs: [gone], options: { prompt: "x" } }, 1203, /gone/);
  const { journal } = loopback.ledger;
  assert.deepEqual(journal, []);
});

test("a job that was taken is taken up again, and not submitted", async () => {
  loopback.say("hold", { status: "IN_QUEUE" });
  const accepted = host.notice(({ method }) => method === "$/accepted");
  const first = host.transform();
  const remoteId = String((await accepted).params["remoteId"]);
  const other = new Host();
  await other.open(loopback.settings());
  const again = other.done({ resume: { remoteId } });
  loopback.say("hold", {});
  assert.equal((await again).outputs.length, 1);
  assert.ok((await first).result);
  await other.close();
  const { submissions, charges } = loopback.ledger;
  assert.deepEqual([submissions.length, charges.length], [1, 1]);
});
