/** What a provider can say and learn while it works on a job. */

import { Files } from "./files.js";
import type { Job, Progress } from "./job.js";
import { now } from "./node.js";
import type { Media, MediaKind } from "./wire/model.js";
import type { Charged } from "./wire/notices.js";

/** A job as its provider sees it. Its methods may be taken out of it: `({ progress, signal }) => …`. */
export class Context {
  readonly #job: Job;
  readonly #files: Files;

  constructor(job: Job) {
    this.#job = job;
    this.#files = new Files(job.jobDir);
  }

  /**
   * Aborted when nobody wants the answer any more: the job was cancelled, or its deadline has passed.
   * What has not settled 3 s after a cancellation is answered without it. Give it to `fetch`, to timers
   * and to children, and call `signal.throwIfAborted()` between steps.
   */
  get signal(): AbortSignal {
    return this.#job.signal;
  }

  /** When an answer is of no more use. */
  get deadline(): Date | undefined {
    const { deadline } = this.#job;
    return deadline === undefined ? undefined : new Date(deadline);
  }

  /** The job's name in logs. */
  get jobId(): string {
    return this.#job.jobId;
  }

  /** The job's own directory. It throws where there is none: every medium of the job is text. */
  get jobDir(): string {
    return this.#files.dir;
  }

  /**
   * Says how far the job is, from 0 to 1. It costs little: the host is told ten times a second at most,
   * and always of the last one before the answer.
   */
  readonly progress = (fraction: number, stage: string): void => {
    this.#job.report({ fraction, stage });
  };

  /** Says how far the job is, in full. */
  readonly report = (progress: Progress): void => {
    this.#job.report(progress);
  };

  /**
   * Sends the next piece of a text before the answer, which must stand alone without it. Resolves once
   * the host has read enough; await it, so that a slow host makes the work wait.
   */
  readonly chunkText = (text: string): Promise<void> => this.#job.chunkText(text);

  /** Sends a file of {@link createOutput} before the answer, which must stand alone without it. */
  readonly chunkFile = async (path: string): Promise<void> => {
    await this.#job.chunk({ path: this.#files.relative(path) });
  };

  /**
   * Says that a remote system has taken the job under this name, so that it is never submitted again.
   * The answer, should it be an error, repeats it. Only the first call counts.
   */
  readonly accepted = (remoteId: string, charged: Charged): void => {
    this.#job.accept(remoteId, charged);
  };

  /** Returns where an input's file is. It is read-only. */
  readonly input = (media: Media): string => this.#files.input(media);

  /** Reads an input whole: its file, or its inline text. */
  readonly readInput = (media: Media): Promise<Buffer> => this.#files.read(media);

  /**
   * Returns where to write an output of this name, such as `card.png` or `frames/1.png`; the
   * directories up to it are made. {@link output} turns the path into a medium.
   */
  readonly createOutput = (name: string): string => this.#files.create(name);

  /** Returns a file of the job's directory as a medium. */
  readonly output = (kind: MediaKind, mime: string, path: string): Media => this.#files.output(kind, mime, path);

  /** Writes an output of this name and returns it as a medium. */
  readonly outputFile = (kind: MediaKind, mime: string, name: string, bytes: Uint8Array | string): Promise<Media> =>
    this.#files.write(kind, mime, name, bytes);
}

/** The time between two lines about a stage that goes on, in milliseconds. */
const STAGE_INTERVAL = 100;

/** Tells the host how far a configuration is, so that it goes on waiting. */
export class Startup {
  readonly #job: Job;
  #last: { readonly stage: string; readonly at: number } | undefined;

  constructor(job: Job) {
    this.#job = job;
  }

  /** Aborted once the host has given up on this configuration. */
  get signal(): AbortSignal {
    return this.#job.signal;
  }

  /** Says what is being loaded and, where it is known, how far that is, from 0 to 1. */
  readonly stage = (stage: string, fraction?: number): void => {
    const at = now();
    if (this.#last?.stage === stage && at - this.#last.at < STAGE_INTERVAL) return;
    this.#last = { stage, at };
    const isKnown = fraction !== undefined && !Number.isNaN(fraction);
    this.#job.notify("$/startup", isKnown ? { stage, fraction: Math.min(Math.max(fraction, 0), 1) } : { stage });
  };
}
