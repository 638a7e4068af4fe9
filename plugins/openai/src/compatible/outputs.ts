/** The pictures in an answer: as base64, or where they can be had. */

import { open, rename } from "node:fs/promises";

import { type Media, ProviderError } from "#prizm/plugin";
import { download, isRecord, records, word } from "#prizm/remote";

import type { Asked } from "./inputs.js";
import { sniff } from "./sniff.js";

/** How many are taken at most. */
const MAX_OUTPUTS = 16;

/** Who asked for pictures, and of whom. */
export interface Taker extends Asked {
  readonly settings: { readonly maxOutputBytes: number; readonly baseUrl: string };
}

/** Writes the pictures of an answer into files, in their order, and no more than were asked for. */
export async function take(told: unknown, job: Taker): Promise<Media[]> {
  const count = job.request.option("count", "integer", 1);
  const found = records(isRecord(told) ? told["data"] : undefined).slice(0, Math.min(count, MAX_OUTPUTS));
  if (found.length === 0) throw lost("the server's answer has no picture");
  const taken: Media[] = [];
  for (const [index, one] of found.entries()) {
    job.context.report({ fraction: 0.9 + (0.1 * index) / found.length, stage: "saving" });
    taken.push(await takeOne(one, `image${index === 0 ? "" : `-${index + 1}`}`, job));
  }
  return taken;
}

async function takeOne(one: Record<string, unknown>, name: string, { context, settings }: Taker): Promise<Media> {
  const [data, url] = [word(one["b64_json"]), word(one["url"])];
  const bounds = { maxBytes: settings.maxOutputBytes, signal: context.signal, server: settings.baseUrl };
  // Some put the picture itself where its address belongs.
  const inline = data ?? /^data:[^,]*;base64,(.*)$/s.exec(url ?? "")?.[1];
  if (inline !== undefined) {
    const bytes = Buffer.from(inline, "base64");
    if (bytes.length > bounds.maxBytes) throw lost(`the picture has more than ${bounds.maxBytes} bytes`);
    const { mime, ending } = typeOf(bytes);
    return context.outputFile("image", mime, `${name}.${ending}`, bytes);
  }
  if (url === undefined) throw lost(`the server's answer has no picture; it has: ${Object.keys(one).join(", ")}`);
  const part = context.createOutput(`${name}.part`);
  await download(url, part, bounds);
  const { mime, ending } = typeOf(await head(part));
  const path = context.createOutput(`${name}.${ending}`);
  await rename(part, path);
  return context.output("image", mime, path);
}

function typeOf(bytes: Uint8Array): { mime: string; ending: string } {
  const type = sniff("image", bytes);
  if (type === undefined) throw lost("what the server says is a picture is none");
  return type;
}

async function head(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function lost(message: string): ProviderError {
  return new ProviderError("UpstreamError", message.slice(0, 500), { retryable: false, details: { charged: "yes" } });
}
