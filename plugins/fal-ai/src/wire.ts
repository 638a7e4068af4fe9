/**
 * HTTP as the official client is given it: to the addresses that are configured, in bounded memory, and with every
 * failure as an error of ours, which the client never tries again.
 *
 * The client repeats requests to the queue three to five times, whatever its own `retry` says, and heeds no
 * `Retry-After`. It does so for errors that it knows; it knows none of these.
 */

import { type FalClient, createFalClient } from "@fal-ai/client";

import type { Settings } from "./settings.js";

/** The largest answer that is not a file, in bytes. */
const MAX_ANSWER = 32 * 1024 * 1024;

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

/** No answer, or none that could be read. */
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
]);

/** The client's own addresses, and the settings that stand for them. */
const HOSTS = [
  ["https://queue.fal.run", "queueUrl"],
  ["https://rest.fal.ai", "restUrl"],
] as const;

/** HTTP for one job, or one list of models. */
export class Wire {
  /** The headers of the last answer that was a success. */
  headers = new Headers();
  readonly #settings: Settings;
  readonly #signal: AbortSignal | undefined;
  /** Parts of a file that failed: the client would send each three times, at once. */
  readonly #given = new Map<string, Error>();

  /** Requests end with the signal, where there is one. */
  constructor(settings: Settings, signal?: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Makes the official client. */
  client(): FalClient {
    return createFalClient({
      credentials: this.#settings.key ?? "",
      fetch: this.fetch,
      suppressLocalCredentialsWarning: true,
    });
  }

  /** Does what `fetch` does, and throws where that is no success. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const asked = input instanceof Request ? input.url : String(input);
    const given = this.#given.get(asked);
    if (given !== undefined) throw given;
    try {
      const response = await this.#send(asked, init);
      this.headers = response.headers;
      return response;
    } catch (thrown) {
      const failure = this.#failure(thrown);
      if (init.method === "PUT") this.#given.set(asked, failure);
      throw failure;
    }
  };

  /** Reads JSON from the platform. */
  async json(url: URL): Promise<unknown> {
    const { key } = this.#settings;
    const headers = key === undefined ? {} : { authorization: `Key ${key}` };
    return (await this.fetch(url, { headers })).json();
  }

  async #send(asked: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const signals = [this.#signal, init.signal].filter((signal) => signal instanceof AbortSignal);
    const response = await fetch(this.#address(asked, headers), {
      ...init,
      headers,
      redirect: "manual",
      signal: signals.length === 0 ? null : AbortSignal.any(signals),
    });
    const text = await bounded(response);
    if (!response.ok) throw new HttpFailure(response.status, response.headers, parsed(text));
    // A response with one of these may have no body.
    const body = [204, 205, 304].includes(response.status) ? null : text;
    return new Response(body, { status: response.status, headers: response.headers });
  }

  /** Turns an address of fal's into the one that is set; whoever is there is told which it was. */
  #address(asked: string, headers: Headers): string {
    const found = HOSTS.find(([host]) => asked.startsWith(`${host}/`));
    if (found === undefined) return asked;
    const [host, setting] = found;
    const base = this.#settings[setting];
    if (base === host) return asked;
    headers.set("x-fal-target-host", new URL(host).host);
    return base + asked.slice(host.length);
  }

  #failure(thrown: unknown): Error {
    if (thrown instanceof HttpFailure || thrown instanceof TransportFailure) return thrown;
    const { aborted = false, reason } = this.#signal ?? {};
    if (aborted && reason instanceof Error && reason.name === "TimeoutError") {
      return new TransportFailure("there was no answer in time", true);
    }
    if (aborted) return new DOMException("the job was cancelled", "AbortError");
    const { message, code } = cause(thrown);
    return new TransportFailure(message, !NEVER_SENT.has(code));
  }
}

/** What the operating system, or Node's client, says beneath `fetch failed`. */
function cause(thrown: unknown): { message: string; code: string } {
  let { message, code } = { message: String(thrown), code: "" };
  for (let at: unknown = thrown; at instanceof Error; at = at.cause) {
    if (at.message !== "") message = at.message;
    if ("code" in at && typeof at.code === "string") code = at.code;
  }
  return { message, code };
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MAX_ANSWER) throw new TransportFailure(`the answer has more than ${MAX_ANSWER} bytes`, true);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, MAX_EXCERPT);
  }
}
