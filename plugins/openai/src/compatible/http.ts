/**
 * HTTP for one job, or one list: in bounded memory, with every failure as an error of ours, and without the key in
 * anything that is said. Nothing is sent twice.
 */

import { HttpFailure, TransportFailure, cut, fetchOnce, hidden, refusal, transportFailure, whole } from "#prizm/remote";

/** The largest answer that is no file, in bytes. */
const MAX_ANSWER = 32 * 1024 * 1024;

/** How much is looked at of what makes no sense, in characters: a key fits, so that none is shown in part. */
const MAX_SHOWN = 64 * 1024;

export class Http {
  readonly #key: string | undefined;
  readonly #signal: AbortSignal | undefined;
  /** What went wrong, before a client wrapped it. */
  #failure: Error | undefined;

  /** Requests end with the signal, where there is one. */
  constructor(key: string | undefined, signal?: AbortSignal) {
    this.#key = key;
    this.#signal = signal;
  }

  /** Returns what went wrong, of whatever was thrown. */
  failure(thrown: unknown): unknown {
    if (this.#signal?.aborted === true) return this.#signal.reason;
    return this.#failure ?? thrown;
  }

  /** Reads an answer of JSON. */
  async json(response: Response, most = MAX_ANSWER): Promise<unknown> {
    return this.parsed(await this.bytes(this.parts(response), most));
  }

  /** Reads JSON. */
  parsed(bytes: Buffer): unknown {
    try {
      return JSON.parse(bytes.toString().replace(/^\ufeff/, ""));
    } catch {
      const shown = this.shown(bytes.subarray(0, MAX_SHOWN).toString());
      throw this.#failed(new TransportFailure(`the answer is no JSON; it begins with \`${shown}\``, true));
    }
  }

  /** Returns what can be shown of a text that makes no sense. */
  shown(text: string): string {
    return cut(this.hide(text.slice(0, MAX_SHOWN)).trim(), 100);
  }

  /** Returns what came from the server without the key. */
  hide<T>(value: T): T {
    return hidden(value, this.#key);
  }

  /** Reads an answer whole. */
  async bytes(parts: AsyncIterable<Uint8Array>, most = MAX_ANSWER): Promise<Buffer> {
    try {
      return await whole(parts, most);
    } catch (thrown) {
      throw this.#failed(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  /** Reads an answer as it comes. */
  async *parts(response: Response): AsyncGenerator<Uint8Array> {
    try {
      for await (const part of response.body ?? []) yield part as Uint8Array;
    } catch (thrown) {
      throw this.#failed(new TransportFailure(transportFailure(thrown).message, true));
    }
  }

  /** Does what `fetch` does, but follows nothing, and throws where the answer is no success. */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const signals = [this.#signal, init.signal].filter((signal) => signal instanceof AbortSignal);
    let response: Response;
    try {
      response = await fetchOnce(input, { ...init, redirect: "manual", signal: AbortSignal.any(signals) });
    } catch (thrown) {
      throw this.#failed(thrown instanceof HttpFailure ? thrown : transportFailure(thrown));
    }
    if (response.ok) return response;
    throw this.#failed(await refusal(response, this.#key));
  };

  #failed<E extends Error>(failure: E): E {
    this.#failure ??= failure;
    return failure;
  }
}
