/** What can go wrong with HTTP, as errors that no vendor's client knows, and so never tries again. */

import { hidden } from "./redact.js";
import { cut } from "./values.js";

/** How many characters of a body that is no JSON are kept. */
const MAX_EXCERPT = 2000;

/** An answer that is no success. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  constructor(
    readonly status: number,
    readonly headers: Headers,
    /** The body: JSON where it is that. */
    readonly body: unknown,
  ) {
    super(`HTTP ${status}`);
  }
}

/** No answer, or none that could be read to its end. */
export class TransportFailure extends Error {
  override readonly name = "TransportFailure";
  constructor(
    message: string,
    /** Whether the request may have reached the server. */
    readonly mayHaveArrived: boolean,
  ) {
    super(message);
  }
}

/** Connections that were never made. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "HOSTNAME_MISMATCH",
  "INVALID_CA",
  "EPROTO",
]);

/** Words for certificates that are not trusted, and for TLS that cannot be agreed on: nothing is sent before it is. */
const NO_TLS = /^(CERT_|UNABLE_TO_|ERR_TLS_|ERR_SSL_)/;

/** What TLS says of a connection that was good, and is not any more. */
const BROKEN_TLS = /bad[ _]record[ _]mac|decrypt/i;

/** Makes a failure of what the operating system, or Node's client, says beneath `fetch failed`. */
export function transportFailure(thrown: unknown): TransportFailure {
  let { message, code } = { message: String(thrown), code: "" };
  for (let at: unknown = thrown; at instanceof Error; at = at.cause) {
    if (at.message !== "") message = at.message;
    if ("code" in at && typeof at.code === "string") code = at.code;
  }
  // Node's client refuses some ports, and says no more.
  const isUnsent = NEVER_SENT.has(code) || NO_TLS.test(code) || (code === "" && message === "bad port");
  return new TransportFailure(message, !isUnsent || BROKEN_TLS.test(`${code} ${message}`));
}

/** Reads a body whole; one that is larger is refused before it is kept. */
export async function whole(parts: Parts, most: number): Promise<Buffer> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const part of parts) {
    size += part.length;
    if (size > most) throw new TransportFailure(`the answer has more than ${most} bytes`, true);
    kept.push(part);
  }
  return Buffer.concat(kept);
}

type Parts = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Returns what a body is as JSON, or the beginning of its text; the key is hidden before anything is cut. */
export function jsonOrText(text: string, key?: string): unknown {
  try {
    return hidden(JSON.parse(text) as unknown, key);
  } catch {
    return cut(hidden(text, key).trim(), MAX_EXCERPT);
  }
}
