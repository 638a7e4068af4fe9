/** The official client against the loopback, without Prizm: what is no contract of Hugging Face's fails here. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { InferenceClient, InferenceClientProviderApiError } from "@huggingface/inference";

import { Loopback } from "./loopback.js";

let loopback: Loopback;

beforeEach(async () => {
  loopback = await Loopback.start();
});
afterEach(() => loopback.stop());

/** The client knows no other address than the vendor's own. */
const OWN = /^https:\/\/(router\.)?huggingface\.co/;

const client = (key = "hf_key", more: object = {}) =>
  new InferenceClient(key, {
    fetch: (input, init) => fetch(String(input).replace(OWN, loopback.url), init),
    ...more,
  });

const messages = [{ role: "user" as const, content: "hello" }];
const model = "openai/gpt-oss-120b";

test("a chat, a stream, and a provider that is named", async () => {
  const whole = await client().chatCompletion({ model, messages });
  assert.equal(whole.choices[0]?.message.content, "You said: hello ⏳🦊");
  let text = "";
  for await (const chunk of client().chatCompletionStream({ model, messages, provider: "auto" })) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  assert.equal(text, "You said: hello ⏳🦊");
  await client("hf_key", { billTo: "acme" }).chatCompletion({ model: `${model}:cerebras`, messages });
  const { submissions } = loopback.ledger;
  assert.deepEqual(
    submissions.map(({ provider, billTo }) => [provider, billTo]),
    [
      ["groq", undefined],
      ["groq", undefined],
      ["cerebras", "acme"],
    ],
  );
});

test("pictures: of Hugging Face, of Together, of Nscale, of DeepInfra", async () => {
  const inputs = "a red fox";
  const xl = "stabilityai/stable-diffusion-xl-base-1.0";
  const flux = "black-forest-labs/FLUX.1-dev";
  for (const [model, provider] of [
    [xl, "hf-inference"],
    [flux, "together"],
    [xl, "nscale"],
    [flux, "deepinfra"],
  ] as const) {
    const options = { outputType: "blob" } as const;
    const image = await client().textToImage({ model, provider, inputs, parameters: { num_inference_steps: 5 } }, options);
    const bytes = Buffer.from(await image.arrayBuffer());
    assert.ok(bytes.toString("latin1").startsWith("\x89PNG"), provider);
  }
  const steps = loopback.ledger.submissions.map(({ provider, fields = {} }) => [provider, fields["steps"]]);
  assert.deepEqual(steps, [
    ["hf-inference", undefined],
    ["together", 5],
    ["nscale", undefined],
    ["deepinfra", undefined],
  ]);
});

test("speech, transcriptions and captions", async () => {
  const [inputs, provider] = ["hello", "hf-inference"] as const;
  const spoken = await client().textToSpeech({ model: "facebook/mms-tts-eng", provider, inputs });
  await client().textToSpeech({ model: "hexgrad/Kokoro-82M", provider: "together", inputs });
  await client().textToSpeech({ model: "hexgrad/Kokoro-82M", provider: "deepinfra", inputs });
  const data = new Blob([await spoken.arrayBuffer()], { type: "audio/wav" });
  const model = "openai/whisper-large-v3-turbo";
  const heard = await client().automaticSpeechRecognition({ model, provider, data });
  assert.equal(heard.text, "A fox — says 🦊 what?");
  const other = { model: "openai/whisper-large-v3", provider: "deepinfra", data } as const;
  assert.equal((await client().automaticSpeechRecognition(other)).text, heard.text);
  const seen = await client().imageToText({ model: "nlpconnect/vit-gpt2-image-captioning", provider, data });
  assert.match(seen.generated_text ?? "", /an image of \d+ bytes/);
});

test("errors are those that the client knows; it repeats what was not ready, unless it is told not to", async () => {
  const refused = (thrown: unknown) => thrown instanceof InferenceClientProviderApiError && thrown.httpResponse.status;
  const ask = (key: string, more = {}) => client(key, more).chatCompletion({ model, messages });
  assert.equal(refused(await ask("hf_readonly").catch((thrown: unknown) => thrown)), 403);
  assert.equal(refused(await ask("hf_broke").catch((thrown: unknown) => thrown)), 402);
  const other = client().chatCompletion({ model: "acme/none", messages }).catch((thrown: unknown) => thrown);
  assert.equal(refused(await other), 400);
  const fault = { operation: "chat", status: 503, body: { error: `Model ${model} is currently loading`, estimated_time: 20 } };
  loopback.say("fault", fault);
  assert.equal(refused(await ask("hf_key", { retry_on_error: false }).catch((thrown: unknown) => thrown)), 503);
  loopback.say("fault", { ...fault, times: 2 });
  await ask("hf_key");
  assert.deepEqual(loopback.ledger.journal.slice(-3).map(({ status }) => status), [503, 503, 200]);
});
