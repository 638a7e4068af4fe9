/** The loopback of Hugging Face's router and Hub for these tests. */

import { type Entry, Vendor, serve } from "./common/loopback.js";

/** A job as the loopback took it. */
interface Submission {
  readonly id: string;
  readonly kind: string;
  readonly provider: string;
  readonly model: string;
  readonly billTo?: string;
  readonly fields?: Record<string, unknown>;
  readonly body: { readonly type: string; readonly bytes: number; readonly sha256: string };
  readonly file?: { readonly name: string; readonly type: string; readonly bytes: number };
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
    return new Loopback(await serve("huggingface"));
  }

  override settings(more: object = {}): object {
    return { apiKey: "hf_loopback-key", routerUrl: this.url, hubUrl: this.url, modelsLifetime: 0, ...more };
  }

  /** How often an operation was asked for. */
  asked(operation: string): number {
    return this.ledger.journal.filter((entry) => entry.operation === operation).length;
  }
}
