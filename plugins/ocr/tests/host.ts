/** Speaks to the provider as Prizm does, without a process. */

import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import { type Media, type TransformResult, serveStreams } from "#prizm/plugin";
import { type ErrorObject, LineDecoder, classify, readError } from "#prizm/plugin/wire";

import { OcrProvider } from "../src/provider.js";

export interface Notice {
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** What came of a request: its answer, and the notifications before it. */
export interface Answer {
  readonly result?: unknown;
  readonly error?: ErrorObject;
  readonly notices: readonly Notice[];
}

/** What a test says of a job. */
export interface Job {
  readonly model?: string;
  readonly capability?: string;
  readonly inputs?: readonly Media[];
  readonly options?: object;
  readonly deadlineMs?: number;
}

/** Where the pictures are; tests run in the provider's directory. */
export const FIXTURES = "tests/fixtures";

export class Host {
  readonly jobDir = mkdtempSync(join(tmpdir(), "ocr-"));
  readonly #toProvider = new PassThrough();
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #watching = new Set<{
    readonly wanted: (notice: Notice) => boolean;
    readonly seen: (notice: Notice) => void;
  }>();
  #notices: Notice[] = [];
  #lastId = 0;
  #lastPicture = 0;
  readonly #ended: Promise<void>;

  constructor(provider = new OcrProvider()) {
    mkdirSync(join(this.jobDir, "in"));
    mkdirSync(join(this.jobDir, "out"));
    const fromProvider = new PassThrough();
    const decoder = new LineDecoder(8 * 1024 * 1024, {
      line: (line) => this.#read(line),
      oversized: (_head, size) => {
        throw new Error(`the provider wrote a frame of ${size} bytes`);
      },
    });
    fromProvider.on("data", (bytes: Buffer) => decoder.feed(bytes));
    this.#ended = serveStreams(provider, this.#toProvider, fromProvider);
  }

  /** Shakes hands, and returns what the provider declares. */
  async open(config: object = {}): Promise<unknown> {
    const host = { name: "test", version: "0" };
    const limits = { maxFrameBytes: 8 * 1024 * 1024, maxInFlight: 64 };
    const { result } = await this.call("initialize", { protocolVersions: ["1.0"], host, limits, instanceId: "test" });
    const { error } = await this.configure(config);
    if (error !== undefined) throw new Error(error.message);
    return result;
  }

  configure(config: object): Promise<Answer> {
    return this.call("configure", { config, services: {} });
  }

  /** Asks for something; `begun` is told the id by which it can be cancelled. */
  call(method: string, params: unknown, begun: (id: number) => void = () => {}): Promise<Answer> {
    const id = (this.#lastId += 1);
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#write({ jsonrpc: "2.0", id, method, params });
    begun(id);
    return answer;
  }

  /** Does a job: reads `hello.png`, where nothing else is said. */
  transform(job: Job = {}, begun?: (id: number) => void): Promise<Answer> {
    const inputs = job.inputs ?? [this.fixture("hello.png")];
    const whole = { model: "tesseract", capability: "image-to-text", options: {}, ...job, inputs };
    return this.call("transform", { ...whole, jobId: "test", jobDir: this.jobDir }, begun);
  }

  /** Reads a picture with these options, and returns its text. */
  async text(picture: Media, options: object = {}): Promise<string | undefined> {
    return (await this.done({ inputs: [picture], options })).outputs[0]?.text;
  }

  /** Does a job that must succeed. */
  async done(job: Job = {}): Promise<TransformResult & { readonly notices: readonly Notice[] }> {
    const { result, error, notices } = await this.transform(job);
    if (error !== undefined) throw new Error(JSON.stringify(error));
    return { ...(result as TransformResult), notices };
  }

  /** Does a job that must fail. */
  async failed(job: Job = {}): Promise<{ code: number; message: string; data: Record<string, unknown> }> {
    const { error } = await this.transform(job);
    if (error === undefined) throw new Error("the job was done");
    return { code: error.code, message: error.message, data: (error.data ?? {}) as Record<string, unknown> };
  }

  cancel(id: number): void {
    this.#write({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id } });
  }

  /** Waits for a notification. */
  notice(wanted: (notice: Notice) => boolean): Promise<Notice> {
    return new Promise((seen) => this.#watching.add({ wanted, seen }));
  }

  /** A picture of those beside the tests. */
  fixture(name: string): Media {
    copyFileSync(join(FIXTURES, name), join(this.jobDir, "in", name));
    return { kind: "image", mime: "image/png", path: `in/${name}` };
  }

  /** A picture of these bytes. */
  picture(bytes: Uint8Array): Media {
    const path = `in/${(this.#lastPicture += 1)}`;
    writeFileSync(join(this.jobDir, path), bytes);
    return { kind: "image", mime: "image/png", path };
  }

  read(media: Media | undefined): string {
    return readFileSync(join(this.jobDir, media?.path ?? "there is none"), "utf8");
  }

  /** Leaves. */
  async close(): Promise<void> {
    await this.call("shutdown", {});
    this.#write({ jsonrpc: "2.0", method: "exit" });
    await this.#ended;
    rmSync(this.jobDir, { recursive: true });
  }

  #write(frame: object): void {
    this.#toProvider.write(`${JSON.stringify(frame)}\n`);
  }

  #read(line: Buffer): void {
    const message = classify(line);
    if (typeof message === "string" || message.type === "request")
      throw new Error(`the provider wrote: ${line.toString()}`);
    if (message.type === "notification") {
      const notice = { method: message.method, params: message.params as Record<string, unknown> };
      this.#notices.push(notice);
      for (const watch of this.#watching) if (watch.wanted(notice)) watch.seen(notice);
      return;
    }
    const notices = this.#notices;
    this.#notices = [];
    const answer = message.type === "result" ? { result: message.result } : { error: readError(message.error) };
    this.#waiting.get(message.id)?.({ ...answer, notices });
  }
}
