/** What came of a job: a text, or files, which are downloaded at once, since Replicate keeps them for an hour. */

import { rename, writeFile } from "node:fs/promises";

import { type Context, type Media, type MediaKind, ProviderError, text } from "#prizm/plugin";
import { type Bounds, cut, download, isRecord, isSmall } from "#prizm/remote";

import { ENDINGS, SAME, TYPES, USUAL, ending, kindOf } from "./types.js";

/** How deep files may lie in an output. */
const MAX_DEPTH = 4;
/** How many are taken at most. */
const MAX_OUTPUTS = 64;
/** The longest text, in characters. */
const MAX_TEXT = 2 * 1024 * 1024;

/** Where models put their text, where they say more than that. */
const TEXTS = ["transcription", "text", "translation", "output", "answer", "caption", "response", "result"];

/** Takes what is of one kind, in the order of the output. */
export async function take(output: unknown, kind: MediaKind, context: Context, bounds: Bounds): Promise<Media[]> {
  if (kind === "text") {
    const said = textIn(output);
    if (said === undefined) throw lost(`Replicate's output has no text; ${described(output)}`);
    if (said.length > MAX_TEXT) throw lost(`the text has more than ${MAX_TEXT} characters`);
    return [text(said)];
  }
  const found = [...walk(output, 0)];
  const wanted = found.filter((one) => one.kind === kind);
  // Most files are named by their ending; those that nobody can tell are most likely what the model makes.
  const chosen = wanted.length === 0 ? found.filter((one) => one.kind === undefined) : wanted;
  if (chosen.length === 0) throw lost(`Replicate's output has no ${kind}; ${described(output)}`);
  const taken: Media[] = [];
  for (const [index, { url }] of chosen.slice(0, MAX_OUTPUTS).entries()) {
    context.report({ fraction: 0.9 + (0.1 * index) / chosen.length, stage: "downloading" });
    taken.push(await fetchOne(url, kind, `${kind}${index === 0 ? "" : `-${index + 1}`}`, context, bounds));
  }
  return taken;
}

/** What a model says besides its text, where that is not much. */
export function besides(output: unknown): Record<string, unknown> | undefined {
  if (!isRecord(output)) return undefined;
  const rest = Object.entries(output).filter(([name, value]) => !TEXTS.includes(name) && value !== null);
  return rest.length === 0 || !isSmall(rest) ? undefined : Object.fromEntries(rest);
}

function textIn(output: unknown): string | undefined {
  if (typeof output === "string") return output;
  if (typeof output === "number" || typeof output === "boolean") return String(output);
  if (Array.isArray(output)) {
    // Pieces of a text have their own spaces.
    if (output.every((piece) => typeof piece === "string")) return output.join("");
    const texts = output.map(textIn).filter((piece) => piece !== undefined);
    return texts.length === 0 ? undefined : texts.join("\n");
  }
  if (!isRecord(output)) return undefined;
  return TEXTS.map((name) => textIn(output[name])).find((found) => found !== undefined);
}

async function fetchOne(url: string, kind: MediaKind, name: string, context: Context, bounds: Bounds): Promise<Media> {
  const part = context.createOutput(`${name}.part`);
  const told = url.startsWith("data:") ? await inline(url, part, bounds) : await download(url, part, bounds);
  const types = [told, TYPES[ending(url)]].map((type) => SAME[type ?? ""] ?? type);
  const mime =
    types.find((type) => type !== undefined && kindOf(type) === kind) ?? USUAL[kind] ?? "application/octet-stream";
  const path = context.createOutput(`${name}.${ENDINGS.get(mime) ?? (ending(url) || "bin")}`);
  await rename(part, path);
  return context.output(kind, mime, path);
}

/** A small file may stand in the answer itself. */
async function inline(url: string, path: string, { maxBytes }: Bounds): Promise<string> {
  const [head = "", data = ""] = [url.slice(5, url.indexOf(",")), url.slice(url.indexOf(",") + 1)];
  const [type = "", ...words] = head.split(";");
  if (!words.includes("base64")) throw lost("the output's `data:` URL is not in base64");
  const bytes = Buffer.from(data, "base64");
  if (bytes.length > maxBytes)
    throw lost(`the output has more than ${maxBytes} bytes; the setting \`maxOutputBytes\` allows no more`);
  await writeFile(path, bytes);
  return type.toLowerCase();
}

function* walk(value: unknown, depth: number): Generator<{ url: string; kind: MediaKind | undefined }> {
  if (depth > MAX_DEPTH) return;
  if (typeof value === "string") {
    const type = /^data:([\w.+-]+\/[\w.+-]+)/.exec(value)?.[1]?.toLowerCase();
    if (type !== undefined) yield { url: value, kind: kindOf(type) };
    else if (/^[a-z]+:\/\//i.test(value)) yield { url: value, kind: kindOf(TYPES[ending(value)]) };
  } else if (Array.isArray(value)) {
    for (const item of value) yield* walk(item, depth + 1);
  } else if (isRecord(value)) {
    for (const inner of Object.values(value)) yield* walk(inner, depth + 1);
  }
}

function described(output: unknown): string {
  if (isRecord(output)) return cut(`it has: ${Object.keys(output).join(", ")}`, 300);
  return output === null || output === undefined
    ? "it is empty"
    : `it is ${Array.isArray(output) ? "a list" : `a ${typeof output}`}`;
}

function lost(message: string): ProviderError {
  return new ProviderError("UpstreamError", message, {
    retryable: false,
    details: { charged: "yes", step: "download" },
  });
}
