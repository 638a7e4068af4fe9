/** HTTP with the router and the Hub: both are Hugging Face's, and get the key; nobody else does. */

import { Http } from "#openai/compatible";

import type { Settings } from "./settings.js";

/** What a job sends. */
export interface Sent {
  /** Where to, beneath the router's address. */
  readonly path: string;
  readonly body: string | Blob | FormData;
  /** What the body is, where it does not say so itself. */
  readonly type?: string;
}

export class Wire extends Http {
  readonly #settings: Settings;

  /** Requests end with the signal, where there is one. */
  constructor(settings: Settings, signal?: AbortSignal) {
    super(settings.key, signal);
    this.#settings = settings;
  }

  /** Sends a job to the router: this is what costs. */
  submit({ path, body, type }: Sent): Promise<Response> {
    const headers = this.#headers();
    if (type !== undefined) headers.set("content-type", type);
    const { routerUrl, billTo } = this.#settings;
    if (billTo !== undefined) headers.set("x-hf-bill-to", billTo);
    return this.fetch(`${routerUrl}/${path}`, { method: "POST", headers, body });
  }

  /** Asks the router, or the Hub, for what costs nothing. */
  async ask(where: "router" | "hub", path: string): Promise<unknown> {
    const base = where === "router" ? this.#settings.routerUrl : this.#settings.hubUrl;
    return this.hide(await this.json(await this.fetch(`${base}/${path}`, { headers: this.#headers() })));
  }

  #headers(): Headers {
    const { key } = this.#settings;
    return new Headers(key === undefined ? {} : { authorization: `Bearer ${key}` });
  }
}

/** Writes a name, which may have slashes, as a path. */
export function segments(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

/** A body of JSON. */
export function json(path: string, value: object): Sent {
  return { path, body: JSON.stringify(value), type: "application/json" };
}
