/**
 * A second judge of speech and sounds, which others wrote: aimock's idea of ElevenLabs's API, with its chaos. It has
 * speech whole, not as a stream, so WAV is asked for.
 */

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { LLMock } from "@copilotkit/aimock";

import { Host, text } from "./host.js";

const WAV = Buffer.from("RIFF\x04\0\0\0WAVE, more or less", "latin1");
const SPEAK = { ...text("Hello."), options: { format: "wav" } };

const mock = new LLMock({ port: 0, host: "127.0.0.1" });
mock.addFixture({ match: { userMessage: /Hello/ }, response: { audio: WAV.toString("base64"), format: "wav" } });
await mock.start();
const host = new Host();
await host.open({ apiKey: "key", baseUrl: mock.url });
beforeEach(() => mock.clearRequests());
after(async () => {
  await host.close();
  await mock.stop();
});

const asked = () => mock.getRequests().map(({ method, path, response }) => [method, path.split("?")[0], response.status]);

test("a text is spoken, and a sound is made", async () => {
  const spoken = await host.done(SPEAK);
  assert.ok(host.read(spoken.outputs[0]).equals(WAV));
  assert.deepEqual(spoken.usage, { characters: 6 });
  const made = await host.done({ model: "eleven_text_to_sound_v2", ...text("Hello from a cave") });
  assert.equal(made.outputs[0]?.mime, "audio/wav");
  assert.deepEqual(asked(), [
    ["POST", "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb", 200],
    ["POST", "/v1/sound-generation", 200],
  ]);
});

test("its refusals and broken connections have their names, and nothing is repeated", async () => {
  for (const [config, code, retryable] of [
    [{ rateLimitRate: 1 }, 1102, true],
    [{ dropRate: 1 }, 1201, true],
    [{ disconnectRate: 1 }, 1201, false],
  ] as const) {
    mock.clearRequests();
    mock.setChaos(config);
    const failed = await host.failed(SPEAK);
    mock.clearChaos();
    assert.deepEqual([failed.code, failed.data["retryable"] ?? false], [code, retryable], JSON.stringify([config, failed]));
    assert.equal(asked().length, 1);
  }
});
