/** The host's side of a conversation. */

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";

import { type Provider, serveStreams } from "../src/index.js";

/** A frame, as a test looks into it. */
export type Frame = Record<string, any>;

/** Longer than any wait of the SDK. */
const PATIENCE = 20_000;

export class Host {
  readonly #toPlugin = new PassThrough({ highWaterMark: 64 * 1024 });
  readonly #fromPlugin = new PassThrough({ highWaterMark: 64 * 1024 });
  readonly #chunks = this.#fromPlugin[Symbol.asyncIterator]();
  #rest = "";
  #lines: string[] = [];
  /** Settles with the session's error, or with nothing. */
  readonly ended: Promise<unknown>;
  /** Frames that came before the answer that was waited for. */
  seen: Frame[] = [];

  /** Starts a provider and says nothing. */
  constructor(provider: Provider) {
    const session = serveStreams(provider, this.#toPlugin, this.#fromPlugin);
    this.ended = session.then(() => undefined, (error: unknown) => error);
  }

  /** Starts a provider and shakes hands. */
  static async open(provider: Provider, maxFrameBytes = 8 * 1024 * 1024): Promise<Host> {
    const host = new Host(provider);
    const answer = await host.call(0, "initialize", initialize(maxFrameBytes));
    assert.equal(answer["result"]?.protocolVersion, "1.0", JSON.stringify(answer));
    return host;
  }

  /** Writes, and waits while the plugin does not read. */
  async raw(bytes: Uint8Array | string): Promise<void> {
    if (!this.#toPlugin.write(bytes)) await new Promise((resolve) => this.#toPlugin.once("drain", resolve));
  }

  request(id: number, method: string, params?: unknown): Promise<void> {
    return this.raw(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  }

  notify(method: string, params?: unknown): Promise<void> {
    return this.raw(`${JSON.stringify({ jsonrpc: "2.0", method, params })}\n`);
  }

  cancel(id: number): Promise<void> {
    return this.notify("$/cancelRequest", { id });
  }

  /** Asks the lab to do something. */
  transform(id: number, what: string): Promise<void> {
    return this.request(id, "transform", job(what));
  }

  /** Reads the next frame; `undefined` at the end. */
  async frame(): Promise<Frame | undefined> {
    while (this.#lines.length === 0) {
      const { value, done } = await inTime(this.#chunks.next(), "no frame came");
      if (done === true) return undefined;
      const lines = (this.#rest + String(value)).split("\n");
      this.#rest = lines.pop() ?? "";
      this.#lines = lines.filter((line) => line !== "");
    }
    return JSON.parse(this.#lines.shift() ?? "") as Frame;
  }

  /** Reads up to the next answer, whichever it is. */
  async answer(): Promise<Frame> {
    for (;;) {
      const frame = await this.frame();
      assert.ok(frame, "the session goes on");
      if (!("method" in frame)) return frame;
      this.seen.push(frame);
    }
  }

  async call(id: number, method: string, params?: unknown): Promise<Frame> {
    await this.request(id, method, params);
    const answer = await this.answer();
    assert.equal(answer["id"], id, JSON.stringify(answer));
    return answer;
  }

  /** Shows that the session lives, and that nothing else was waiting to be read. */
  async assertAlive(): Promise<void> {
    assert.deepEqual((await this.call(999, "ping", {}))["result"], {});
  }

  /** Pings until something has happened. */
  async until(happened: () => boolean): Promise<void> {
    const begun = Date.now();
    while (!happened()) {
      assert.ok(Date.now() - begun < PATIENCE, "it never happened");
      await this.assertAlive();
    }
  }

  async health(): Promise<Frame> {
    return (await this.call(998, "health", {}))["result"] as Frame;
  }

  /** Closes the plugin's stdin. */
  hangUp(): void {
    this.#toPlugin.end();
  }

  /** Waits for the session to end; returns the frames that it still said. */
  async rest(): Promise<Frame[]> {
    assert.equal(await inTime(this.ended, "the session did not end"), undefined);
    const frames = [];
    for (let frame = await this.frame(); frame !== undefined; frame = await this.frame()) frames.push(frame);
    return frames;
  }
}

export async function inTime<T>(promise: Promise<T>, late: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), PATIENCE);
  });
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
  }
}

export function initialize(maxFrameBytes = 8 * 1024 * 1024): Frame {
  return {
    protocolVersions: ["9.0", "1.0"],
    host: { name: "test", version: "0" },
    limits: { maxFrameBytes, maxInFlight: 64 },
    instanceId: "test-1",
  };
}

export function job(what: string): Frame {
  return {
    model: "lab",
    capability: "text-to-text",
    inputs: [{ kind: "text", mime: "text/plain", text: what }],
    options: {},
    jobId: "job-1",
  };
}

export function textOf(answer: Frame): string {
  const text: unknown = answer["result"]?.outputs?.[0]?.text;
  assert.equal(typeof text, "string", JSON.stringify(answer));
  return text as string;
}

export function codeOf(answer: Frame): number {
  const code: unknown = answer["error"]?.code;
  assert.equal(typeof code, "number", JSON.stringify(answer));
  return code as number;
}

export function messageOf(answer: Frame): string {
  return String(answer["error"]?.message);
}
