/** The official client: it speaks to the address that is configured and nowhere else, and its own retries are off. */

import OpenAI from "openai";

import { Http } from "./compatible/index.js";
import type { Settings } from "./settings.js";

/** The longest that a timer can wait: a job's own deadline comes first. */
const FOREVER = 2 ** 31 - 1;

/** HTTP as the official client is given it. */
export class Wire extends Http {
  readonly client: OpenAI;

  /** Requests end with the signal, where there is one. */
  constructor(settings: Settings, signal?: AbortSignal) {
    super(settings.key, signal);
    const send = (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
      const headers = new Headers(init.headers);
      if (settings.key === undefined) headers.delete("authorization");
      return this.fetch(input, { ...init, headers });
    };
    this.client = new OpenAI({
      apiKey: settings.key ?? "none",
      baseURL: settings.baseUrl,
      organization: null,
      project: null,
      maxRetries: 0,
      timeout: FOREVER,
      logLevel: "off",
      // Where it is not said which `Response` there is, the client makes a request to find out.
      fetch: Object.assign(send, { Response }),
    });
  }
}
