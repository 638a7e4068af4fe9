/** The official client against the loopback, without Prizm: what is no contract of OpenAI's fails here. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import OpenAI from "openai";

import { Loopback } from "./loopback.js";

let loopback: Loopback;
let client: OpenAI;

beforeEach(async () => {
  loopback = await Loopback.start();
  client = new OpenAI({ apiKey: "key", baseURL: `${loopback.url}/v1` });
});
afterEach(() => loopback.stop());

const messages = [{ role: "user" as const, content: "hello" }];
const model = "gpt-6-luna";

test("models, chat, and a stream with its usage", async () => {
  const ids = (await client.models.list()).data.map(({ id }) => id);
  assert.ok(ids.includes(model));
  const whole = await client.chat.completions.create({ model, messages });
  assert.equal(whole.choices[0]?.message.content, "You said: hello ⏳🦊");
  const stream_options = { include_usage: true };
  let text = "";
  let tokens: number | undefined;
  for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, stream_options })) {
    text += chunk.choices[0]?.delta.content ?? "";
    tokens = chunk.usage?.total_tokens ?? tokens;
  }
  assert.deepEqual([text, tokens], ["You said: hello ⏳🦊", 5]);
});

test("images, speech and transcriptions", async () => {
  const { data } = await client.images.generate({ model: "gpt-image-2", prompt: "a fox" });
  const image = Buffer.from(data?.[0]?.b64_json ?? "", "base64");
  assert.ok(image.toString("latin1").startsWith("\x89PNG"));
  const file = new File([image], "fox.png", { type: "image/png" });
  assert.equal((await client.images.edit({ model: "gpt-image-2", image: file, prompt: "snow" })).data?.length, 1);
  const speech = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "hello" });
  const sound = new File([Buffer.from(await speech.arrayBuffer())], "hello.wav", { type: "audio/wav" });
  const heard = await client.audio.transcriptions.create({ model: "whisper-1", file: sound });
  assert.equal(heard.text, "A fox — says 🦊 what?");
});

test("errors are those that the client knows; it repeats a request that was refused", async () => {
  const wrong = new OpenAI({ apiKey: "wrong", baseURL: `${loopback.url}/v1` });
  await assert.rejects(wrong.models.list().asResponse(), OpenAI.AuthenticationError);
  await assert.rejects(client.chat.completions.create({ model: "none", messages }), OpenAI.NotFoundError);
  loopback.say("fault", { operation: "models", status: 429, headers: { "retry-after-ms": "1" } });
  await client.models.list();
  assert.deepEqual(loopback.ledger.journal.slice(-2).map(({ status }) => status), [429, 200]);
});
