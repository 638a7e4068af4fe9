/** The loopback of OpenAI's API for these tests. */

import { type Entry, Vendor, serve } from "./common/loopback.js";

/** A job as the loopback took it. */
interface Submission {
  readonly id: string;
  readonly kind: string;
  readonly model: string;
  readonly fields: Record<string, unknown>;
  readonly files: readonly { field: string; name: string; type: string; bytes: number; sha256: string }[];
}

/** What the loopback has seen. */
interface Ledger {
  readonly submissions: readonly Submission[];
  readonly charges: readonly { id: string; model: string; usage: Record<string, unknown> }[];
  readonly closed: readonly string[];
  readonly downloads: readonly string[];
  readonly journal: readonly Entry[];
}

export class Loopback extends Vendor<Ledger> {
  static async start(): Promise<Loopback> {
    return new Loopback(await serve("openai"));
  }

  override settings(more: object = {}): object {
    return { apiKey: "loopback-key", baseUrl: `${this.url}/v1`, modelsLifetime: 0, ...more };
  }
}
