/**
 * HTTP with ElevenLabs: to the address that is configured and nowhere else, in bounded memory, with every failure as
 * an error of ours. Nothing is sent twice, and no redirection is followed.
 */

import { TransportFailure, HttpFailure, cut, fetchOnce, hidden, refusal, transportFailure, whole } from "#prizm/remote";

import type { Settings } from "./settings.js";

/** The largest answer that is no file, in bytes: ten hours of speech have 100,000 words. */
const MAX_ANSWER = 32 * 1024 * 1024;

/** What stands behind the `?` of an address. */
type Query = Readonly<Record<string, string>>;

/** HTTP for one job, or one list. */
export class Wire {
  readonly #settings: Settings;
  readonly #signal: AbortSignal | null;

  /** Requests end with the signal, where there is one. */
  constructor(settings: Settings, signal?: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal ?? null;
  }

  /** Returns what came without the key. */
  hide<T>(value: T): T {
    return hidden(value, this.#settings.key);
  }

  async get(path: string, query: Query = {}): Promise<unknown> {
    return this.json(await this.#send(path, query, { method: "GET" }));
  }

  /** Sends a job: as a form, or as JSON. */
  post(path: string, query: Query, body: FormData | Readonly<Record<string, unknown>>): Promise<Response> {
    if (body instanceof FormData) return this.#send(path, query, { method: "POST", body });
    const headers = { "content-type": "application/json" };
    return this.#send(path, query, { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** Reads an answer of JSON; the key is nowhere in it. */
  async json(response: Response): Promise<unknown> {
    const text = (await whole(this.parts(response), MAX_ANSWER)).toString();
    try {
      return this.hide(JSON.parse(text) as unknown);
    } catch {
      const shown = cut(this.hide(text).trim(), 100);
      throw new TransportFailure(`the answer is no JSON; it begins with \`${shown}\``, true);
    }
  }

  /** Reads an answer as it comes. */
  async *parts(response: Response): AsyncGenerator<Uint8Array> {
    try {
      for await (const part of response.body ?? []) yield part as Uint8Array;
    } catch (thrown) {
      throw new TransportFailure(transportFailure(thrown).message, true);
    }
  }

  async #send(path: string, query: Query, init: RequestInit): Promise<Response> {
    const { baseUrl, key } = this.#settings;
    const headers = { ...init.headers, ...(key !== undefined && { "xi-api-key": key }) };
    const search = Object.keys(query).length === 0 ? "" : `?${new URLSearchParams(query).toString()}`;
    let response: Response;
    try {
      response = await fetchOnce(`${baseUrl}${path}${search}`, {
        ...init,
        headers,
        redirect: "manual",
        signal: this.#signal,
      });
    } catch (thrown) {
      throw thrown instanceof HttpFailure ? thrown : transportFailure(thrown);
    }
    if (response.ok) return response;
    throw await refusal(response, key);
  }
}
