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

test("it declares what its manifest says, and every model says what it costs", () => {
  const declaration = readDeclaration(declared);
  assert.deepEqual(declared, JSON.parse(readFileSync("declaration.json", "utf8")), "declaration.json");
  const manifest = readFileSync("prizm.toml", "utf8");
  const listed = [...(/^capabilities = \[([^\]]*)\]/m.exec(manifest)?.[1] ?? "").matchAll(/"([^"]+)"/g)];
  assert.deepEqual(
    declaration.capabilities,
    listed.map(([, word]) => word),
  );
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  assert.equal(declaration.provider.version, version);
  for (const { id, pricing } of declaration.models) assert.ok((pricing?.length ?? 0) > 0, id);
  const ids = declaration.models.map(({ id }) => id);
  assert.deepEqual(ids.slice(0, 4), ["chat", "image", "speech", "transcription"], "names that every preset has");
});

test("options reach the server by its names", async () => {
  await host.done({ options: { system: "Be brief", maxTokens: 9, temperature: 0, seed: 3, stop: null } });
  const [{ fields, model } = assert.fail()] = loopback.ledger.submissions;
  assert.equal(model, "gpt-6-luna");
  assert.deepEqual([fields["max_completion_tokens"], fields["temperature"], fields["seed"]], [9, 0, 3]);
  assert.ok(!("stop" in fields));
  assert.deepEqual((fields["messages"] as { role: string }[]).map(({ role }) => role), ["system", "user"]);
});

test("a picture is seen", async () => {
  const done = await host.done({ model: "chat", capability: "image-to-text", inputs: [host.picture()] });
  assert.equal(said(done), "I see image/png of 69 bytes.");
});

test("pictures are painted: as base64, and where they can be had", async () => {
  const job = { model: "image", capability: "text-to-image" };
  const { outputs, usage } = await host.done({ ...job, options: { count: 2 } });
  assert.deepEqual(outputs.map(({ path, mime }) => [path, mime]), [
    ["out/image.png", "image/png"],
    ["out/image-2.png", "image/png"],
  ]);
  // 3 tokens at 0.000005, 2112 at 0.00003.
  assert.equal(usage?.cost, "0.063375");
  await host.configure(loopback.settings({ preset: "xai" }));
  const other = await host.done(job);
  assert.ok(host.read(other.outputs[0]).toString("latin1").startsWith("\x89PNG"));
  assert.deepEqual([other.usage?.cost, loopback.ledger.downloads.length], ["0.02", 1]);
});

test("no more pictures are taken than were asked for", async () => {
  const picture = host.read(host.picture()).toString("base64");
  const body = { data: Array.from({ length: 16 }, () => ({ b64_json: picture })) };
  for (const count of [undefined, 2]) {
    loopback.say("fault", { operation: "image", status: 200, body });
    const job = { model: "image", capability: "text-to-image", options: count === undefined ? {} : { count } };
    assert.equal((await host.done(job)).outputs.length, count ?? 1);
  }
});

test("a picture is changed, with a mask", async () => {
  const inputs = [host.picture(), host.picture("mask")];
  await host.done({ model: "image", capability: "image-to-image", inputs, options: { prompt: "in snow" } });
  const [{ files, fields } = assert.fail()] = loopback.ledger.submissions;
  assert.deepEqual(files.map(({ field, type, bytes }) => [field, type, bytes]), [
    ["image", "image/png", 69],
    ["mask", "image/png", 69],
  ]);
  assert.equal(files[0]?.sha256, createHash("sha256").update(host.read(inputs[0])).digest("hex"));
  assert.equal(fields["prompt"], "in snow");
});

test("a text is spoken, and the file is what it is", async () => {
  await host.call("models", {});
  const { outputs, usage } = await host.done({ model: "tts-1", capability: "text-to-audio" });
  assert.deepEqual([outputs[0]?.path, outputs[0]?.mime], ["out/speech.wav", "audio/wav"]);
  assert.deepEqual([usage?.cost, usage?.["characters"]], ["0.000135", 9]);
  loopback.say("answer", { bytes: "<html>", type: "text/html" });
  assert.match((await host.failed({ model: "tts-1", capability: "text-to-audio" })).message, /no audio/);
});

test("what is said is written down, and costs by the second or the token", async () => {
  await host.call("models", {});
  const job = { capability: "audio-to-text", inputs: [host.sound()] };
  assert.equal((await host.done({ ...job, model: "transcription" })).usage?.cost, "0.000075");
  assert.equal(loopback.ledger.submissions.at(-1)?.model, "gpt-transcribe");
  assert.equal((await host.done({ ...job, model: "whisper-1" })).usage?.cost, "0.0001");
  assert.equal((await host.done({ ...job, model: "gpt-4o-mini-transcribe" })).usage?.cost, "0.0000425");
});

test("what is wrong is refused before anything is sent", async () => {
  assert.equal((await host.failed({ options: { temperature: 3 } })).code, -32602);
  assert.equal((await host.failed({ options: { colour: "red" } })).code, -32602);
  assert.equal((await host.failed({ inputs: [] })).code, 1203);
  assert.equal((await host.failed({ inputs: [host.picture()] })).code, 1203);
  assert.equal((await host.failed({ resume: { remoteId: "x" } })).data["accepted"], true);
  assert.deepEqual(loopback.ledger.journal, []);
});

test("presets change the address, the key, the prices and the models; one's own needs no key", async () => {
  loopback.say("keyless");
  loopback.say("models", { body: { data: [{ id: "nomic-embed-text" }, { id: "llama-3.3-70b" }] } });
  const { error } = await host.configure({ preset: "ollama", baseUrl: loopback.url, modelsLifetime: 0 });
  assert.equal(error, undefined);
  const { usage } = await host.done();
  assert.deepEqual([usage?.cost, loopback.ledger.submissions[0]?.model], ["0", "llama-3.3-70b"]);
  const painter = { model: "image", capability: "text-to-image" };
  const unset = await host.failed(painter);
  assert.deepEqual([unset.code, unset.data["setting"]], [1004, "imageModel"]);
  const { result } = await host.call("models", {});
  assert.deepEqual((result as { models: { id: string }[] }).models.map(({ id }) => id), ["chat", "llama-3.3-70b"]);
  // What the server does not list is not there until somebody names it.
  assert.equal((await host.failed(painter)).code, 1006);
  await host.configure({ preset: "groq" });
  const failed = await host.failed();
  assert.equal(failed.code, 1004);
  assert.match(failed.message, /GROQ_API_KEY/);
});

test("a long question costs more", async () => {
  const usage = { prompt_tokens: 300_000, completion_tokens: 1000 };
  loopback.say("answer", { usage });
  // 300,000 at 0.0000002, 1,000 at 0.00000075.
  assert.equal((await host.done()).usage?.cost, "0.06075");
});

test("prices that are listed, or set, count", async () => {
  const pricing = { prompt: "0.000001", completion: "0.000002" };
  loopback.say("models", { body: { data: [{ id: "gpt-6-luna", pricing }] } });
  await host.call("models", {});
  assert.equal((await host.done()).usage?.cost, "0.000015");
  const prices = { "gpt-6-luna": { input_token: "1", output_token: "2" } };
  await host.configure(loopback.settings({ prices }));
  assert.equal((await host.done()).usage?.cost, "15");
});
