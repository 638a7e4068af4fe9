/** The loopback of fal for these tests. */

import { type Entry, Vendor, serve } from "./common/loopback.js";

/** What the loopback has seen. */
interface Ledger {
  readonly submissions: readonly {
    requestId: string;
    endpoint: string;
    input: Record<string, unknown>;
    headers: Record<string, string>;
  }[];
  readonly cancels: readonly { requestId: string; told: string }[];
  readonly charges: readonly { requestId: string; endpoint: string; units: number }[];
  readonly uploads: readonly {
    type: string;
    bytes: number;
    sha256: string;
    parts: number;
    hadKey: boolean;
    lifecycle?: string;
  }[];
  readonly downloads: readonly string[];
  readonly journal: readonly Entry[];
}

export class Loopback extends Vendor<Ledger> {
  static async start(): Promise<Loopback> {
    return new Loopback(await serve("fal"));
  }

  override settings(more: object = {}): object {
    const { url } = this;
    const addresses = { queueUrl: `${url}/queue`, restUrl: `${url}/rest`, platformUrl: `${url}/platform/v1` };
    return { apiKey: "loopback-key", pollMs: 1, modelsLifetime: 0, ...addresses, ...more };
  }
}
