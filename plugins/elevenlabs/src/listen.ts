/** Transcriptions: one request with the file, whose answer has the text and its words. */

import { openAsBlob } from "node:fs";

import { type Media, ProviderError, text as textMedium } from "#prizm/plugin";
import { cut, isRecord, label, records } from "#prizm/remote";

import { type Answer, type Job, accept, named, primary } from "./job.js";
import { NAMES } from "./options.js";
import { creditsOf } from "./usage.js";

/** The longest text that fits into a frame of the protocol with the words, in bytes of JSON. */
const MAX_TEXT = 5 * 1024 * 1024;

/** How much of the answer the words may be, in characters of JSON. */
const MAX_WORDS = 1024 * 1024;

/** Writes down what is said. */
export async function listen(job: Job): Promise<Answer> {
  const { context, wire, known } = job;
  const form = new FormData();
  form.set("model_id", known.id);
  for (const [name, value] of Object.entries(named(job, NAMES.transcription))) form.set(name, String(value));
  form.set("file", await upload(job, primary(job, "audio")));
  context.report({ stage: "listening" });
  const response = await wire.post("/v1/speech-to-text", {}, form);
  const accepted = accept(job, response);
  const told = await wire.json(response);
  if (!isRecord(told) || typeof told["text"] !== "string") throw lost("ElevenLabs's answer has no text");
  const text = cut(told["text"], told["text"].length);
  if (Buffer.byteLength(JSON.stringify(text)) > MAX_TEXT) throw lost(`the text has more than ${MAX_TEXT} bytes`);
  const { words, left } = wordsOf(told["words"]);
  const language = label(told["language_code"], 20);
  const meta = {
    ...accepted,
    ...(language !== undefined && { language }),
    ...share("languageProbability", told["language_probability"]),
    ...(words.length > 0 && { words }),
    ...(left > 0 && { warnings: [`${left} words at the end are not in \`meta\`: there are too many`] }),
  };
  const counts = { seconds: secondsOf(told["audio_duration_secs"]), credits: creditsOf(response) };
  return { output: textMedium(text), counts, meta };
}

/** Opens a file as what is uploaded, without reading it into memory. */
async function upload({ context }: Job, media: Media): Promise<File> {
  const path = context.input(media);
  try {
    const blob = await openAsBlob(path, { type: media.mime });
    return new File([blob], path.split("/").at(-1) ?? "audio", { type: media.mime });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProviderError("InvalidMedia", `the input \`${media.path ?? ""}\` cannot be read: ${why}`);
  }
}

/** Returns the words that fit, and how many more there are; what is between words is in the text. */
function wordsOf(value: unknown): { words: Record<string, unknown>[]; left: number } {
  const all = records(value).filter(({ type }) => type !== "spacing");
  const words: Record<string, unknown>[] = [];
  let size = 0;
  for (const one of all) {
    const speaker = label(one["speaker_id"], 50);
    const word = {
      text: cut(String(one["text"] ?? ""), 200),
      ...share("start", one["start"]),
      ...share("end", one["end"]),
      ...(one["type"] === "audio_event" && { type: "event" }),
      ...(speaker !== undefined && { speaker }),
    };
    size += JSON.stringify(word).length + 1;
    if (size > MAX_WORDS) break;
    words.push(word);
  }
  return { words, left: all.length - words.length };
}

/** A number by its name, where it is one. */
function share(name: string, value: unknown): Record<string, number> {
  const number = secondsOf(value);
  return number === undefined ? {} : { [name]: number };
}

function secondsOf(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 && value < 1e9 ? value : undefined;
}

function lost(message: string): ProviderError {
  return new ProviderError("UpstreamError", message, { retryable: false, details: { charged: "yes" } });
}
