/** The threads that there are: each job has one to itself, and one is kept warm. */

import { type Asked, Engine, type Page, type Watch } from "./engine.js";
import { type Language, load } from "./languages.js";
import { pixelsOf } from "./page.js";

/** A picture of more pixels, or of more bytes, leaves its thread with memory that WebAssembly never gives back. */
const LEAVES_TOO_MUCH = { pixels: 8_000_000, bytes: 16 * 2 ** 20 };

/** What is to be read. */
export interface Reading {
  readonly picture: Uint8Array;
  /** How many the picture says that it has; what is read may be more. */
  readonly pixels: number;
  readonly asked: Asked;
}

export class Engines {
  readonly #start: (source: string) => Engine;
  #idle: Engine | undefined;
  readonly #busy = new Set<Engine>();

  constructor(start = (source: string) => new Engine(source)) {
    this.#start = start;
  }

  /** Reads a picture. An abort ends the thread, since what it does cannot be interrupted. */
  async read(languages: readonly Language[], reading: Reading, signal: AbortSignal, watch: Watch): Promise<Page> {
    signal.throwIfAborted();
    const engine = this.#take(languages.map(({ path }) => path).join("\n"));
    const abort = () => void engine.stop();
    signal.addEventListener("abort", abort);
    this.#busy.add(engine);
    try {
      const page = await engine.read(reading.picture, reading.asked, () => Promise.all(languages.map(load)), watch);
      if (leavesLittle(reading, page) && !signal.aborted) this.#keep(engine);
      return page;
    } catch (thrown) {
      signal.throwIfAborted();
      throw thrown;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#busy.delete(engine);
      if (engine !== this.#idle) await engine.stop();
    }
  }

  /** Ends all threads. */
  async stop(): Promise<void> {
    const all = [...this.#busy, ...(this.#idle === undefined ? [] : [this.#idle])];
    this.#idle = undefined;
    await Promise.all(all.map((engine) => engine.stop()));
  }

  #take(source: string): Engine {
    const warm = this.#idle;
    if (warm?.source === source && warm.isAlive) {
      this.#idle = undefined;
      return warm;
    }
    return this.#start(source);
  }

  /** Keeps a thread for the next job, in place of the one that was kept. */
  #keep(engine: Engine): void {
    const former = this.#idle;
    this.#idle = engine;
    void former?.stop();
  }
}

function leavesLittle({ picture, pixels }: Reading, { tsv }: Page): boolean {
  const { pixels: mostPixels, bytes: mostBytes } = LEAVES_TOO_MUCH;
  return Math.max(pixels, pixelsOf(tsv)) <= mostPixels && picture.byteLength <= mostBytes;
}
