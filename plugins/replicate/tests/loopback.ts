/** The loopback of Replicate for these tests. */

import { type Entry, Vendor, serve } from "./common/loopback.js";

/** A job as the loopback took it. */
interface Submission {
  readonly id: string;
  readonly model: string;
  readonly version?: string;
  readonly input: Record<string, unknown>;
  readonly prefer?: string;
  readonly cancelAfter?: string;
}

/** What the loopback has seen. */
interface Ledger {
  readonly submissions: readonly Submission[];
  readonly cancels: readonly { id: string; told: string }[];
  readonly charges: readonly { id: string; model: string; status: string; seconds: number }[];
  readonly uploads: readonly { id: string; name: string; type: string; bytes: number; sha256: string }[];
  readonly downloads: readonly string[];
  readonly journal: readonly Entry[];
}

export class Loopback extends Vendor<Ledger> {
  static async start(): Promise<Loopback> {
    return new Loopback(await serve("replicate"));
  }

  override settings(more: object = {}): object {
    return { apiKey: "loopback-key", baseUrl: `${this.url}/v1`, pollMs: 1, modelsLifetime: 0, ...more };
  }
}
