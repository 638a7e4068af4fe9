/** A provider that does what its input says. */

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import {
  type Config,
  type Context,
  type Model,
  type Provider,
  ProviderError,
  type Request,
  type Services,
  type Startup,
  type Transformed,
  text,
} from "../src/index.js";

export class Lab implements Provider {
  readonly id = "lab";
  readonly version = "1.0.0";
  readonly models: readonly Model[] = [
    { id: "lab", capabilities: ["text-to-text", "x-test/files"] },
    { id: "labrador", capabilities: ["image-to-text"] },
  ];
  readonly maxInFlight: number;
  readonly needsConfiguration: boolean;
  /** What the lab did, for the test to see. */
  readonly seen = { begun: 0, aborted: 0, chunks: 0, shutDown: false };

  #burstIsOver = () => {};
  /** Settles once a burst of progress is over. */
  readonly burst = new Promise<void>((resolve) => {
    this.#burstIsOver = resolve;
  });

  constructor(maxInFlight = 1, needsConfiguration = false) {
    this.maxInFlight = maxInFlight;
    this.needsConfiguration = needsConfiguration;
  }

  async transform(request: Request, context: Context): Promise<Transformed> {
    this.seen.begun += 1;
    if (request.capability === "x-test/files") return files(request, context);
    const whole = request.text();
    const [what = "", argument = "0"] = whole.split(" ");
    const number = Number(argument) || 0;
    const action = this.#actions[what];
    return ((await action?.(number, request, context)) ?? text(whole)) as Transformed;
  }

  async configure(config: Config, services: Services, startup: Startup): Promise<void> {
    startup.stage("loading", 0.5);
    startup.stage("loading", 0.6);
    startup.stage("warming");
    if (config.setting("slow", "boolean") === true) await sleep(60_000, undefined, { signal: startup.signal });
    if (config.setting("apiKey", "integer") === undefined) {
      throw new ProviderError("NotConfigured", "`apiKey` is missing");
    }
    if (config.setting("backend", "string", "") !== "") services.endpoint(config.setting("backend", "string", ""), "api");
  }

  async discoverModels(): Promise<readonly Model[]> {
    return [{ id: "lab-2", capabilities: ["text-to-text"] }];
  }

  async shutdown(): Promise<void> {
    this.seen.shutDown = true;
  }

  readonly #actions: Record<string, (number: number, request: Request, context: Context) => unknown> = {
    sleep: (number, _, { signal }) => sleep(number, undefined, { signal }),
    wait: async (_, __, { signal }) => {
      await this.#aborted(signal);
      signal.throwIfAborted();
    },
    "finish-anyway": (_, __, { signal }) => this.#aborted(signal),
    "fail-after-cancel": async (_, __, { signal }) => {
      await this.#aborted(signal);
      throw new ProviderError("UpstreamError", "the child was killed");
    },
    "throw-after-cancel": async (_, __, { signal }) => {
      await this.#aborted(signal);
      throw new Error("the pipe broke");
    },
    ignore: () => new Promise(() => {}),
    throw: (number) => {
      throw new Error(`the lab blew up at ${number}`);
    },
    "throw-later": async () => {
      await sleep(1);
      throw new RangeError("later");
    },
    "throw-text": () => Promise.reject("just text"),
    "full-disk": () => Promise.reject(Object.assign(new Error("no space left"), { code: "ENOSPC" })),
    huge: (number) => text("x".repeat(number)),
    many: (number) => Array.from({ length: number }, (_, index) => text(String(index))),
    meta: () => ({ outputs: [text("x")], usage: { cost: "0.5", currency: "EUR", tokens: 7 }, meta: { seed: 1 } }),
    nonsense: () => ({ kind: "smell", mime: "x/y" }),
    number: () => 5,
    circle: () => {
      const meta: Record<string, unknown> = {};
      meta["self"] = meta;
      return { outputs: [], meta };
    },
    half: () => text("\ud83e"),
    chunks: async (number, _, context) => {
      for (let chunk = 0; chunk < number; chunk += 1) {
        await context.chunkText(`${chunk} ${"c".repeat(64 * 1024)}`);
        this.seen.chunks += 1;
      }
    },
    "chunks-at-once": (number, _, context) => {
      for (let chunk = 0; chunk < number; chunk += 1) void context.chunkText(`${chunk} ${"c".repeat(64 * 1024)}`);
    },
    "chunk-characters": async (_, request, context) => {
      for (const unit of request.text().split("")) await context.chunkText(unit);
    },
    "accept-and-fail": (_, __, context) => {
      context.accepted("remote-7", "yes");
      context.accepted("remote-8", "no");
      throw new ProviderError("UpstreamError", "it broke");
    },
    "accept-and-fail-free": (_, __, context) => {
      context.accepted("remote-7", "unknown");
      throw new ProviderError("UpstreamError", "it broke", { details: { charged: "no" } });
    },
    "accept-and-huge": (number, __, context) => {
      context.accepted("remote-7", "yes");
      throw new Error("y".repeat(number));
    },
    option: (_, request) => text(String(request.option("steps", "integer", 7))),
    deadline: (_, __, { jobId, deadline }) => text(`${jobId} ${deadline === undefined ? "none" : deadline.getTime() - Date.now()}`),
    "progress-wild": async (_, __, { progress }) => {
      for (const fraction of [0.5, 0.25, NaN, 7, -1]) {
        progress(fraction, "wild");
        await sleep(120);
      }
    },
    "progress-burst": async (number, __, { progress }) => {
      for (let step = 0; step < number; step += 1) {
        progress(step / number, "burst");
        await sleep(1);
      }
      this.#burstIsOver();
    },
    "progress-then-sleep": async (number, __, { progress, report }) => {
      progress(0.1, "first");
      report({ fraction: 0.2, message: "held back", etaMs: 5000.4 });
      await sleep(number);
    },
    "progress-at-once": (_, __, { progress }) => {
      for (let step = 0; step < 1000; step += 1) progress(step / 1000, "at once");
    },
    "late-words": (_, __, context) => {
      setTimeout(() => {
        context.progress(0.9, "late");
        void context.chunkText("late");
        context.accepted("late", "no");
      }, 5);
    },
  };

  async #aborted(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await once(signal, "abort");
    this.seen.aborted += 1;
  }
}

async function files(request: Request, context: Context): Promise<Transformed> {
  const name = request.option("name", "string", "copy.bin");
  const bytes = await context.readInput(request.input());
  const output = await context.outputFile("image", "image/png", name, bytes);
  await context.chunkFile(context.createOutput(name));
  return output;
}
