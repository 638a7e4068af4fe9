import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";

import { readDeclaration } from "#prizm/plugin/wire";

import { Host, said } from "./host.js";
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
  const listed = [...(/^capabilities = \[([^\]]*)\]/m.exec(manifest)?.[1] ?? "").matchAll(/"([^"]+)"/g)];
  assert.deepEqual(
    declaration.capabilities,
    listed.map(([, word]) => word),
  );
  for (const { id, pricing, isFree, options, features, quality, typicalMs } of declaration.models) {
    assert.deepEqual([pricing, isFree], [undefined, false], `${id}: it costs something, and nobody knows how much`);
    assert.ok(features?.includes("cancel") && quality !== undefined && typicalMs !== undefined, id);
    for (const schema of Object.values(options ?? {})) {
      const { properties } = schema as { properties: Record<string, { description?: string }> };
      for (const [name, { description }] of Object.entries(properties)) assert.ok(description, `${id} ${name}`);
    }
  }
});

test("a picture is made: progress, one submission, the files, what it used", async () => {
  const { outputs, usage, meta, notices } = await host.done({ options: { num_outputs: 2, seed: 7 } });
  assert.deepEqual(outputs, [
    { kind: "image", mime: "image/png", path: "out/image.png" },
    { kind: "image", mime: "image/png", path: "out/image-2.png" },
  ]);
  assert.ok(host.read(outputs[0]).toString("latin1").startsWith("\x89PNG"));
  assert.deepEqual(usage, { images: 2, gpuSeconds: "2" });
  const { submissions, charges } = loopback.ledger;
  const [{ id, input, prefer, version, cancelAfter } = assert.fail()] = submissions;
  assert.deepEqual([submissions.length, charges.length, prefer], [1, 1, "wait=1"]);
  assert.deepEqual(
    [input, version, cancelAfter],
    [{ prompt: "a red fox", num_outputs: 2, seed: 7 }, undefined, undefined],
  );
  assert.deepEqual(meta, { requestId: id });
  const accepted = notices.filter(({ method }) => method === "$/accepted").map(({ params }) => params["remoteId"]);
  assert.deepEqual(accepted, [id]);
});

test("a submission that waits for the result needs no look; without a wait none is asked for", async () => {
  loopback.say("sync", { on: true });
  await host.done();
  const operations = () => loopback.ledger.journal.map(({ operation }) => operation);
  assert.deepEqual(operations(), ["submit", "file"]);
  await host.configure(loopback.settings({ waitSeconds: 0 }));
  await host.done();
  assert.equal(loopback.ledger.submissions[1]?.prefer, undefined);
  assert.ok(operations().includes("status"));
});

test("the lines of the log are told, and the share of its bar", async () => {
  loopback.say("hold", { status: "starting" });
  const starting = host.notice(({ params }) => params["stage"] === "starting");
  const done = host.transform();
  await starting;
  const line = host.notice(({ params }) => String(params["message"]).includes("2/4"));
  loopback.say("hold", { status: "processing" });
  loopback.say("advance");
  loopback.say("advance");
  assert.equal((await line).params["fraction"], 0.475);
  loopback.say("hold", {});
  const { result, notices } = await done;
  assert.ok(result);
  const fractions = notices.map(({ params }) => params["fraction"]).filter((fraction) => typeof fraction === "number");
  assert.deepEqual(
    fractions,
    [...fractions].sort((a, b) => a - b),
  );
});

test("every capability has a model that works with nothing but its input", async () => {
  const text = { kind: "text", mime: "text/plain", text: "a fox" } as const;
  for (const [capability, input, path] of [
    ["text-to-image", text, "out/image.png"],
    ["image-to-image", host.picture(), "out/image.png"],
    ["image-to-video", host.picture(), "out/video.mp4"],
    ["text-to-video", text, "out/video.mp4"],
    ["text-to-audio", text, "out/audio.wav"],
    ["audio-to-text", host.sound(), undefined],
    ["image-to-text", host.picture(), undefined],
    ["text-to-text", text, undefined],
  ] as const) {
    const model = readDeclaration(declared).models.find(({ capabilities }) => capabilities.includes(capability));
    const { outputs } = await host.done({ model: model?.id ?? "", capability, inputs: [input] });
    assert.deepEqual([outputs.length, outputs[0]?.path], [1, path], capability);
  }
  const { submissions, charges } = loopback.ledger;
  assert.deepEqual([submissions.length, charges.length], [8, 8]);
});

test("a text is one, in whatever form it comes, and what else is said is told", async () => {
  const llama = { model: "meta/meta-llama-3-8b-instruct", capability: "text-to-text" };
  const done = await host.done(llama);
  assert.equal(said(done), "You said: a red fox ⏳🦊");
  assert.deepEqual(done.usage, { promptTokens: 3, completionTokens: 6, gpuSeconds: "2" });
  const whisper = { model: "openai/whisper", capability: "audio-to-text", inputs: [host.sound()] };
  const heard = await host.done(whisper);
  assert.equal(said(heard), "A fox — says 🦊 what?");
  const details = { detected_language: "english", segments: [{ id: 0, text: "A fox — says 🦊 what?" }] };
  assert.deepEqual(heard.meta?.["details"], details);
  for (const [output, expected] of [
    ["plain", "plain"],
    [{ text: "within" }, "within"],
    [[{ text: "one" }, { text: "two" }], "one\ntwo"],
    ["", ""],
    [0.5, "0.5"],
    ["a\u0000b", "a\ufffdb"],
  ] as const) {
    loopback.say("outcome", { status: "succeeded", output });
    assert.equal(said(await host.done(llama)), expected);
  }
});

test("what the protocol has not spoils no answer", async () => {
  const llama = { model: "meta/meta-llama-3-8b-instruct", capability: "text-to-text" };
  let deep: unknown = "deep";
  for (let depth = 0; depth < 500; depth += 1) deep = [deep];
  const odd = "\ud800 \u0000 \\ud800 🦊";
  loopback.say("outcome", { status: "succeeded", output: { text: odd, more: odd, [odd]: 1e300 }, logs: odd });
  const { outputs, meta, notices } = await host.done(llama);
  const even = "\ufffd \ufffd \\ud800 🦊";
  assert.deepEqual([outputs[0]?.text, meta?.["details"]], [even, { more: even, [even]: 1e300 }]);
  assert.ok(notices.some(({ params }) => params["message"] === even));
  for (const more of [deep, "x".repeat(70_000)]) {
    loopback.say("outcome", { status: "succeeded", output: { text: "hello", more } });
    const done = await host.done(llama);
    assert.deepEqual([said(done), done.meta?.["details"]], ["hello", undefined]);
  }
  for (const metrics of [{ predict_time: -1 }, { predict_time: 1e300, image_count: 1.5 }, [], null]) {
    loopback.say("outcome", { status: "succeeded", output: "hello", metrics });
    assert.equal((await host.done(llama)).usage, undefined);
  }
});

test("a file is uploaded whole, and found by what Replicate calls it", async () => {
  const job = { model: "lucataco/remove-bg", capability: "image-to-image" };
  const picture = host.picture();
  await host.done({ ...job, inputs: [picture] });
  const { uploads, submissions } = loopback.ledger;
  const sha256 = createHash("sha256").update(host.read(picture)).digest("hex");
  assert.deepEqual(uploads, [{ id: uploads[0]?.id, name: "picture.png", type: "image/png", bytes: 69, sha256 }]);
  const [{ input, version, model } = assert.fail()] = submissions;
  assert.deepEqual([input, model], [{ image: `${loopback.url}/v1/files/${uploads[0]?.id}` }, "lucataco/remove-bg"]);
  assert.match(version ?? "none", /^95fcc2a2/);
});

test("further media are given by role", async () => {
  const told = { model: "minimax/video-01", capability: "text-to-video" };
  await host.done({
    ...told,
    inputs: [{ kind: "text", mime: "text/plain", text: "it runs" }, host.picture("first-frame-image")],
  });
  assert.deepEqual(Object.keys(loopback.ledger.submissions[0]?.input ?? {}), ["prompt", "first_frame_image"]);
  const animated = { model: "minimax/video-01", capability: "image-to-video", options: { prompt: "it runs" } };
  await host.done({ ...animated, inputs: [host.picture()] });
  assert.deepEqual(Object.keys(loopback.ledger.submissions[1]?.input ?? {}), ["prompt", "first_frame_image"]);
  const { message } = await host.failed({ ...animated, inputs: [host.picture(), host.picture("hat")] });
  assert.match(message, /no input with the role `hat`, only: none/);
});

test("what is wrong is refused before anything is sent", async () => {
  const refused = async (job: object, code: number, message: RegExp) => {
    const error = await host.failed(job);
    assert.equal(error.code, code, JSON.stringify(error));
    assert.match(error.message, message);
  };
  await refused({ options: { num_outputs: 9 } }, -32602, /`num_outputs`: expected a number from 1 to 4, got 9/);
  await refused({ options: { output_format: "bmp" } }, -32602, /one of webp, jpg, png/);
  await refused({ options: { colour: "red" } }, -32602, /`colour`/);
  await refused({ inputs: [] }, 1203, /no input/);
  await refused({ inputs: [host.picture()] }, 1203, /text is needed/);
  const video = { model: "minimax/video-01", capability: "image-to-video" };
  await refused({ ...video, inputs: [host.picture()] }, -32602, /`prompt`/);
  const gone = { kind: "image", mime: "image/png", path: "in/gone.png" };
  await refused({ ...video, inputs: [gone], options: { prompt: "x" } }, 1203, /gone/);
  assert.deepEqual(loopback.ledger.journal, []);
});

test("a job that was taken is taken up again, and not submitted", async () => {
  loopback.say("hold", { status: "starting" });
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

test("prices are those that are set, and nothing is made up", async () => {
  const flux = "black-forest-labs/flux-schnell";
  const llama = "meta/meta-llama-3-8b-instruct";
  const perToken = { input_token: "0.00000005", output_token: "0.00000025" };
  const prices = {
    [flux]: { image: "0.003" },
    [llama]: perToken,
    "meta/musicgen": { gpu_second: "0.0014" },
    "minimax/video-01": { video_second: "0.1" },
  };
  await host.configure(loopback.settings({ prices }));
  const { usage } = await host.done({ options: { num_outputs: 2 } });
  assert.deepEqual(usage, { cost: "0.006", currency: "USD", images: 2, gpuSeconds: "2" });
  assert.equal((await host.done({ model: llama, capability: "text-to-text" })).usage?.cost, "0.00000165");
  assert.equal((await host.done({ model: "meta/musicgen", capability: "text-to-audio" })).usage?.cost, "0.0028");
  assert.equal((await host.done({ model: "minimax/video-01", capability: "text-to-video" })).usage?.cost, undefined);
  const estimate = async (model: string, options: object) =>
    (await host.call("estimate", { model, capability: model === llama ? "text-to-text" : "text-to-image", options }))
      .result;
  assert.deepEqual(await estimate(flux, { num_outputs: 3 }), { cost: "0.009", currency: "USD" });
  assert.deepEqual(await estimate(llama, {}), {});
  const { result } = await host.call("models", {});
  const priced = (result as { models: { id: string; pricing?: unknown }[] }).models.filter(
    ({ pricing }) => pricing !== undefined,
  );
  assert.deepEqual(priced.map(({ id }) => id).sort(), [flux, "meta/musicgen", llama, "minimax/video-01"].sort());
});
