/** Speaks to a provider as Prizm does, without a process. */

import { PassThrough } from "node:stream";

import { type Provider, serveStreams } from "#prizm/plugin";
import { type ErrorObject, LineDecoder, classify, readError } from "#prizm/plugin/wire";

/** What came of a request: its answer, and the notifications before it. */
export interface Answer {
  readonly result?: unknown;
  readonly error?: ErrorObject;
  readonly notices: readonly { readonly method: string; readonly params: unknown }[];
}

export class Host {
  readonly #toProvider = new PassThrough();
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #notices: { method: string; params: unknown }[] = [];
  #lastId = 0;
  /** Settles when the provider has left. */
  readonly ended: Promise<void>;

  constructor(provider: Provider) {
    const fromProvider = new PassThrough();
    const decoder = new LineDecoder(8 * 1024 * 1024, {
      line: (line) => this.#read(line),
      oversized: (_head, size) => {
        throw new Error(`the provider wrote a frame of ${size} bytes`);
      },
    });
    fromProvider.on("data", (bytes: Buffer) => decoder.feed(bytes));
    this.ended = serveStreams(provider, this.#toProvider, fromProvider);
  }

  /** Shakes hands, and returns what the provider declares. */
  async open(): Promise<unknown> {
    const host = { name: "test", version: "0" };
    const limits = { maxFrameBytes: 8 * 1024 * 1024, maxInFlight: 64 };
    const { result } = await this.call("initialize", { protocolVersions: ["1.0"], host, limits, instanceId: "test" });
    await this.call("configure", { config: {}, services: {} });
    return result;
  }

  /** Asks for something; `begun` is told the id by which it can be cancelled. */
  call(method: string, params: unknown, begun: (id: number) => void = () => {}): Promise<Answer> {
    const id = (this.#lastId += 1);
    const answer = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#write({ jsonrpc: "2.0", id, method, params });
    begun(id);
    return answer;
  }

  cancel(id: number): void {
    this.#write({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id } });
  }

  /** Leaves. */
  async close(): Promise<void> {
    await this.call("shutdown", {});
    this.#write({ jsonrpc: "2.0", method: "exit" });
    await this.ended;
  }

  #write(frame: object): void {
    this.#toProvider.write(`${JSON.stringify(frame)}\n`);
  }

  #read(line: Buffer): void {
    const message = classify(line);
    if (typeof message === "string" || message.type === "request") throw new Error(`the provider wrote: ${line.toString()}`);
    if (message.type === "notification") {
      this.#notices.push(message);
      return;
    }
    const notices = this.#notices;
    this.#notices = [];
    const answer = message.type === "result" ? { result: message.result } : { error: readError(message.error) };
    this.#waiting.get(message.id)?.({ ...answer, notices });
  }
}
