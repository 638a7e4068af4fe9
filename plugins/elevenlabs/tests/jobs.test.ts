import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";

import { readDeclaration } from "#prizm/plugin/wire";

import { Host, said, text } from "./host.js";
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

const SOUND = { model: "eleven_text_to_sound_v2" };
const LISTEN = { model: "scribe_v2", capability: "audio-to-text" };
const last = () => loopback.ledger.submissions.at(-1) ?? assert.fail("nothing was submitted");

test("it declares what its manifest says, and no price that nobody told", () => {
  const declaration = readDeclaration(declared);
  const manifest = readFileSync("prizm.toml", "utf8");
  const listed = [...(/^capabilities = \[([^\]]*)\]/m.exec(manifest)?.[1] ?? "").matchAll(/"([^"]+)"/g)];
  assert.deepEqual(declaration.capabilities, listed.map(([, word]) => word));
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  assert.equal(declaration.provider.version, version);
  assert.ok(declaration.models.every(({ pricing }) => pricing === undefined));
  assert.deepEqual(declaration.models[0]?.id, "eleven_multilingual_v2");
});

test("a text is spoken, as it comes, and credits are told", async () => {
  const { outputs, usage, meta, notices } = await host.done();
  assert.deepEqual([outputs[0]?.path, outputs[0]?.mime], ["out/speech.mp3", "audio/mpeg"]);
  assert.equal(host.read(outputs[0]).length, 40 * 417);
  assert.deepEqual(usage, { characters: 9, credits: 9 });
  assert.deepEqual(meta, { requestId: "speech-1", voice: "JBFqnCBsd6RMkjVDRZzb" });
  const { model, voice, format, isStream, fields } = last();
  assert.deepEqual([model, voice, format, isStream], ["eleven_multilingual_v2", "JBFqnCBsd6RMkjVDRZzb", "mp3_44100_128", true]);
  assert.deepEqual(fields, { text: "a red fox", model_id: "eleven_multilingual_v2" });
  const told = notices.filter(({ method }) => method === "$/progress").map(({ params }) => [params["stage"], params["message"]]);
  // 16680 bytes at 16000 a second.
  assert.deepEqual(told.at(-1), ["speaking", "1.0 s"]);
  const accepted = notices.filter(({ method }) => method === "$/accepted").map(({ params }) => params["remoteId"]);
  assert.deepEqual(accepted, ["speech-1"]);
});

test("options reach ElevenLabs by its names", async () => {
  const options = {
    voice: "EXAVITQu4vr4xnSDxMaL",
    format: "opus",
    speed: 1.1,
    stability: 0,
    similarity: 0.7,
    style: 0.2,
    speakerBoost: false,
    language: "en",
    textNormalization: "off",
    previousText: "Once,",
    nextText: null,
    seed: 3,
  };
  const { outputs } = await host.done({ options });
  assert.deepEqual([outputs[0]?.path, outputs[0]?.mime], ["out/speech.ogg", "audio/ogg"]);
  const { fields, voice, format } = last();
  assert.deepEqual([voice, format], ["EXAVITQu4vr4xnSDxMaL", "opus_48000_96"]);
  assert.deepEqual(fields, {
    text: "a red fox",
    model_id: "eleven_multilingual_v2",
    language_code: "en",
    apply_text_normalization: "off",
    previous_text: "Once,",
    seed: 3,
    voice_settings: { speed: 1.1, stability: 0, similarity_boost: 0.7, style: 0.2, use_speaker_boost: false },
  });
});

test("a file of WAV does not come while it is made", async () => {
  const { outputs } = await host.done({ options: { format: "wav" } });
  assert.deepEqual([outputs[0]?.mime, last().format, last().isStream], ["audio/wav", "wav_24000", false]);
});

test("a text is made a sound", async () => {
  const options = { durationSeconds: 2, promptInfluence: 0, loop: true };
  const { outputs, usage } = await host.done({ ...SOUND, ...text("rain"), options });
  assert.deepEqual([outputs[0]?.path, outputs[0]?.mime], ["out/sound.mp3", "audio/mpeg"]);
  assert.deepEqual(usage, { seconds: 2, credits: 40 });
  assert.deepEqual(last().fields, {
    text: "rain",
    model_id: "eleven_text_to_sound_v2",
    duration_seconds: 2,
    prompt_influence: 0,
    loop: true,
  });
});

test("what is said is written down, with its words", async () => {
  const sound = host.sound();
  const done = await host.done({ ...LISTEN, inputs: [sound], options: { diarize: true, speakers: 2, language: "en" } });
  assert.equal(said(done), "A fox — says 🦊 what? (laughs)");
  assert.equal(done.usage?.["seconds"], 1.5);
  assert.deepEqual([done.meta?.["language"], done.meta?.["languageProbability"]], ["en", 0.98]);
  const words = done.meta?.["words"] as Record<string, unknown>[];
  assert.deepEqual(words[1], { text: "fox", start: 0.2, end: 0.3, speaker: "speaker_0" });
  assert.deepEqual([words.length, words.at(-1)?.["type"]], [7, "event"]);
  const { fields, files } = last();
  assert.deepEqual(fields, { model_id: "scribe_v2", language_code: "en", diarize: "true", num_speakers: "2" });
  const sha256 = createHash("sha256").update(host.read(sound)).digest("hex");
  assert.deepEqual(files?.map((file) => [file.field, file.name, file.type, file.sha256]), [["file", "sound.wav", "audio/wav", sha256]]);
  const quiet = await host.done({ ...LISTEN, inputs: [sound], options: { timestamps: "none", audioEvents: false } });
  assert.deepEqual([said(quiet), quiet.meta?.["words"]], ["A fox — says 🦊 what?", undefined]);
});

test("words have an end, and odd ones do no harm", async () => {
  const word = { text: "w".repeat(1000), start: 0, end: 1, type: "word", logprob: 0 };
  loopback.say("answer", { text: "long", words: Array.from({ length: 9000 }, () => word) });
  const long = await host.done({ ...LISTEN, inputs: [host.sound()] });
  assert.ok(JSON.stringify(long.meta).length < 2 ** 20 + 1000);
  const told = (long.meta?.["words"] as unknown[]).length;
  assert.match(JSON.stringify(long.meta?.["warnings"]), new RegExp(`${9000 - told} words`));
  loopback.say("answer", { text: "a\ud800\0b", words: [null, 7, {}, { text: "x", start: "no", end: -1, speaker_id: 9 }] });
  const odd = await host.done({ ...LISTEN, inputs: [host.sound()] });
  assert.equal(said(odd), "a\ufffd\ufffdb");
  assert.deepEqual(odd.meta?.["words"], [{ text: "" }, { text: "x" }]);
});

test("a cost is told only where somebody says what a credit, or a unit, costs", async () => {
  await host.configure(loopback.settings({ creditPrice: "0.00022" }));
  assert.deepEqual((await host.done()).usage, { characters: 9, credits: 9, cost: "0.00198", currency: "USD" });
  const prices = { scribe_v2: { second: "0.0001" }, eleven_v3: { character: "0.0001" }, eleven_text_to_sound_v2: { call: "0.02" } };
  await host.configure(loopback.settings({ prices }));
  assert.equal((await host.done({ ...LISTEN, inputs: [host.sound()] })).usage?.cost, "0.00015");
  assert.equal((await host.done(SOUND)).usage?.cost, "0.02");
  assert.equal((await host.done({ model: "eleven_v3" })).usage?.cost, "0.0009");
  assert.equal((await host.done()).usage?.cost, undefined);
  for (const credits of [null, "many", -1, "1e300"]) {
    loopback.say("answer", { credits });
    await host.configure(loopback.settings({ creditPrice: "1" }));
    assert.deepEqual((await host.done()).usage, { characters: 9 }, `${credits}`);
  }
});

test("what is wrong is refused before anything is sent", async () => {
  assert.equal((await host.failed({ options: { speed: 3 } })).code, -32602);
  assert.equal((await host.failed({ options: { colour: "red" } })).code, -32602);
  assert.equal((await host.failed({ ...SOUND, options: { format: "wav" } })).code, -32602);
  assert.equal((await host.failed({ inputs: [] })).code, 1203);
  assert.equal((await host.failed({ inputs: [host.sound()] })).code, 1203);
  assert.equal((await host.failed({ ...LISTEN, inputs: [host.picture()] })).code, 1203);
  assert.equal((await host.failed({ resume: { remoteId: "x" } })).data["accepted"], true);
  assert.deepEqual(loopback.ledger.journal, []);
});
