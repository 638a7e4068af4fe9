/**
 * A thread that reads pictures: tesseract.js's own worker, asked as its `createWorker` asks it.
 *
 * `createWorker` itself never settles where data cannot be loaded, and does not notice that its thread has ended.
 */

import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import { Worker } from "node:worker_threads";

import { log } from "#prizm/plugin";

/** The neural recogniser: what `OEM.LSTM_ONLY` is. */
const LSTM = 1;

/** What a thread may have in JavaScript, in MiB; pictures are in the memory of WebAssembly. */
const MOST_HEAP = 512;

/** Trained data by the code of its language, unpacked. */
export interface Trained {
  readonly code: string;
  readonly data: Uint8Array;
}

/** What is asked of a picture: Tesseract's own parameters, and in which forms the page is wanted. */
export interface Asked {
  readonly parameters: Readonly<Record<string, string>>;
  readonly hocr: boolean;
}

/** What was read, in the forms that Tesseract has. */
export interface Page {
  readonly text: string;
  readonly tsv: string;
  readonly hocr: string | null;
  readonly version: string;
}

/** Told how far a step is, from 0 to 1. */
export type Watch = (status: string, fraction: number) => void;

/** During which step a thread failed, and in which words. */
export class EngineFailure extends Error {
  override readonly name = "EngineFailure";
  /** Whether it was reading; else it was starting. */
  readonly isReading: boolean;

  constructor(message: string, isReading: boolean) {
    super(message);
    this.isReading = isReading;
  }
}

/** One thread. It does one thing at a time. */
export class Engine {
  /** Where its data comes from: who wants the same can have it. */
  readonly source: string;
  readonly #worker: Worker;
  #asked: { readonly done: (data: unknown) => void; readonly failed: (why: string) => void } | undefined;
  #watch: Watch = () => {};
  #isOpen = false;
  /** Why it is of no more use. */
  #end: string | undefined;

  constructor(source: string, script = createRequire(import.meta.url).resolve(SCRIPT)) {
    this.source = source;
    const resourceLimits = { maxOldGenerationSizeMb: MOST_HEAP };
    this.#worker = new Worker(script, { env: {}, execArgv: [], stdout: true, stderr: true, resourceLimits });
    this.#worker.on("message", (message: Message) => this.#heard(message));
    this.#worker.on("error", (error: Error) => this.#ended(error.message));
    this.#worker.on("exit", (code) => this.#ended(`the thread ended with ${code}`));
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) logged(stream);
  }

  /** Whether it can be asked once more. */
  get isAlive(): boolean {
    return this.#end === undefined;
  }

  /** Reads a picture; the first time, after it has loaded what `trained` returns. */
  async read(picture: Uint8Array, asked: Asked, trained: () => Promise<Trained[]>, watch: Watch): Promise<Page> {
    this.#watch = watch;
    try {
      await this.#open(trained);
      const output = { text: true, tsv: true, hocr: asked.hocr };
      return (await this.#ask("recognize", { image: picture, options: asked.parameters, output })) as Page;
    } finally {
      this.#watch = () => {};
    }
  }

  /** Ends the thread, whatever it does. */
  async stop(): Promise<void> {
    await this.#worker.terminate();
  }

  async #open(trained: () => Promise<Trained[]>): Promise<void> {
    if (this.#isOpen) return;
    const langs = await trained();
    await this.#ask("load", { options: { lstmOnly: true } });
    await this.#ask("loadLanguage", { langs, options: { cacheMethod: "none", gzip: false } });
    await this.#ask("initialize", { langs: langs.map(({ code }) => code).join("+"), oem: LSTM });
    this.#isOpen = true;
  }

  #ask(action: string, payload: object): Promise<unknown> {
    const failure = (why: string) => new EngineFailure(why, action === "recognize");
    if (this.#end !== undefined) return Promise.reject(failure(this.#end));
    return new Promise((resolve, reject) => {
      this.#asked = { done: resolve, failed: (why) => reject(failure(why)) };
      this.#worker.postMessage({ workerId: "ocr", jobId: action, action, payload });
    });
  }

  #heard({ jobId, status, data }: Message): void {
    if (status === "progress") return this.#progress(data);
    // It may say twice that something failed, or first that it failed and then that it did not.
    if (this.#asked === undefined || this.#end !== undefined) return;
    const asked = this.#asked;
    this.#asked = undefined;
    if (status === "resolve") return asked.done(data);
    this.#end = `it failed before, at \`${jobId}\``;
    asked.failed(String(data));
  }

  #progress(data: unknown): void {
    const { status, progress } = data as { readonly status: string; readonly progress: number };
    this.#watch(status, progress);
  }

  #ended(why: string): void {
    this.#end ??= why;
    this.#asked?.failed(why);
    this.#asked = undefined;
  }
}

/** What tesseract.js starts as a thread in Node. */
const SCRIPT = "tesseract.js/src/worker-script/node/index.js";

interface Message {
  readonly jobId: string;
  readonly status: "resolve" | "reject" | "progress";
  readonly data: unknown;
}

/** Passes on what Tesseract and its libraries print. */
function logged(stream: Readable): void {
  const tesseract = log.target("tesseract");
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    for (const line of text.split("\n")) if (line.trim() !== "") tesseract.debug(line);
  });
}
