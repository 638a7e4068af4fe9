/** Speaks to a provider as Prizm does, without a process. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import { type Media, type Provider, type TransformResult, serveStreams } from "#prizm/plugin";
import { type ErrorObject, LineDecoder, classify, readError } from "#prizm/plugin/wire";

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
  readonly resume?: { readonly remoteId: string };
  /** A directory of its own, where several jobs run at once. */
  readonly apart?: string;
}

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC",
  "base64",
);

const WAV = Buffer.from("RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0", "latin1");

/** The text that came of a job. */
export const said = ({ outputs }: TransformResult): string | undefined => outputs[0]?.text;

/** The pieces of it that came before. */
export const pieces = (notices: readonly Notice[]): string =>
  notices
    .filter(({ method }) => method === "$/chunk")
    .map(({ params }) => params["text"])
    .join("");

/** What is asked for where a test says nothing else. */
interface Usual {
  readonly model: string;
  readonly capability: string;
}

export class Remote {
  readonly jobDir = mkdtempSync(join(tmpdir(), "remote-"));
  readonly #toProvider = new PassThrough();
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #watching = new Set<{
    readonly wanted: (notice: Notice) => boolean;
    readonly seen: (notice: Notice) => void;
  }>();
  #notices: Notice[] = [];
  #lastId = 0;
  #bytes = "";
  readonly #ended: Promise<void>;
  readonly #usual: Usual;

  constructor(provider: Provider, usual: Usual) {
    this.#usual = usual;
    mkdirSync(join(this.jobDir, "in"));
    mkdirSync(join(this.jobDir, "out"));
    const fromProvider = new PassThrough();
    const decoder = new LineDecoder(8 * 1024 * 1024, {
      line: (line) => this.#read(line),
      oversized: (_head, size) => {
        throw new Error(`the provider wrote a frame of ${size} bytes`);
      },
    });
    fromProvider.on("data", (bytes: Buffer) => {
      this.#bytes += bytes.toString();
      decoder.feed(bytes);
    });
    this.#ended = serveStreams(provider, this.#toProvider, fromProvider);
  }

  /** Shakes hands, and returns what the provider declares. */
  async open(config: object): Promise<unknown> {
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

  /** Does a job; its text is about a red fox where nothing else is said. */
  transform(job: Job = {}, begun?: (id: number) => void): Promise<Answer> {
    const fox: Media = { kind: "text", mime: "text/plain", text: "a red fox" };
    const whole = { ...this.#usual, inputs: [fox], options: {}, ...job };
    const jobDir = join(this.jobDir, job.apart ?? "");
    mkdirSync(join(jobDir, "out"), { recursive: true });
    return this.call("transform", { ...whole, jobId: "test", jobDir }, begun);
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

  /** A picture as an input. */
  picture(role?: string): Media {
    const path = `in/${role ?? "picture"}.png`;
    writeFileSync(join(this.jobDir, path), PNG);
    return { kind: "image", mime: "image/png", path, ...(role !== undefined && { role }) };
  }

  /** A sound as an input. */
  sound(): Media {
    writeFileSync(join(this.jobDir, "in/sound.wav"), WAV);
    return { kind: "audio", mime: "audio/wav", path: "in/sound.wav" };
  }

  read(media: Media | undefined): Buffer {
    return readFileSync(join(this.jobDir, media?.path ?? "there is none"));
  }

  /** Everything that the provider wrote. */
  get written(): string {
    return this.#bytes;
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
