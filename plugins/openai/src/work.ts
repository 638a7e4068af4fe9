/** What is done for each capability: one request to the server, and never a second. */

import { type Media, ProviderError, type TransformResult } from "#prizm/plugin";
import { isRecord, label } from "#prizm/remote";

import { type Answer, hear } from "./chat.js";
import { type Job, body, primary, textOf, upload } from "./job.js";
import type { OurCapability } from "./options.js";
import { take } from "./outputs.js";
import { sniff } from "./sniff.js";
import { counted } from "./usage.js";

/** The largest image that is looked at, in bytes: it is sent within the question. */
const MAX_SEEN = 20 * 1024 * 1024;

export const WORK: { readonly [C in OurCapability]: (job: Job) => Promise<Answer> } = {
  "text-to-text": async (job) => chat(job, await textOf(job)),
  "image-to-text": async (job) => {
    const { request } = job;
    const text = request.option("prompt", "string", "Describe this image.");
    const image_url = { url: await seen(job), ...body(job, { detail: "detail" }) };
    return chat(job, [
      { type: "image_url", image_url },
      { type: "text", text },
    ]);
  },
  "text-to-image": async (job) => {
    const asked = { model: job.model, prompt: await textOf(job), ...body(job, IMAGE) };
    return pictures(job, await job.wire.client.images.generate(asked as never).asResponse());
  },
  "image-to-image": async (job) => {
    const { request, model, wire } = job;
    const image = [primary(request, "image"), ...request.inputs.filter(({ role }) => role === "reference")];
    const mask = request.inputWithRole("mask");
    const known = ["mask", "reference", undefined];
    const unknown = request.inputs.find(({ role }) => !known.includes(role));
    if (unknown !== undefined) {
      const message = `the model has no input with the role \`${unknown.role ?? ""}\`, only: mask, reference`;
      throw new ProviderError("InvalidMedia", message);
    }
    const files = await Promise.all(image.map((media) => upload(job, media)));
    const asked = {
      model,
      image: files.length === 1 ? files[0] : files,
      ...(mask !== undefined && { mask: await upload(job, mask) }),
      ...body(job, { prompt: "prompt", ...IMAGE }),
    };
    job.context.report({ stage: "painting" });
    return pictures(job, await wire.client.images.edit(asked as never).asResponse());
  },
  "text-to-audio": speak,
  "audio-to-text": listen,
};

const IMAGE = { count: "n", size: "size", quality: "quality", background: "background", outputFormat: "output_format" };

async function chat(job: Job, content: unknown): Promise<Answer> {
  const { request, wire, model, context, setting, settings } = job;
  const { maxTokens, asksUsage } = settings.preset;
  const system = request.option("system", "string");
  const schema = request.option("jsonSchema", "object");
  const named = body(job, {
    maxTokens,
    temperature: "temperature",
    topP: "top_p",
    seed: "seed",
    stop: "stop",
    reasoningEffort: "reasoning_effort",
  });
  const asked = {
    model,
    messages: [...(system === undefined ? [] : [{ role: "system", content: system }]), { role: "user", content }],
    stream: true,
    ...(asksUsage && { stream_options: { include_usage: true } }),
    ...(schema !== undefined && {
      response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
    }),
    ...named,
  };
  const response = await wire.client.chat.completions.create(asked as never).asResponse();
  return hear(response, { wire, context, setting });
}

/** Returns an image as the URL that has it. */
async function seen({ request, context }: Job): Promise<string> {
  const media = primary(request, "image");
  const bytes = await context.readInput(media);
  if (bytes.length > MAX_SEEN) {
    throw new ProviderError("InvalidMedia", `the image has ${bytes.length} bytes; at most ${MAX_SEEN} can be sent`);
  }
  return `data:${media.mime};base64,${bytes.toString("base64")}`;
}

async function pictures(job: Job, response: Response): Promise<Answer> {
  const { wire, settings } = job;
  accept(job, response);
  // Base64 has four characters for three bytes.
  const told = await wire.json(response, Math.ceil(settings.maxOutputBytes * 1.4) + 1024 * 1024);
  const outputs = await take(told, job);
  const usage = isRecord(told) ? counted(told["usage"]) : {};
  return { outputs, counts: { ...usage, images: outputs.length }, meta: metaOf(job, response) };
}

async function speak(job: Job): Promise<Answer> {
  const { request, wire, model, settings, context } = job;
  const input = await textOf(job);
  const format = request.option("format", "string");
  const asked = {
    model,
    input,
    voice: request.option("voice", "string", "alloy"),
    ...(format !== undefined && { response_format: format }),
    ...body(job, { speed: "speed", instructions: "instructions" }),
  };
  const response = await wire.client.audio.speech.create(asked as never).asResponse();
  accept(job, response);
  const bytes = await wire.bytes(wire.parts(response), settings.maxOutputBytes);
  const type = sniff("audio", bytes);
  if (type === undefined) throw nothing("audio", job, response);
  const output: Media = await context.outputFile("audio", type.mime, `speech.${type.ending}`, bytes);
  return { outputs: [output], counts: { characters: [...input].length }, meta: metaOf(job, response) };
}

async function listen(job: Job): Promise<Answer> {
  const { request, wire, model, context, setting } = job;
  const file = await upload(job, primary(request, "audio"));
  const asked = {
    file,
    model,
    stream: true,
    ...body(job, { language: "language", prompt: "prompt", temperature: "temperature" }),
  };
  context.report({ stage: "listening" });
  const response = await wire.client.audio.transcriptions.create(asked as never).asResponse();
  return hear(response, { wire, context, setting });
}

/** The server has done it: whatever becomes of the answer, it is not to be asked again. */
function accept(job: Job, response: Response): void {
  const { context, setting } = job;
  if (!setting.isOwn) context.accepted(requestIdOf(job, response) ?? context.jobId, "unknown");
}

function metaOf(job: Job, response: Response): NonNullable<TransformResult["meta"]> {
  const requestId = requestIdOf(job, response);
  return requestId === undefined ? {} : { requestId };
}

function requestIdOf({ wire }: Job, { headers }: Response): string | undefined {
  return label(wire.hide(headers.get("x-request-id")));
}

function nothing(kind: string, { wire }: Job, { headers }: Response): ProviderError {
  const type = label(wire.hide(headers.get("content-type"))) ?? "unknown";
  const message = `the server's answer is no ${kind}; its type is \`${type}\``;
  return new ProviderError("UpstreamError", message, { retryable: false, details: { charged: "yes" } });
}
