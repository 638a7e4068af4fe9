/** Frames on their way to the host, in bounded memory. */

import { type ProviderError, fromThrown, tooLarge } from "./error.js";
import { note } from "./log.js";
import { MAX_FRAME_BYTES, encode } from "./wire/frame.js";
import type { Charged } from "./wire/notices.js";

/** Above this many unread bytes, progress is dropped and everything else waits. */
const HIGH_WATER = 1024 * 1024;

/** Above this many, nothing that wants an answer is read. */
const FULL = 16 * HIGH_WATER;

/** The least limit that leaves room for an error that explains itself, and the largest that a host may state. */
const LEAST_LIMIT = 1024;
const MOST_LIMIT = 64 * 1024 * 1024;

/** Writes bytes, and says when they are on their way or cannot be. */
export type Write = (bytes: Buffer, done: (error?: Error | null) => void) => void;

/** What came of a request. */
export type Outcome = { readonly result: unknown } | { readonly error: ProviderError };

/** Collects frames, and writes all that have gathered at once. */
export class Outbox {
  #limit = MAX_FRAME_BYTES;
  readonly #write: Write;
  readonly #failed: (error: Error) => void;
  #frames = "";
  #bytes = 0;
  /** Bytes handed to the writer and not yet written. */
  #inWriting = 0;
  #isScheduled = false;
  #waiting: (() => void)[] = [];
  /** Called whenever there is more room than before. */
  onWritten = () => {};

  constructor(write: Write, failed: (error: Error) => void) {
    this.#write = write;
    this.#failed = failed;
  }

  /** The largest frame that the host reads. */
  get limit(): number {
    return this.#limit;
  }

  set limit(bytes: number) {
    this.#limit = Math.min(Math.max(bytes, LEAST_LIMIT), MOST_LIMIT);
  }

  get hasRoom(): boolean {
    return this.#unwritten < HIGH_WATER;
  }

  /** Whether answers to what is read next can be kept. */
  get hasRoomForAnswers(): boolean {
    return this.#unwritten < FULL;
  }

  get isDrained(): boolean {
    return this.#unwritten === 0;
  }

  get #unwritten(): number {
    return this.#bytes + this.#inWriting;
  }

  /** Calls `send` as soon as the host has read enough, in the order of the calls. */
  whenRoom(send: () => void): void {
    if (this.#waiting.length === 0 && this.hasRoom) send();
    else this.#waiting.push(send);
  }

  /** Adds frames that {@link encode} made. They are written together, in this order. */
  push(frames: string): void {
    this.#frames += frames;
    this.#bytes += Buffer.byteLength(frames);
    if (this.#isScheduled || this.#inWriting > 0) return;
    this.#isScheduled = true;
    // After everything else that is ready now, so that its frames leave with these.
    process.nextTick(() => this.#flush());
  }

  /** Adds a notification, unless it is over the limit. */
  send(method: string, params: object): void {
    const frame = this.encode(method, params);
    if (frame !== undefined) this.push(frame);
  }

  /** Makes a notification's frame; none, with a line on stderr, where it is over the limit. */
  encode(method: string, params: object): string | undefined {
    const frame = encode({ jsonrpc: "2.0", method, params });
    if (this.#isWithin(frame)) return frame;
    note(`dropped a \`${method}\` of ${sizeOf(frame)} bytes; the host reads ${this.#limit}`);
    return undefined;
  }

  /** Makes an answer's frame; what is over the limit becomes an error that says so. */
  encodeAnswer(id: number, outcome: Outcome, charged?: Charged): string {
    let error: ProviderError;
    try {
      const frame = encode(
        "error" in outcome
          ? { jsonrpc: "2.0", id, error: outcome.error.toWire(charged) }
          : { jsonrpc: "2.0", id, result: outcome.result },
      );
      if (this.#isWithin(frame)) return frame;
      error = tooLarge("the answer", sizeOf(frame), this.#limit);
    } catch (thrown) {
      const { message } = fromThrown(thrown);
      error = fromThrown(new Error(`the answer cannot be written as JSON: ${message.split("\n", 1)[0]}`));
    }
    return encode({ jsonrpc: "2.0", id, error: error.toWire(charged) });
  }

  /** Whether the host reads a frame; of most that is plain without counting: a character has three bytes at most. */
  #isWithin(frame: string): boolean {
    return frame.length * 3 <= this.#limit || sizeOf(frame) <= this.#limit;
  }

  #flush(): void {
    this.#isScheduled = false;
    const bytes = Buffer.from(this.#frames);
    this.#frames = "";
    this.#bytes = 0;
    this.#inWriting = bytes.length;
    this.#write(bytes, (error) => {
      if (error) return this.#failed(error);
      this.#inWriting = 0;
      while (this.#waiting.length > 0 && this.hasRoom) this.#waiting.shift()?.();
      if (this.#bytes > 0 && !this.#isScheduled) this.#flush();
      this.onWritten();
    });
  }
}

/** A frame's size without its line ends. */
function sizeOf(frame: string): number {
  return Buffer.byteLength(frame) - 2;
}
