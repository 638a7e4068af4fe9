/**
 * Replicate's HTTP API: one request a call, in bounded memory, to the address that is set and to no other. Whatever
 * goes wrong is an error of ours, and nothing is repeated here.
 */

import { HttpFailure, TransportFailure, fetchOnce, hidden, refusal, transportFailure, whole } from "#prizm/remote";

import type { Settings } from "./settings.js";

/** The largest answer that is read, in bytes: a collection has the schemas of all its models. */
const MAX_ANSWER = 64 * 1024 * 1024;

/** Escapes of JSON: a whole character of two halves, a half of one, U+0000, or any other. */
const ESCAPES = /\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(u[dD][89a-fA-F]\w\w|u0000)|[^])/g;

/** Replaces what JSON can escape and the protocol has not, so that no answer is lost by it. */
function meant(text: string): string {
  return text.replace(ESCAPES, (escape, bad: string | undefined) => (bad === undefined ? escape : "\\ufffd"));
}

/** What is asked besides the path. */
interface Asked {
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: object;
  readonly form?: FormData;
}

/** HTTP for one job, or one list of models. */
export class Wire {
  readonly #settings: Settings;
  readonly #signal: AbortSignal | undefined;

  /** Requests end with the signal, where there is one. */
  constructor(settings: Settings, signal?: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Asks, and returns the JSON of an answer that is a success; the key is nowhere in it. */
  async ask(path: string, asked: Asked = {}): Promise<unknown> {
    try {
      return await this.#send(path, asked);
    } catch (thrown) {
      throw this.#failure(thrown);
    }
  }

  async #send(path: string, { method = "GET", headers: more, json, form }: Asked): Promise<unknown> {
    const { key, baseUrl } = this.#settings;
    const headers = new Headers({ accept: "application/json", ...more });
    if (key !== undefined) headers.set("authorization", `Bearer ${key}`);
    if (json !== undefined) headers.set("content-type", "application/json");
    const response = await fetchOnce(baseUrl + path, {
      method,
      headers,
      body: json === undefined ? (form ?? null) : JSON.stringify(json),
      redirect: "manual",
      signal: this.#signal ?? null,
    });
    if (!response.ok) throw await refusal(response, key);
    const text = (await whole(response.body ?? [], MAX_ANSWER)).toString();
    try {
      return hidden(JSON.parse(meant(text)) as unknown, key);
    } catch {
      throw new TransportFailure("the answer is no JSON", true);
    }
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
