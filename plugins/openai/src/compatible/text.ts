/** A text as it comes: each piece is passed on, and the whole is kept. */

import { type Context, ProviderError } from "#prizm/plugin";

/** The longest text that fits into a frame of the protocol, with room for the rest of it, in characters. */
const MAX_TEXT = 2 * 1024 * 1024;

const HIGH_AT_END = /[\ud800-\udbff]$/;

export class Text {
  #text = "";
  #held = "";
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.#text === "" && this.#held === "";
  }

  /** Takes a piece. Half of a character waits for the other half. */
  async push(piece: string): Promise<void> {
    const all = this.#held + piece;
    this.#held = HIGH_AT_END.test(all) ? all.slice(-1) : "";
    await this.#pass(all.slice(0, all.length - this.#held.length));
  }

  /** Returns the whole. */
  async end(): Promise<string> {
    await this.#pass(this.#held);
    this.#held = "";
    return this.#text;
  }

  async #pass(text: string): Promise<void> {
    if (text === "") return;
    // UTF-8 has no half of a character, which JSON can escape alone; and the protocol has no U+0000.
    const clean = Buffer.from(text).toString().replaceAll("\0", "\ufffd");
    this.#text += clean;
    if (this.#text.length > MAX_TEXT) {
      const message = `the answer has more than ${MAX_TEXT} characters`;
      throw new ProviderError("UpstreamError", message, { retryable: false, details: { charged: "yes" } });
    }
    await this.#context.chunkText(clean);
  }
}
