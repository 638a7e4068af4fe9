/** Runs an author's code so that it always ends in exactly one answer. */

import { ProviderError, cancelled, fromThrown } from "./error.js";
import type { Job } from "./job.js";
import { note, noteThrown } from "./log.js";
import type { Outcome } from "./outbox.js";

/** A session with more than this unanswered reads no further until there is less. */
const MOST_REQUESTS = 4096;
const MOST_BYTES = 64 * 1024 * 1024;

/** How long cancelled work may take to settle before it is answered without it, in milliseconds. */
const CANCEL_GRACE = 3000;

/** The longest that a timer of Node's can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** The requests that wait for an answer. */
export class Requests {
  readonly #byId = new Map<number, Reply>();
  #bytes = 0;
  #idle: (() => void)[] = [];
  /** Told of every error that was answered. */
  readonly #remember: (error: ProviderError) => void;
  /** One timer for all deadlines: most jobs end long before theirs. */
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Infinity;

  constructor(remember: (error: ProviderError) => void) {
    this.#remember = remember;
  }

  get hasRoom(): boolean {
    return this.#byId.size < MOST_REQUESTS && this.#bytes < MOST_BYTES;
  }

  /** Adds a request of `bytes`; none, with a line on stderr, where one with its id still waits. */
  open(job: Job, bytes: number, isShutdown = false): Reply | undefined {
    if (this.#byId.has(job.id)) {
      // An answer would be taken for that of the first.
      note(`ignored a second request with the id ${job.id} of one that runs`);
      return undefined;
    }
    const reply = new Reply(job, isShutdown, (error) => {
      if (error !== undefined) this.#remember(error);
      this.#byId.delete(job.id);
      this.#bytes -= bytes;
      // It waits for nobody, and must not keep the process, as it would that of a test.
      if (this.#byId.size === 0) this.#timer?.unref();
      if (this.#isIdle) this.#idle.splice(0).forEach((call) => call());
    });
    this.#byId.set(job.id, reply);
    this.#bytes += bytes;
    if (job.deadline !== undefined) this.#wakeAt(job.deadline);
    return reply;
  }

  #wakeAt(deadline: number): void {
    if (deadline >= this.#wakesAt) {
      this.#timer?.ref();
      return;
    }
    clearTimeout(this.#timer);
    this.#wakesAt = deadline;
    // Of a longer time a timer makes none at all.
    this.#timer = setTimeout(() => this.#wake(), Math.min(Math.max(0, deadline - Date.now()), LONGEST));
  }

  #wake(): void {
    this.#wakesAt = Infinity;
    const now = Date.now();
    for (const reply of [...this.#byId.values()]) {
      const { deadline } = reply.job;
      if (deadline === undefined) continue;
      if (deadline > now) this.#wakeAt(deadline);
      else reply.overdue();
    }
  }

  cancel(id: number): void {
    this.#byId.get(id)?.cancel();
  }

  /** Cancels all work. The session's own end is no work. */
  cancelAll(): void {
    for (const reply of [...this.#byId.values()]) if (!reply.isShutdown) reply.cancel();
  }

  /** Drops everything: nobody listens any more. */
  abandonAll(): void {
    clearTimeout(this.#timer);
    for (const reply of this.#byId.values()) reply.abandon();
    this.#byId.clear();
  }

  /** Resolves once no work is left. */
  async idle(): Promise<void> {
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  get #isIdle(): boolean {
    for (const reply of this.#byId.values()) if (!reply.isShutdown) return false;
    return true;
  }
}

/** A request's work and its one answer. */
export class Reply {
  readonly job: Job;
  /** Whether it ends the session. */
  readonly isShutdown: boolean;
  readonly #answered: (error: ProviderError | undefined) => void;
  #isRunning = false;
  #isSettled = false;
  /** Set while cancelled work has its time. */
  #patience: NodeJS.Timeout | undefined;
  /** Called once, when it is decided what the answer is. */
  onSettled = () => {};

  constructor(job: Job, isShutdown: boolean, answered: (error: ProviderError | undefined) => void) {
    this.job = job;
    this.isShutdown = isShutdown;
    this.#answered = answered;
  }

  /** Runs the work. It may have been answered before its turn came. */
  run(work: () => unknown): void {
    if (this.#isSettled) return;
    this.#isRunning = true;
    try {
      const given = work();
      if (!isPromise(given)) return this.#settle({ result: given });
      given.then(
        (result) => this.#settle({ result }),
        (thrown: unknown) => this.#fail(thrown),
      );
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** Tells the work that nobody wants it any more, and answers once it has had its time. */
  cancel(): void {
    if (this.#isSettled || this.job.isCancelled) return;
    this.job.cancel();
    if (!this.#isRunning) return this.#settle({ error: cancelled() });
    this.#patience = setTimeout(() => this.#settle({ error: cancelled() }), CANCEL_GRACE);
  }

  /** Ends the work without an answer. */
  abandon(): void {
    clearTimeout(this.#patience);
    this.#isSettled = true;
    this.job.close();
    this.job.cancel();
  }

  /** Ends the work: its deadline has passed. */
  overdue(): void {
    if (this.#isSettled) return;
    const message = "the job's deadline has passed";
    this.job.cancel(new DOMException(message, "TimeoutError"));
    this.#settle({ error: new ProviderError("DeadlineExceeded", message) });
  }

  #fail(thrown: unknown): void {
    // What fails after a cancellation most likely fails because of it.
    if (this.job.isCancelled) return this.#settle({ error: cancelled() });
    if (!(thrown instanceof ProviderError)) noteThrown("the provider failed", thrown);
    this.#settle({ error: fromThrown(thrown) });
  }

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#patience);
    this.onSettled();
    this.job.outbox.whenRoom(() => this.#answer(outcome));
  }

  #answer(outcome: Outcome): void {
    const { id, outbox } = this.job;
    const { frames, accepted } = this.job.close();
    this.#answered("error" in outcome ? outcome.error : undefined);
    outbox.push(frames + outbox.encodeAnswer(id, outcome, accepted));
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Whose turn it is: so many run at once, and the others wait in order. */
export class Turns {
  readonly #most: number;
  readonly #holders = new Set<object>();
  /** What begins once its turn has come. */
  readonly #waiting = new Map<object, () => void>();

  constructor(most: number) {
    this.#most = most;
  }

  get active(): number {
    return this.#holders.size;
  }

  get queued(): number {
    return this.#waiting.size;
  }

  /** Calls `begin` when it is this one's turn. */
  take(one: object, begin: () => void): void {
    if (this.#holders.size >= this.#most) {
      this.#waiting.set(one, begin);
      return;
    }
    this.#holders.add(one);
    begin();
  }

  /** Gives up a turn, or the wait for it; the next one has it then. */
  leave(one: object): void {
    if (this.#waiting.delete(one) || !this.#holders.delete(one)) return;
    for (const [next, begin] of this.#waiting) {
      this.#waiting.delete(next);
      this.take(next, begin);
      return;
    }
  }
}
