/**
 * A job in fal's queue: submitted once, looked at until it is over, cancelled where nobody wants it any more.
 *
 * Looking is repeated where a look fails; submitting never is, since nobody can tell whether a job that was sent was
 * taken. So a job that has an id is never submitted again, and one that has none is submitted once.
 */

import { setTimeout as sleep } from "node:timers/promises";

import type { FalClient, QueueStatus } from "@fal-ai/client";

import { type Context, ProviderError, log } from "#prizm/plugin";
import { HttpFailure, TransportFailure, isRecord, retryAfter } from "#prizm/remote";

import { explain, isPassing, isTold } from "./errors.js";
import type { Settings } from "./settings.js";
import { Wire } from "./wire.js";

/** How often in a row a look may fail. */
const MAX_FAILURES = 8;
/** The longest wait between two looks, in milliseconds. */
const MAX_WAIT = 10_000;
/** How long the answer to a submission, or to a cancellation, is waited for, in milliseconds. */
const PATIENCE = 60_000;
const CANCEL_PATIENCE = 2500;

/** What came of a job. */
export interface Result {
  readonly data: unknown;
  /** How many units fal charges, as it says. */
  readonly billableUnits: string | undefined;
}

/** The queue for one job. */
export class Queue {
  readonly #settings: Settings;
  readonly #endpoint: string;
  readonly #context: Context;
  readonly #wire: Wire;
  readonly #client: FalClient;

  constructor(settings: Settings, endpoint: string, context: Context, wire: Wire) {
    this.#settings = settings;
    this.#endpoint = endpoint;
    this.#context = context;
    this.#wire = wire;
    this.#client = wire.client();
  }

  /**
   * Submits a job and returns its id. A cancellation does not end this: the answer is needed to cancel the job
   * itself.
   */
  async submit(input: Record<string, unknown>): Promise<string> {
    const { mediaLifetime } = this.#settings;
    this.#context.signal.throwIfAborted();
    try {
      const told: unknown = await this.#steady(PATIENCE).queue.submit(this.#endpoint, {
        input,
        headers: this.#headers(),
        ...(mediaLifetime !== undefined && { storageSettings: { expiresIn: mediaLifetime } }),
        ...this.#startTimeout(),
      });
      if (isRecord(told) && typeof told["request_id"] === "string" && told["request_id"] !== "")
        return told["request_id"];
    } catch (thrown) {
      throw explain(thrown, "submit", "no");
    }
    throw new ProviderError("UpstreamError", "fal.ai took the job and gave it no id", {
      retryable: false,
      details: { charged: "unknown", step: "submit" },
    });
  }

  /** Looks at a job until it is over. */
  async wait(requestId: string): Promise<void> {
    const { pollMs } = this.#settings;
    const { signal } = this.#context;
    let lines = 0;
    for (;;) {
      const status = await this.#patiently(() => this.#look(requestId), "status");
      lines = this.#report(status, lines);
      if (status.status !== "IN_QUEUE" && status.status !== "IN_PROGRESS") return;
      await sleep(pollMs, undefined, { signal });
    }
  }

  async #look(requestId: string): Promise<QueueStatus> {
    const told: unknown = await this.#client.queue.status(this.#endpoint, { requestId, logs: true });
    // Any word but the two of a job that goes on means that it is over: the result says how.
    if (isRecord(told) && typeof told["status"] === "string") return told as unknown as QueueStatus;
    throw new TransportFailure("the status of the job makes no sense", true);
  }

  /** Fetches what came of a job that is over; a job that failed says so only here. */
  async result(requestId: string): Promise<Result> {
    const { data } = await this.#patiently(() => this.#client.queue.result(this.#endpoint, { requestId }), "result");
    return { data, billableUnits: this.#wire.headers.get("x-fal-billable-units") ?? undefined };
  }

  /** Asks fal to end a job. It may be over already, or unknown: then there is nothing to end. */
  async cancel(requestId: string): Promise<void> {
    try {
      await this.#steady(CANCEL_PATIENCE).queue.cancel(this.#endpoint, { requestId });
      log.info("fal.ai was asked to cancel the job", { requestId });
    } catch (thrown) {
      const told = thrown instanceof HttpFailure && isRecord(thrown.body) ? thrown.body["status"] : undefined;
      if (told === "ALREADY_COMPLETED")
        log.warn("the job was over before it was cancelled, and is charged", { requestId });
      else log.warn("the job cannot be cancelled at fal.ai", { requestId, why: String(told ?? thrown) });
    }
  }

  /** A client that a cancellation of the job does not stop. */
  #steady(patience: number): FalClient {
    return new Wire(this.#settings, AbortSignal.timeout(patience)).client();
  }

  #headers(): Record<string, string> {
    const { queueRetries, keepPayloads } = this.#settings;
    return {
      // The host alone decides what is tried again.
      ...(!queueRetries && { "x-fal-no-retry": "1" }),
      ...(!keepPayloads && { "x-fal-store-io": "0" }),
    };
  }

  /** Where the job has a deadline, it need not begin after it: fal then drops it, and charges nothing. */
  #startTimeout(): { startTimeout?: number } {
    const { deadline } = this.#context;
    if (deadline === undefined) return {};
    const seconds = Math.ceil((deadline.getTime() - Date.now()) / 1000);
    return seconds > 1 ? { startTimeout: seconds } : {};
  }

  /** Looks, and looks again where that fails in a way that may pass. */
  async #patiently<T>(look: () => Promise<T>, step: "status" | "result"): Promise<T> {
    const { signal } = this.#context;
    for (let failures = 1; ; failures += 1) {
      try {
        return await look();
      } catch (thrown) {
        signal.throwIfAborted();
        // A job that failed, as fal says in one of its shapes, is not charged; one of which nothing can be learnt may be.
        if (!isPassing(thrown)) throw explain(thrown, step, step === "result" && isTold(thrown) ? "no" : "unknown");
        if (failures === MAX_FAILURES) throw explain(thrown, step, "unknown");
        const asked = thrown instanceof HttpFailure ? retryAfter(thrown.headers) : undefined;
        const wait = Math.max(asked ?? 0, Math.min(this.#settings.pollMs * 2 ** (failures - 1), MAX_WAIT));
        log.debug(`a look at the job failed; the next one is in ${wait} ms`, { step, why: String(thrown) });
        await sleep(wait, undefined, { signal });
      }
    }
  }

  /** Passes on what a look showed, and returns how many lines of the log have been passed on. */
  #report(status: QueueStatus, before: number): number {
    if (status.status === "IN_QUEUE") {
      const { queue_position: position } = status;
      const message = typeof position === "number" ? `${position} ahead` : undefined;
      this.#context.report({ fraction: 0, stage: "queued", message });
      return before;
    }
    const lines = Array.isArray(status.logs) ? status.logs.map(({ message }) => this.#wire.hide(String(message))) : [];
    for (const line of lines.slice(before)) log.debug(line, { endpoint: this.#endpoint });
    const done = status.status === "COMPLETED" ? 0.9 : share(lines);
    this.#context.report({ fraction: done, stage: "running", message: lines.at(-1)?.slice(0, 500) });
    return lines.length;
  }
}

/** How much is done by what the last bar in a log says, such as ` 40%|####      | 2/5`. */
function share(lines: readonly string[]): number {
  const percent = lines.map((line) => /(?:^|\D)(\d{1,3})%\|/.exec(line)?.[1]).findLast((found) => found !== undefined);
  return percent === undefined ? 0.05 : 0.05 + 0.85 * Math.min(Number(percent) / 100, 1);
}
