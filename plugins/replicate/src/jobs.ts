/**
 * A job at Replicate: submitted once, looked at until it is over, cancelled where nobody wants it any more.
 *
 * Looking is repeated where a look fails; submitting never is, since nobody can tell whether a job that was sent was
 * taken. So a job that has an id is never submitted again, and one that has none is submitted once.
 */

import { setTimeout as sleep } from "node:timers/promises";

import { type Context, log } from "#prizm/plugin";
import { HttpFailure, cut } from "#prizm/remote";

import { explain, isPassing, waitOf } from "./errors.js";
import type { Entry } from "./model.js";
import { type Prediction, readPrediction } from "./prediction.js";
import type { Settings } from "./settings.js";
import { Wire } from "./wire.js";

/** How often in a row a look may fail. */
const MAX_FAILURES = 8;
/** The longest wait between two looks that fail, in milliseconds. */
const MAX_WAIT = 10_000;
/** How long the answer to a submission, besides what it waits, or to a cancellation is waited for, in milliseconds. */
const PATIENCE = 60_000;
const CANCEL_PATIENCE = 2500;
/** The bounds of a deadline that Replicate knows, in seconds. */
const LEAST_DEADLINE = 5;
const MOST_DEADLINE = 86_400;

/** What Replicate is asked for one job. */
export class Jobs {
  readonly #settings: Settings;
  readonly #context: Context;
  readonly #wire: Wire;

  constructor(settings: Settings, context: Context) {
    this.#settings = settings;
    this.#context = context;
    this.#wire = new Wire(settings, context.signal);
  }

  /** Submits a job. A cancellation does not end this: the answer is needed to cancel the job itself. */
  async submit({ name, version }: Entry, input: Record<string, unknown>): Promise<Prediction> {
    const { waitSeconds } = this.#settings;
    this.#context.signal.throwIfAborted();
    try {
      const wire = this.#steady(PATIENCE + waitSeconds * 1000);
      const headers = { ...(waitSeconds > 0 && { prefer: `wait=${waitSeconds}` }), ...this.#cancelAfter() };
      const path = version === undefined ? `/models/${name}/predictions` : "/predictions";
      const json = version === undefined ? { input } : { version, input };
      return readPrediction(await wire.ask(path, { method: "POST", headers, json }));
    } catch (thrown) {
      throw explain(thrown, "submit", "no");
    }
  }

  /** Looks at a job until it is over; `last` is what its submission told, where that was answered. */
  async wait(id: string, last?: Prediction): Promise<Prediction> {
    let seen = last ?? (await this.#look(id));
    let lines = 0;
    for (;;) {
      lines = this.#report(seen, lines);
      if (seen.isOver) return seen;
      await sleep(this.#settings.pollMs, undefined, { signal: this.#context.signal });
      seen = await this.#look(id);
    }
  }

  /** Asks Replicate to end a job. It may be over already, or unknown: then there is nothing to end. */
  async cancel(id: string): Promise<void> {
    try {
      const path = `/predictions/${encodeURIComponent(id)}/cancel`;
      const { status } = readPrediction(await this.#steady(CANCEL_PATIENCE).ask(path, { method: "POST" }));
      if (status === "succeeded")
        log.warn("the job was over before it was cancelled, and is charged", { remoteId: id });
      else log.info("Replicate was asked to cancel the job", { remoteId: id });
    } catch (thrown) {
      log.warn("the job cannot be cancelled at Replicate", { remoteId: id, why: String(thrown) });
    }
  }

  /** HTTP that a cancellation of the job does not stop. */
  #steady(patience: number): Wire {
    return new Wire(this.#settings, AbortSignal.timeout(patience));
  }

  /** Where the job has a deadline, Replicate ends it then, whatever becomes of us. */
  #cancelAfter(): Record<string, string> {
    const { deadline } = this.#context;
    if (deadline === undefined) return {};
    const seconds = Math.max(Math.ceil((deadline.getTime() - Date.now()) / 1000), LEAST_DEADLINE);
    return seconds > MOST_DEADLINE ? {} : { "cancel-after": `${seconds}s` };
  }

  /** Looks, and looks again where that fails in a way that may pass. */
  async #look(id: string): Promise<Prediction> {
    const { signal } = this.#context;
    for (let failures = 1; ; failures += 1) {
      try {
        return readPrediction(await this.#wire.ask(`/predictions/${encodeURIComponent(id)}`));
      } catch (thrown) {
        signal.throwIfAborted();
        // Of a job of which nothing can be learnt, nobody knows whether it is paid.
        if (!isPassing(thrown) || failures === MAX_FAILURES) throw explain(thrown, "status", "unknown");
        const asked = thrown instanceof HttpFailure ? waitOf(thrown) : undefined;
        const wait = Math.max(asked ?? 0, Math.min(this.#settings.pollMs * 2 ** (failures - 1), MAX_WAIT));
        log.debug(`a look at the job failed; the next one is in ${wait} ms`, { why: String(thrown) });
        await sleep(wait, undefined, { signal });
      }
    }
  }

  /** Passes on what a look showed, and returns how many lines of the log have been passed on. */
  #report({ status, isOver, lines }: Prediction, before: number): number {
    for (const line of lines.slice(before)) log.debug(line);
    const last = lines.at(-1);
    const message = last === undefined ? undefined : cut(last.trim(), 500);
    const stage = status === "starting" ? "starting" : "running";
    this.#context.report({ fraction: isOver ? 0.9 : status === "starting" ? 0 : share(lines), stage, message });
    return lines.length;
  }
}

/** How much is done by what the last bar in a log says, such as ` 40%|####      | 2/5`. */
function share(lines: readonly string[]): number {
  const percent = lines.map((line) => /(?:^|\D)(\d{1,3})%\|/.exec(line)?.[1]).findLast((found) => found !== undefined);
  return percent === undefined ? 0.05 : 0.05 + 0.85 * Math.min(Number(percent) / 100, 1);
}
