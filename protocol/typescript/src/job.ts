/** One request between its arrival and its answer: what it says meanwhile. */

import { now } from "./node.js";
import type { Outbox } from "./outbox.js";
import type { Charged, ProgressParams } from "./wire/notices.js";

/** The least time between two progress frames of a job, in milliseconds. */
const PROGRESS_INTERVAL = 100;

/** How far a job is. What is absent is not said. */
export interface Progress {
  /** From 0 to 1. It is clamped, and never falls: the host is told the highest so far. */
  readonly fraction?: number | undefined;
  /** What is being done, in a word: `queued`, `rendering`… */
  readonly stage?: string | undefined;
  /** A sentence for people. */
  readonly message?: string | undefined;
  /** Milliseconds that it will still take. */
  readonly etaMs?: number | undefined;
}

/** What is shared by the author's code, the task that runs it, and the session. */
export class Job {
  readonly id: number;
  readonly outbox: Outbox;
  jobId = "";
  jobDir: string | undefined;
  /** When an answer is of no more use, in milliseconds since the epoch. */
  deadline: number | undefined;
  #controller: AbortController | undefined;
  #reason: unknown;
  #isCancelled = false;
  #isAnswered = false;
  #seq = 0;
  #fraction: number | undefined;
  /** When the next progress frame may leave. */
  #due = 0;
  /** Progress that came too early; a later one takes its place. */
  #pending: Progress | undefined;
  #timer: NodeJS.Timeout | undefined;
  #accepted: Charged | undefined;
  /** The first half of a character whose second half is in the next chunk. */
  #half = "";

  constructor(id: number, outbox: Outbox) {
    this.id = id;
    this.outbox = outbox;
  }

  /** Aborted once nobody wants the answer any more. Made when it is first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isCancelled) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  /** Aborts the signal; without a reason, with an `AbortError`. */
  cancel(reason?: unknown): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  report(progress: Progress): void {
    if (this.#isAnswered) return;
    let { fraction } = progress;
    if (fraction !== undefined && !Number.isNaN(fraction)) {
      fraction = Math.max(this.#fraction ?? 0, Math.min(Math.max(fraction, 0), 1));
      this.#fraction = fraction;
    } else {
      fraction = undefined;
    }
    this.#pending = { ...progress, fraction };
    if (now() >= this.#due && this.outbox.hasRoom) this.#sendPending();
    else this.#hold();
  }

  /** Sends progress that was held back, as soon as it may leave. */
  #hold(): void {
    if (this.#timer !== undefined) return;
    const later = () => this.outbox.whenRoom(() => {
      this.#timer = undefined;
      if (!this.#isAnswered) this.#sendPending();
    });
    this.#timer = setTimeout(later, Math.max(0, this.#due - now()));
  }

  #sendPending(): void {
    const frame = this.#progressFrame();
    if (frame === undefined) return;
    this.#due = now() + PROGRESS_INTERVAL;
    this.outbox.push(frame);
  }

  #progressFrame(): string | undefined {
    const progress = this.#pending;
    if (progress === undefined) return undefined;
    this.#pending = undefined;
    this.#seq += 1;
    const params: ProgressParams = { id: this.id, seq: this.#seq };
    if (progress.fraction !== undefined) params.fraction = progress.fraction;
    if (progress.stage !== undefined) params.stage = progress.stage;
    if (progress.message !== undefined) params.message = progress.message;
    if (progress.etaMs !== undefined) params.etaMs = Math.max(0, Math.round(progress.etaMs)) || 0;
    return this.outbox.encode("$/progress", params);
  }

  /** Sends a piece of text, in frames that the host reads; resolves once it has been taken. */
  chunkText(text: string): Promise<void> {
    // A character takes six bytes at most in JSON; what remains is for the rest of the frame.
    const most = Math.floor(this.outbox.limit / 8);
    let rest = this.#half + text;
    this.#half = "";
    let taken = Promise.resolve();
    while (rest !== "") {
      let end = Math.min(most, rest.length);
      if (isFirstHalf(rest.charCodeAt(end - 1))) end -= 1;
      if (end === 0) {
        this.#half = rest;
        break;
      }
      taken = this.chunk({ text: rest.slice(0, end) });
      rest = rest.slice(end);
    }
    return taken;
  }

  /** Sends a part of the result; resolves once the host has read enough for it to be taken. */
  chunk(part: { readonly text: string } | { readonly path: string }): Promise<void> {
    const { promise, resolve } = deferred();
    this.outbox.whenRoom(() => {
      if (!this.#isAnswered) {
        this.#seq += 1;
        this.outbox.send("$/chunk", { id: this.id, seq: this.#seq, ...part });
      }
      resolve();
    });
    return promise;
  }

  accept(remoteId: string, charged: Charged): void {
    if (this.#isAnswered || this.#accepted !== undefined) return;
    this.#accepted = charged;
    this.outbox.send("$/accepted", { id: this.id, remoteId, charged });
  }

  /** Sends a notification that belongs to this request, unless it has been answered or the host does not read. */
  notify(method: string, params: object): void {
    if (!this.#isAnswered && this.outbox.hasRoom) this.outbox.send(method, params);
  }

  /**
   * Ends the job: nothing is sent for it afterwards but what is returned, the frames that are due before
   * the answer. Also returns what {@link accept} was told.
   */
  close(): { readonly frames: string; readonly accepted: Charged | undefined } {
    const frames = this.#progressFrame() ?? "";
    this.#isAnswered = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    return { frames, accepted: this.#accepted };
  }
}

/** Whether a code unit is the first half of a character that has two. */
function isFirstHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((resolved) => {
    resolve = resolved;
  });
  return { promise, resolve };
}
