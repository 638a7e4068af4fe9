import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";

import { readDeclaration } from "#prizm/plugin/wire";

import { Host, pieces, said } from "./host.js";
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

const XL = "stabilityai/stable-diffusion-xl-base-1.0";
const FLUX = "black-forest-labs/FLUX.1-dev";
const CAPTIONS = "nlpconnect/vit-gpt2-image-captioning";

test("it declares what its manifest says", () => {
  const declaration = readDeclaration(declared);
  const manifest = readFileSync("prizm.toml", "utf8");
  const listed = [...(/^capabilities = \[([^\]]*)\]/m.exec(manifest)?.[1] ?? "").matchAll(/"([^"]+)"/g)];
  assert.deepEqual(
    declaration.capabilities,
    listed.map(([, word]) => word),
  );
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  assert.equal(declaration.provider.version, version);
  const ids = declaration.models.map(({ id }) => id);
  assert.deepEqual(ids, ["chat", "vision", "image", "speech", "transcription"]);
});

test("a text is answered, and costs what whoever served it takes", async () => {
  const done = await host.done({ options: { system: "Be brief", maxTokens: 9, temperature: 0, seed: 3, stop: null } });
  assert.equal(said(done), "You said: a red fox ⏳🦊");
  assert.equal(pieces(done.notices), said(done));
  const [{ fields, model, billTo } = assert.fail()] = loopback.ledger.submissions;
  assert.deepEqual([model, billTo, fields?.["model"]], ["openai/gpt-oss-120b", undefined, "openai/gpt-oss-120b"]);
  assert.deepEqual([fields?.["max_tokens"], fields?.["temperature"], fields?.["seed"]], [9, 0, 3]);
  assert.ok(!("stop" in (fields ?? {})));
  // 5 tokens at 0.00000015, 6 at 0.00000075: of `groq`, as the router told.
  assert.deepEqual([done.usage?.["promptTokens"], done.usage?.cost, done.meta?.["provider"]], [5, "0.00000525", "groq"]);
});

test("a route is a provider's name, or a policy", async () => {
  await host.configure(loopback.settings({ chatModel: "openai/gpt-oss-120b:cheapest", billTo: "acme" }));
  const done = await host.done();
  // 3 tokens at 0.00000025, 6 at 0.00000069.
  assert.deepEqual([done.usage?.cost, done.meta?.["provider"]], ["0.00000489", "cerebras"]);
  assert.equal(loopback.ledger.submissions[0]?.billTo, "acme");
  await host.configure(loopback.settings({ chatModel: "openai/gpt-oss-120b:featherless-ai" }));
  const unpriced = await host.done();
  assert.deepEqual([unpriced.usage?.cost, unpriced.usage?.["tokens"]], [undefined, 9], "nobody tells what it costs");
  await host.configure(loopback.settings({ chatModel: "acme/free-7b" }));
  assert.equal((await host.done()).usage?.cost, "0");
});

test("a job is done where its price cannot be had", async () => {
  loopback.say("fault", { operation: "model", status: 500 });
  const { usage } = await host.done();
  assert.deepEqual([usage?.cost, usage?.["tokens"]], [undefined, 9]);
});

test("a picture is seen by a chat, and described by what does only that", async () => {
  const inputs = [host.picture()];
  const seen = await host.done({ model: "vision", capability: "image-to-text", inputs, options: { prompt: "What?" } });
  assert.equal(said(seen), "I see image/png of 69 bytes.");
  await host.listed();
  const job = { model: CAPTIONS, capability: "image-to-text", inputs };
  const told = await host.done(job);
  assert.deepEqual([said(told), pieces(told.notices), told.usage], ["an image of 69 bytes", said(told), undefined]);
  loopback.say("answer", { isList: true });
  assert.equal(said(await host.done(job)), "an image of 69 bytes");
  assert.equal((await host.failed({ ...job, options: { prompt: "What?" } })).code, -32602);
});

test("a picture is painted by the first who serves it and can be asked, or by whom one names", async () => {
  const job = { model: "image", capability: "text-to-image", options: { steps: 4, width: 512 } };
  for (const [imageModel, provider, steps] of [
    [XL, "hf-inference", { parameters: { num_inference_steps: 4, width: 512 }, inputs: "a red fox" }],
    [`${XL}:nscale`, "nscale", { num_inference_steps: 4, width: 512, prompt: "a red fox", response_format: "b64_json", model: XL }],
    [FLUX, "together", { steps: 4, width: 512, prompt: "a red fox", response_format: "base64", model: FLUX }],
    [
      `${FLUX}:deepinfra`,
      "deepinfra",
      { num_inference_steps: 4, width: 512, prompt: "a red fox", response_format: "b64_json", model: "black-forest-labs/FLUX-1-dev" },
    ],
  ] as const) {
    await host.configure(loopback.settings({ imageModel }));
    const { outputs, usage, meta } = await host.done(job);
    assert.deepEqual([outputs[0]?.path, outputs[0]?.mime], ["out/image.png", "image/png"]);
    assert.deepEqual([usage?.["images"], usage?.cost, meta?.["provider"]], [1, undefined, provider]);
    assert.deepEqual(loopback.ledger.submissions.at(-1)?.fields, steps);
  }
  loopback.say("answer", { images: "url" });
  const { outputs } = await host.done(job);
  assert.ok(host.read(outputs[0]).toString("latin1").startsWith("\x89PNG"));
  assert.equal(loopback.ledger.downloads.length, 1);
});

test("who serves a model, and for which task, is asked first", async () => {
  const job = { model: "image", capability: "text-to-image" };
  for (const [imageModel, message] of [
    ["acme/none", /not found/],
    ["zai-org/GLM-Image", /served by fal-ai; .* hf-inference, together/],
    ["hexgrad/Kokoro-82M", /is for text-to-speech, not for text-to-image/],
    [`${FLUX}:nscale`, /nobody of that name serves .*; there is: replicate, together, deepinfra/],
  ] as const) {
    await host.configure(loopback.settings({ imageModel }));
    const failed = await host.failed(job);
    assert.match(failed.message, message);
    assert.deepEqual([failed.code, failed.data["charged"], failed.data["accepted"]], [1006, "no", undefined]);
  }
  assert.equal(loopback.ledger.submissions.length, 0);
});

test("a text is spoken", async () => {
  const job = { model: "speech", capability: "text-to-audio" };
  const { outputs, meta } = await host.done(job);
  assert.deepEqual([outputs[0]?.path, outputs[0]?.mime, meta?.["provider"]], ["out/speech.wav", "audio/wav", "together"]);
  assert.equal(loopback.ledger.submissions[0]?.fields?.["voice"], "af_alloy");
  await host.done({ ...job, options: { voice: "af_bella" } });
  assert.equal(loopback.ledger.submissions[1]?.fields?.["voice"], "af_bella");
  await host.configure(loopback.settings({ speechModel: "facebook/mms-tts-eng" }));
  await host.done(job);
  assert.deepEqual(loopback.ledger.submissions[2]?.fields, { inputs: "a red fox" });
  const voice = await host.failed({ ...job, options: { voice: "af_bella" } });
  assert.deepEqual([voice.code, voice.data["option"]], [-32602, "voice"]);
  loopback.say("answer", { bytes: "<html>", type: "text/html" });
  assert.match((await host.failed(job)).message, /no audio/);
});

test("what is said is written down, of the file as it is", async () => {
  const job = { model: "transcription", capability: "audio-to-text", inputs: [host.sound()] };
  const done = await host.done(job);
  assert.equal(said(done), "A fox — says 🦊 what?");
  assert.equal(pieces(done.notices), said(done));
  const sha256 = createHash("sha256").update(host.read(job.inputs[0])).digest("hex");
  const [{ body, provider } = assert.fail()] = loopback.ledger.submissions;
  assert.deepEqual([provider, body.type, body.sha256], ["hf-inference", "audio/wav", sha256]);
  await host.configure(loopback.settings({ transcriptionModel: "openai/whisper-large-v3" }));
  assert.equal(said(await host.done(job)), "A fox — says 🦊 what?");
  assert.equal(loopback.ledger.submissions[1]?.file?.type, "audio/wav");
  loopback.say("answer", { text: "" });
  assert.equal(said(await host.done(job)), "", "silence");
});

test("models are listed: chats by who serves them, others where somebody who can be asked does", async () => {
  const listed = (await host.call("models", {})).result as { models: { id: string; pricing?: object[]; isFree?: boolean }[] };
  assert.deepEqual(
    listed.models.map(({ id }) => id),
    [
      "chat",
      "vision",
      "image",
      "speech",
      "transcription",
      XL,
      FLUX,
      "hexgrad/Kokoro-82M",
      "facebook/mms-tts-eng",
      "openai/whisper-large-v3-turbo",
      "openai/whisper-large-v3",
      CAPTIONS,
      "openai/gpt-oss-120b",
      "openai/gpt-oss-120b:groq",
      "openai/gpt-oss-120b:cerebras",
      "openai/gpt-oss-120b:featherless-ai",
      "google/gemma-3-27b-it",
      "google/gemma-3-27b-it:scaleway",
      "acme/free-7b",
      "acme/free-7b:publicai",
    ],
  );
  const priced = new Map(listed.models.map(({ id, pricing }) => [id, pricing]));
  assert.deepEqual(priced.get("openai/gpt-oss-120b:groq"), [
    { unit: "input_token", amount: "0.00000015", currency: "USD" },
    { unit: "output_token", amount: "0.00000075", currency: "USD" },
  ]);
  for (const unknown of ["openai/gpt-oss-120b", "openai/gpt-oss-120b:featherless-ai", "chat", XL]) {
    assert.equal(priced.get(unknown), undefined, unknown);
  }
  assert.deepEqual(priced.get("vision"), priced.get("google/gemma-3-27b-it:scaleway"), "there is only one");
  assert.ok(listed.models.find(({ id }) => id === "acme/free-7b")?.isFree);
});

test("a list that is cut, missing or hostile", async () => {
  await host.configure(loopback.settings({ maxModels: 3 }));
  assert.equal((await host.listed()).length, 8);
  await host.configure(loopback.settings());
  loopback.say("fault", { operation: "models", status: 500 });
  assert.ok((await host.listed()).includes("openai/gpt-oss-120b"), "what it had stays");
  const data = [{ id: "../../x", providers: [] }, { id: 7 }, null, { id: "a/b", providers: [{ provider: "x y", status: "live" }] }];
  loopback.say("models", { body: { data } });
  const listed = await host.listed();
  assert.deepEqual(listed.filter((id) => /\.\.|\s|x y/.test(id)), []);
  assert.ok(listed.includes("a/b") && !listed.includes("openai/gpt-oss-120b"));
});

test("lists and prices are good for as long as is set", async () => {
  await host.configure(loopback.settings({ modelsLifetime: 60 }));
  await Promise.all([host.listed(), host.listed()]);
  await host.listed();
  await host.done();
  assert.deepEqual([loopback.asked("models"), loopback.asked("list"), loopback.asked("model")], [1, 4, 0]);
  const other = await Loopback.start();
  await host.configure(other.settings({ modelsLifetime: 60 }));
  await host.done();
  await host.done();
  assert.equal(other.asked("model"), 1);
  await other.stop();
});

test("what is wrong is refused before anything is sent", async () => {
  assert.equal((await host.failed({ options: { temperature: 3 } })).code, -32602);
  assert.equal((await host.failed({ options: { colour: "red" } })).code, -32602);
  assert.equal((await host.failed({ inputs: [] })).code, 1203);
  assert.equal((await host.failed({ resume: { remoteId: "x" } })).data["accepted"], true);
  assert.equal((await host.configure(loopback.settings({ chatModel: "../x" }))).error?.code, 1005);
  assert.equal((await host.configure(loopback.settings({ billTo: "a b" }))).error?.code, 1005);
  assert.equal((await host.configure(loopback.settings({ hubUrl: "ftp://x" }))).error?.code, 1005);
  await host.configure({ routerUrl: loopback.url, hubUrl: loopback.url });
  assert.equal((await host.listed()).length, 5);
  const failed = await host.failed();
  assert.equal(failed.code, 1004);
  assert.match(failed.message, /HF_TOKEN/);
  assert.deepEqual([loopback.ledger.submissions.length, loopback.asked("models")], [0, 0]);
});
