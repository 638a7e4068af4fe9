/** Downloads an output: in bounded memory, of bounded size, from the web alone, and without our key. */

import { createWriteStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { ProviderError } from "#prizm/plugin";

import { isNear } from "./address.js";

const MAX_REDIRECTS = 5;
/** How often a download is tried in all. */
const TRIES = 3;
/** The shortest wait before another try, in milliseconds. */
const FIRST_WAIT = 200;

/** Statuses of what was there once. */
const GONE = [403, 404, 410];

/** How a download is done. */
export interface Bounds {
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** The server that made it: where that is near, so may its outputs be. */
  readonly server: string;
}

/** Downloads into a file and returns the type that the server says. */
export async function download(url: string, path: string, bounds: Bounds): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(url, path, bounds);
    } catch (thrown) {
      bounds.signal.throwIfAborted();
      if (thrown instanceof ProviderError && thrown.data.retryable !== true) throw thrown;
      if (attempt === TRIES) throw thrown instanceof ProviderError ? thrown : broken(thrown);
      await sleep(FIRST_WAIT * 2 ** (attempt - 1), undefined, { signal: bounds.signal });
    }
  }
}

async function once(url: string, path: string, bounds: Bounds): Promise<string> {
  const { maxBytes, signal } = bounds;
  const response = await follow(url, bounds);
  const { status, body, headers } = response;
  if (!response.ok || body === null) {
    await body?.cancel();
    throw refused(status);
  }
  let size = 0;
  const counted = new Transform({
    transform(part: Buffer, _encoding, done) {
      size += part.length;
      done(size > maxBytes ? tooLarge(maxBytes) : null, part);
    },
  });
  if (Number(headers.get("content-length") ?? 0) > maxBytes) {
    await body.cancel();
    throw tooLarge(maxBytes);
  }
  await pipeline(Readable.fromWeb(body as never), counted, createWriteStream(path), { signal });
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
}

async function follow(address: string, { signal, server }: Bounds): Promise<Response> {
  let url = webAddress(address);
  for (let redirects = 0; ; redirects += 1) {
    await checkFar(url, server);
    signal.throwIfAborted();
    const response = await fetch(url, { redirect: "manual", signal });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) throw lost(`the output's address leads on more than ${MAX_REDIRECTS} times`);
    const next = webAddress(location, url);
    if (url.protocol === "https:" && next.protocol !== "https:")
      throw lost("the output's address leads from https to http");
    url = next;
  }
}

/** Refuses what is near, where the server is not. */
async function checkFar(url: URL, server: string): Promise<void> {
  if (!(await isNear(url)) || (await isNear(new URL(server)))) return;
  throw lost("the output's address is one of this machine, or of its network, where the server is not");
}

function webAddress(address: string, base?: URL): URL {
  const url = URL.canParse(address, base?.href) ? new URL(address, base) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw lost(`the output's address is none of the web's: it begins with \`${address.slice(0, 20)}\``);
}

function refused(status: number): ProviderError {
  const details = { upstreamStatus: status, step: "download", charged: "yes" };
  if (GONE.includes(status)) {
    const message = `the output is no longer there (${status})`;
    return new ProviderError("UpstreamError", message, { retryable: false, details });
  }
  return new ProviderError("UpstreamError", `the output cannot be downloaded: the status is ${status}`, {
    retryable: status >= 500 || status === 429,
    details,
  });
}

function broken(thrown: unknown): ProviderError {
  const why = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const message = `the output cannot be downloaded: ${why instanceof Error ? why.message : String(why)}`;
  return new ProviderError("UpstreamError", message, {
    retryable: true,
    details: { step: "download", charged: "yes" },
  });
}

function tooLarge(maxBytes: number): ProviderError {
  return lost(`the output has more than ${maxBytes} bytes; the setting \`maxOutputBytes\` allows no more`);
}

function lost(message: string): ProviderError {
  return new ProviderError("UpstreamError", message, {
    retryable: false,
    details: { step: "download", charged: "yes" },
  });
}
