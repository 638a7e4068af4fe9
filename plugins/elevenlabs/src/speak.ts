/** Speech, and other sounds: one request, whose answer is the file. */

import { open, rename } from "node:fs/promises";

import { type Media, ProviderError } from "#prizm/plugin";
import { label } from "#prizm/remote";

import { formatNamed, isStreamed, secondsOf } from "./formats.js";
import { type Answer, type Job, accept, named, textOf } from "./job.js";
import { NAMES } from "./options.js";
import { type FileType, HEAD, sniff } from "./sniff.js";
import { creditsOf } from "./usage.js";

/** Speaks a text. */
export async function speak(job: Job): Promise<Answer> {
  const { request, settings, known } = job;
  const text = await textOf(job);
  const format = formatNamed(request.option("format", "string", "mp3"));
  const voice = await job.voice(request.option("voice", "string", settings.voice));
  const voiceSettings = named(job, NAMES.voice);
  const body = {
    text,
    model_id: known.id,
    ...named(job, NAMES.speech),
    ...(Object.keys(voiceSettings).length > 0 && { voice_settings: voiceSettings }),
  };
  const path = `/v1/text-to-speech/${encodeURIComponent(voice)}${isStreamed(format) ? "/stream" : ""}`;
  const made = await make(job, { path, format, body, name: "speech" });
  return { ...made, counts: { ...made.counts, characters: [...text].length }, meta: { ...made.meta, voice } };
}

/** Makes the sound that a text describes. */
export async function resound(job: Job): Promise<Answer> {
  const { request, known } = job;
  const format = formatNamed(request.option("format", "string", "mp3"));
  const seconds = request.option("durationSeconds", "number");
  const body = { text: await textOf(job), model_id: known.id, ...named(job, NAMES.sound) };
  const made = await make(job, { path: "/v1/sound-generation", format, body, name: "sound" });
  return { ...made, counts: { ...made.counts, seconds } };
}

/** What is asked for. */
interface Asked {
  readonly path: string;
  readonly format: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What the file is called. */
  readonly name: string;
}

async function make(job: Job, asked: Asked): Promise<Answer> {
  const { context, wire } = job;
  const stage = asked.name === "speech" ? "speaking" : "making";
  context.report({ stage });
  const response = await wire.post(asked.path, { output_format: asked.format }, asked.body);
  const meta = accept(job, response);
  const output = await save(job, response, asked, stage);
  return { output, counts: { credits: creditsOf(response) }, meta };
}

/** Writes the answer into a file as it comes, and tells how much there is. */
async function save(job: Job, response: Response, { format, name }: Asked, stage: string): Promise<Media> {
  const { context, wire, settings } = job;
  const part = context.createOutput(`${name}.part`);
  let head = Buffer.alloc(0);
  let size = 0;
  const file = await open(part, "w");
  try {
    for await (const bytes of wire.parts(response)) {
      if (head.length < HEAD) head = Buffer.concat([head, bytes.subarray(0, HEAD)]);
      size += bytes.length;
      if (size > settings.maxOutputBytes) throw tooLarge(settings.maxOutputBytes);
      await file.writeFile(bytes);
      const seconds = secondsOf(format, size);
      context.report({ stage, message: seconds === undefined ? `${size} bytes` : `${seconds.toFixed(1)} s` });
    }
  } finally {
    await file.close();
  }
  const type = size === 0 ? undefined : (sniff(head) ?? saidType(response, format));
  if (type === undefined) throw nothing(job, response);
  const path = context.createOutput(`${name}.${type.ending}`);
  await rename(part, path);
  return context.output("audio", type.mime, path);
}

/** What the answer says that it is, where its bytes do not tell and it is a sound at all: it is paid for. */
function saidType({ headers }: Response, format: string): FileType | undefined {
  const mime = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  return /^audio\/[\w.+-]+$/.test(mime) ? { mime, ending: format.split("_")[0] ?? "audio" } : undefined;
}

function tooLarge(most: number): ProviderError {
  const message = `the sound has more than ${most} bytes; the setting \`maxOutputBytes\` allows no more`;
  return new ProviderError("UpstreamError", message, { retryable: false, details: { charged: "yes" } });
}

function nothing({ wire }: Job, { headers }: Response): ProviderError {
  const type = label(wire.hide(headers.get("content-type"))) ?? "unknown";
  const message = `ElevenLabs's answer is no sound; its type is \`${type}\``;
  return new ProviderError("UpstreamError", message, { retryable: false, details: { charged: "yes" } });
}
