/** A second judge of the provider, which others wrote: aimock's idea of OpenAI's API, with its chaos. */

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { LLMock } from "@copilotkit/aimock";

import { Host, pieces, said } from "./host.js";

const PNG = Buffer.from("\x89PNG\r\n\x1a\n, more or less", "latin1");
const WAV = Buffer.from("RIFF\x04\0\0\0WAVE, more or less", "latin1");

const mock = new LLMock({ port: 0, host: "127.0.0.1" });
const told = { content: "By Rayleigh scattering — 🦊.", usage: { prompt_tokens: 9, completion_tokens: 6, total_tokens: 15 } };
mock.onMessage(/sky/, told, { chunkSize: 3 });
mock.onMessage(/What is this/, { content: "A fox." });
mock.onMessage(/breaks/, { content: "A long answer that breaks off" }, { chunkSize: 3, truncateAfterChunks: 2 });
mock.onImage(/fox|snow/, { images: [{ b64Json: PNG.toString("base64") }] });
mock.onSpeech(/Hello/, { audio: WAV.toString("base64"), format: "wav" });
mock.onTranscription({ transcription: { text: "A fox says what?" } });
await mock.start();
const host = new Host();
await host.open({ apiKey: "key", baseUrl: `${mock.url}/v1` });
beforeEach(() => mock.clearRequests());
after(async () => {
  await host.close();
  await mock.stop();
});

const ask = (text: string) => ({ inputs: [{ kind: "text", mime: "text/plain", text }] as const });

/** How aimock answered what it was asked. */
const asked = () => mock.getRequests().map(({ method, path, response }) => [method, path, response.status]);

test("a stream, with what it used", async () => {
  const done = await host.done(ask("Why is the sky blue?"));
  assert.equal(said(done), told.content);
  assert.equal(pieces(done.notices), told.content);
  assert.ok(done.notices.filter(({ method }) => method === "$/chunk").length > 3);
  // 9 tokens at 0.0000001, 6 at 0.0000005.
  assert.deepEqual([done.usage?.["promptTokens"], done.usage?.cost], [9, "0.0000039"]);
  assert.deepEqual([done.meta?.["finishReason"], done.meta?.["warnings"]], ["stop", undefined]);
  assert.deepEqual(asked(), [["POST", "/v1/chat/completions", 200]]);
});

test("a picture is seen, painted and changed", async () => {
  const options = { prompt: "What is this?" };
  const seen = await host.done({ model: "chat", capability: "image-to-text", inputs: [host.picture()], options });
  assert.equal(said(seen), "A fox.");
  const painted = await host.done({ model: "image", capability: "text-to-image" });
  assert.ok(host.read(painted.outputs[0]).equals(PNG));
  const change = { model: "image", capability: "image-to-image", options: { prompt: "in snow" } };
  const changed = await host.done({ ...change, inputs: [host.picture(), host.picture("mask")] });
  assert.equal(changed.outputs[0]?.mime, "image/png");
  const paths = asked().map(([, path]) => path);
  assert.deepEqual(paths, ["/v1/chat/completions", "/v1/images/generations", "/v1/images/edits"]);
});

test("a text is spoken, and written down again", async () => {
  const { outputs } = await host.done({ model: "speech", capability: "text-to-audio", ...ask("Hello.") });
  assert.ok(host.read(outputs[0]).equals(WAV));
  const heard = await host.done({ model: "transcription", capability: "audio-to-text", inputs: [host.sound()] });
  assert.equal(said(heard), "A fox says what?");
  assert.equal(pieces(heard.notices), "A fox says what?");
});

test("its models are listed", async () => {
  const { result } = await host.call("models", {});
  const ids = (result as { models: { id: string }[] }).models.map(({ id }) => id);
  assert.ok(ids.includes("chat") && ids.includes("gpt-4o") && !ids.includes("text-embedding-3-small"), ids.join(" "));
});

test("its refusals and broken connections have their names, and nothing is repeated", async () => {
  const sky = ask("Why is the sky blue?");
  const chaos = [
    [{ rateLimitRate: 1 }, 1102, true],
    [{ dropRate: 1 }, 1201, true],
    [{ disconnectRate: 1 }, 1201, false],
    [{ malformedRate: 1 }, 1201, false],
  ] as const;
  for (const [config, code, retryable] of chaos) {
    mock.clearRequests();
    mock.setChaos(config);
    const failed = await host.failed(sky);
    mock.clearChaos();
    assert.deepEqual([failed.code, failed.data["retryable"] ?? false], [code, retryable], JSON.stringify([config, failed]));
    assert.equal(asked().length, 1);
    if (code === 1102) assert.equal(typeof failed.data["retryAfterMs"], "number");
  }
  mock.clearRequests();
  const cut = await host.failed(ask("what breaks"));
  assert.deepEqual([cut.code, cut.data["accepted"], cut.data["charged"]], [1201, true, "unknown"]);
  assert.equal(asked().length, 1);
});
