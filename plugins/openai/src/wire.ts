/**
 * HTTP as the official client is given it: to the address that is configured and nowhere else, in bounded memory, and
 * with every failure as an error of ours. Nothing is sent twice: the client's own retries are off.
 */

import OpenAI from "openai";

import type { Settings } from "./settings.js";

/** The largest answer that is no file, in bytes. */
const MAX_ANSWER = 32 * 1024 * 1024;

/** How many characters of a body that is no JSON are kept. */
const MAX_EXCERPT = 2000;

/** The longest that a timer can wait: a job's own deadline comes first. */
const FOREVER = 2 ** 31 - 1;

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
]);

/** HTTP for one job, or one list of models. */
export class Wire {
  readonly client: OpenAI;
  readonly #settings: Settings;
  readonly #signal: AbortSignal | undefined;
  /** What went wrong, before the client wrapped it. */
  #failure: Error | undefined;

  /** Requests end with the signal, where there is one. */
  constructor(settings: Settings, signal?: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
    this.client = new OpenAI({
      apiKey: settings.key ?? "none",
      baseURL: settings.baseUrl,
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: FOREVER,
      logLevel: "off",
      // Where it is not said which `Response` there is, the client makes a request to find out.
      fetch: Object.assign(this.#fetch, { Response }),
    });
  }

  /** Returns what went wrong, of whatever was thrown. */
  failure(thrown: unknown): unknown {
    if (this.#signal?.aborted === true) return this.#signal.reason;
    return this.#failure ?? thrown;
  }

  /** Reads an answer of JSON. */
  async json(response: Response, most = MAX_ANSWER): Promise<unknown> {
    const text = (await this.bytes(response, most)).toString();
    try {
      return JSON.parse(text);
    } catch {
      const shown = text.trim().slice(0, 100);
      throw this.#failed(new TransportFailure(`the answer is no JSON; it begins with \`${shown}\``, true));
    }
  }

  /** Reads an answer whole. */
  async bytes(response: Response, most = MAX_ANSWER): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of this.parts(response)) {
      size += part.length;
      if (size > most) throw this.#failed(new TransportFailure(`the answer has more than ${most} bytes`, true));
      parts.push(part);
    }
    return Buffer.concat(parts);
  }

  /** Reads an answer as it comes. */
  async *parts(response: Response): AsyncGenerator<Uint8Array> {
    try {
      for await (const part of response.body ?? []) yield part as Uint8Array;
    } catch (thrown) {
      throw this.#failed(transport(thrown, true));
    }
  }

  readonly #fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (this.#settings.key === undefined) headers.delete("authorization");
    const signals = [this.#signal, init.signal].filter((signal) => signal instanceof AbortSignal);
    let response: Response;
    try {
      response = await fetch(input, { ...init, headers, redirect: "manual", signal: AbortSignal.any(signals) });
    } catch (thrown) {
      throw this.#failed(transport(thrown, false));
    }
    if (response.ok) return response;
    const text = (await this.bytes(response)).toString();
    throw this.#failed(new HttpFailure(response.status, response.headers, parsed(text)));
  };

  #failed<E extends Error>(failure: E): E {
    this.#failure ??= failure;
    return failure;
  }
}

/** What the operating system, or Node's client, says beneath `fetch failed`. */
function transport(thrown: unknown, hasAnswer: boolean): TransportFailure {
  let { message, code } = { message: String(thrown), code: "" };
  for (let at: unknown = thrown; at instanceof Error; at = at.cause) {
    if (at.message !== "") message = at.message;
    if ("code" in at && typeof at.code === "string") code = at.code;
  }
  return new TransportFailure(message, hasAnswer || !NEVER_SENT.has(code));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.trim().slice(0, MAX_EXCERPT);
  }
}
