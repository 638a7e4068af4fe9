/**
 * HTTP as the official client is given it: to the addresses that are configured, in bounded memory, and with every
 * failure as an error of ours, which the client never tries again.
 *
 * The client repeats requests to the queue three to five times, whatever its own `retry` says, and heeds no
 * `Retry-After`. It does so for errors that it knows; it knows none of these.
 */

import { type FalClient, createFalClient } from "@fal-ai/client";

import { HttpFailure, TransportFailure, fetchOnce, hidden, refusal, transportFailure, whole } from "#prizm/remote";

import type { Settings } from "./settings.js";

/** The largest answer that is not a file, in bytes. */
const MAX_ANSWER = 32 * 1024 * 1024;

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

  /** Returns what came from fal without the key. */
  hide<T>(value: T): T {
    return hidden(value, this.#settings.key);
  }

  /** Reads JSON from the platform. */
  async json(url: URL): Promise<unknown> {
    const { key } = this.#settings;
    const headers = key === undefined ? {} : { authorization: `Key ${key}` };
    return (await this.fetch(url, { headers })).json();
  }

  async #send(asked: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const signals = [this.#signal, init.signal].filter((signal) => signal instanceof AbortSignal);
    const response = await fetchOnce(this.#address(asked, headers), {
      ...init,
      headers,
      redirect: "manual",
      signal: signals.length === 0 ? null : AbortSignal.any(signals),
    });
    if (!response.ok) throw await refusal(response, this.#settings.key);
    const text = (await whole(response.body ?? [], MAX_ANSWER)).toString();
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
    return transportFailure(thrown);
  }
}
