/** What is done for each capability: one request to the server, and never a second. */

import { type Media, ProviderError } from "#prizm/plugin";
import { isRecord } from "#prizm/remote";

import {
  type Answer,
  accept,
  body,
  counted,
  hear,
  metaOf,
  nothing,
  primary,
  question,
  sniff,
  take,
  textOf,
  upload,
} from "./compatible/index.js";
import type { Job } from "./job.js";
import type { OurCapability } from "./options.js";

export const WORK: { readonly [C in OurCapability]: (job: Job) => Promise<Answer> } = {
  "text-to-text": chat,
  "image-to-text": chat,
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

async function chat(job: Job): Promise<Answer> {
  const { wire, model, settings } = job;
  const asked = await question(job, model, settings.preset);
  const response = await wire.client.chat.completions.create(asked as never).asResponse();
  return hear(response, job);
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
