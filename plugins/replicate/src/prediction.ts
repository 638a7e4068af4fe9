/** A prediction, which is Replicate's word for a job: what it says of itself. */

import { TransportFailure, isRecord, word } from "#prizm/remote";

export interface Prediction {
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
  /** What went wrong, where something did. */
  readonly error: string;
  readonly lines: readonly string[];
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly hasBegun: boolean;
  readonly isOver: boolean;
  /** Whether Replicate has deleted what it took and made. */
  readonly isRemoved: boolean;
}

/** An id, which goes into paths and into what hosts keep. */
const ID = /^[\x21-\x7e]{1,200}$/;

/** States of one that goes on. */
const GOING = new Set(["starting", "processing"]);

/** States of one that is over. There may come others. */
const OVER = new Set(["succeeded", "failed", "canceled", "aborted"]);

/** Reads a prediction; what is none is as good as no answer. */
export function readPrediction(told: unknown): Prediction {
  const status = isRecord(told) ? word(told["status"]) : undefined;
  const id = isRecord(told) ? word(told["id"]) : undefined;
  if (!isRecord(told) || status === undefined || id === undefined || !ID.test(id)) {
    throw new TransportFailure("the answer is no prediction", true);
  }
  const { output, error, logs, metrics } = told;
  return {
    id,
    status,
    output,
    error: typeof error === "string" ? error : isRecord(error) ? JSON.stringify(error) : "",
    // A bar in a log draws itself anew with a carriage return.
    lines: typeof logs === "string" ? logs.split(/[\r\n]+/).filter((line) => line.trim() !== "") : [],
    metrics: isRecord(metrics) ? metrics : {},
    hasBegun: word(told["started_at"]) !== undefined,
    // A state that nobody knows is the end where it has one.
    isOver: OVER.has(status) || (!GOING.has(status) && word(told["completed_at"]) !== undefined),
    isRemoved: told["data_removed"] === true,
  };
}
