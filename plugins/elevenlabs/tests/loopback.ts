/** The loopback of ElevenLabs's API for these tests. */

import { type Entry, Vendor, serve } from "./common/loopback.js";

/** A job as the loopback took it. */
interface Submission {
  readonly id: string;
  readonly kind: string;
  readonly model: string;
  readonly voice?: string;
  readonly format?: string;
  readonly isStream?: boolean;
  readonly fields: Record<string, unknown>;
  readonly files?: readonly { field: string; name: string; type: string; bytes: number; sha256: string }[];
}

/** What the loopback has seen. */
interface Ledger {
  readonly submissions: readonly Submission[];
  readonly charges: readonly { id: string; model: string; credits?: number; seconds?: number }[];
  readonly closed: readonly string[];
  readonly journal: readonly Entry[];
}

export class Loopback extends Vendor<Ledger> {
  static async start(): Promise<Loopback> {
    return new Loopback(await serve("elevenlabs"));
  }

  override settings(more: object = {}): object {
    return { apiKey: "loopback-key", baseUrl: this.url, modelsLifetime: 0, ...more };
  }
}
