/** A conversation with the host: reading it line by line, and how it ends. */

import type { Readable, Writable } from "node:stream";

import * as check from "./check.js";
import { ProviderError, tooLarge } from "./error.js";
import { note } from "./log.js";
import { Outbox, type Write } from "./outbox.js";
import type { Provider } from "./provider.js";
import { Service } from "./service.js";
import { type Source, StreamSource } from "./source.js";
import { type Message, type Params, classify, idOfTruncatedRequest } from "./wire/frame.js";
import { LineDecoder } from "./wire/lines.js";
import { readCancel } from "./wire/methods.js";

/**
 * How long what is ready may take to be written after `exit`, and after the end of stdin, when most likely
 * nobody reads it, in milliseconds.
 */
const LINGER_AFTER_EXIT = 1000;
const LINGER_AFTER_END = 100;

/**
 * Serves a provider over any two streams, such as `PassThrough`s in a test.
 *
 * Resolves when the host says `exit` or the readable ends; jobs that run are dropped then. Rejects where
 * reading or writing fails.
 */
export async function serveStreams(provider: Provider, readable: Readable, writable: Writable): Promise<void> {
  const session = new Session(provider, new StreamSource(readable), (bytes, done) => {
    writable.write(bytes, done);
  });
  writable.on("error", (error) => session.writingFailed(error));
  await session.ended;
  writable.end();
}

/** One conversation. */
export class Session {
  /** Settles when it is over. */
  readonly ended: Promise<void>;
  readonly #source: Source;
  readonly #service: Service;
  readonly #outbox: Outbox;
  readonly #decoder: LineDecoder;
  #isOver = false;
  #settle: (error?: Error) => void = () => {};
  #linger: NodeJS.Timeout | undefined;

  constructor(provider: Provider, source: Source, write: Write) {
    this.#source = source;
    this.#outbox = new Outbox(write, (error) => this.writingFailed(error));
    this.#service = new Service(provider, this.#outbox);
    this.#decoder = new LineDecoder(this.#outbox.limit, {
      line: (bytes) => this.#line(bytes),
      oversized: (head, size) => this.#oversized(head, size),
    });
    this.ended = new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.#outbox.onWritten = () => this.#written();
    this.#listen();
  }

  writingFailed(error: Error): void {
    this.#end(new Error(`cannot write to the host: ${error.message}`, { cause: error }));
  }

  #listen(): void {
    this.#source.listen({
      data: (bytes) => {
        this.#decoder.feed(bytes);
        if (!this.#hasRoom) this.#source.pause();
      },
      end: () => this.#finish(),
      error: (error) => this.#end(new Error(`cannot read from the host: ${error.message}`, { cause: error })),
    });
  }

  /** Whether another request can be taken, so that a host that does not read its answers cannot fill the memory. */
  get #hasRoom(): boolean {
    return this.#service.requests.hasRoom && this.#outbox.hasRoomForAnswers;
  }

  #written(): void {
    if (this.#linger !== undefined && this.#outbox.isDrained) return this.#end();
    if (this.#linger === undefined && this.#source.isPaused && this.#hasRoom) this.#source.resume();
  }

  /** The host is gone. A last line without an end is read, and what is ready is written. */
  #finish(): void {
    if (this.#isLeaving) return;
    this.#decoder.finish();
    if (!this.#isLeaving) this.#leave(LINGER_AFTER_END);
  }

  get #isLeaving(): boolean {
    return this.#isOver || this.#linger !== undefined;
  }

  #leave(linger: number): void {
    this.#source.pause();
    this.#linger = setTimeout(() => this.#end(), linger);
    if (this.#outbox.isDrained) this.#end();
  }

  #end(error?: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#linger);
    this.#source.pause();
    this.#service.requests.abandonAll();
    this.#settle(error);
  }

  #line(bytes: Buffer): void {
    if (this.#isLeaving) return;
    const message = classify(bytes);
    // What a line says is never shown: it may be a configuration with secrets.
    if (typeof message === "string") note(`ignored a line of ${bytes.length} bytes: ${message}`);
    else this.#message(message, bytes.length);
  }

  #message(message: Message, size: number): void {
    if (message.type === "request") {
      this.#service.request(message.id, message.method, message.params, size);
      // `initialize` changes the limit.
      this.#decoder.limit = this.#outbox.limit;
    } else if (message.type === "notification") {
      this.#notification(message.method, message.params);
    } else {
      note(`ignored an answer to no request: ${message.id}`);
    }
  }

  #notification(method: string, raw: Params): void {
    // A host of a later version may say more.
    if (method === "exit") return this.#leave(LINGER_AFTER_EXIT);
    if (method !== "$/cancelRequest") return;
    try {
      this.#service.requests.cancel(check.params(readCancel, raw).id);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      note(`ignored a \`${method}\`: ${error.message}`);
    }
  }

  #oversized(head: Buffer, size: number): void {
    if (this.#isLeaving) return;
    const { limit } = this.#outbox;
    const id = idOfTruncatedRequest(head);
    if (id === undefined) return note(`ignored a line of ${size} bytes; the limit is ${limit}`);
    this.#service.answerNow(id, { error: tooLarge("the request", size, limit) });
  }
}
