/** Where a session reads from. */

import type { OnReadOpts, Socket } from "node:net";
import type { Readable } from "node:stream";

import { fs, net, now } from "./node.js";

/** Takes what a {@link Source} reads. */
export interface Listener {
  /** Bytes, valid until this returns. */
  data(bytes: Buffer): void;
  end(): void;
  error(error: Error): void;
}

/** A stream of bytes that can be held up. */
export interface Source {
  readonly isPaused: boolean;
  /** Begins to read. */
  listen(listener: Listener): void;
  pause(): void;
  resume(): void;
}

/** Reads any stream. */
export class StreamSource implements Source {
  readonly #stream: Readable;

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  get isPaused(): boolean {
    return this.#stream.isPaused();
  }

  listen(listener: Listener): void {
    const stream = this.#stream;
    stream.on("data", (chunk: Buffer | string) => {
      listener.data(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    });
    stream.on("end", () => listener.end());
    stream.on("close", () => listener.end());
    stream.on("error", (error) => listener.error(error));
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }
}

const READ_BYTES = 64 * 1024;

/** What comes at the start: `initialize`, `configure` and the first job. */
const EARLY_CHUNKS = 3;

/** How long to wait for each of them before there is something else to do, and between two looks, in milliseconds. */
const PATIENCE = 20;
const NAP = 0.1;

/**
 * Reads a pipe that does not block. What a host says at the start is looked for in vain a few times rather
 * than waited for, because what waits, `node:net`, takes longer to load than all of that takes.
 */
export class PipeSource implements Source {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  #listener: Listener | undefined;
  #socket: Socket | undefined;
  #isPaused = false;
  #willLook = false;
  #early = 0;
  #lastRead = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  listen(listener: Listener): void {
    this.#listener = listener;
    this.#lastRead = now();
    this.#lookSoon();
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#socket === undefined) this.#lookSoon();
    else this.#socket.resume();
  }

  #lookSoon(): void {
    if (this.#willLook) return;
    this.#willLook = true;
    setImmediate(() => this.#look());
  }

  /** Reads what is there, and looks again after everything else that is ready. */
  #look(): void {
    this.#willLook = false;
    if (this.#isPaused) return;
    const length = this.#read();
    if (length === 0 || length instanceof Error) return this.#close(length || undefined);
    if (length !== undefined) {
      this.#early += 1;
      this.#lastRead = now();
      this.#listener?.data(this.#buffer.subarray(0, length));
    } else if (this.#early >= EARLY_CHUNKS || now() - this.#lastRead > PATIENCE) {
      return this.#wait();
    } else {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, NAP);
    }
    this.#lookSoon();
  }

  #read(): number | Error | undefined {
    try {
      return fs.readSync(this.#fd, this.#buffer);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EAGAIN" ? undefined : (error as Error);
    }
  }

  #close(error?: Error): void {
    if (error === undefined) this.#listener?.end();
    else this.#listener?.error(error);
  }

  /** Has Node wait for the pipe, from now on, and fill the same buffer each time: what a stream hands on costs more. */
  #wait(): void {
    const callback = (length: number) => {
      this.#listener?.data(this.#buffer.subarray(0, length));
      return !this.#isPaused;
    };
    const onread: OnReadOpts = { buffer: this.#buffer, callback };
    const options = { fd: this.#fd, readable: true, writable: false, onread };
    this.#socket = new (net().Socket)(options);
    this.#socket.on("end", () => this.#close());
    this.#socket.on("close", () => this.#close());
    this.#socket.on("error", (error) => this.#close(error));
  }
}
