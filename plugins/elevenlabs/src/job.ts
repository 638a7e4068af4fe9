/** A job on its way to ElevenLabs. */

import { type Context, type Media, ProviderError, type Request, type TransformResult } from "#prizm/plugin";
import { label } from "#prizm/remote";

import type { Known } from "./models.js";
import type { Settings } from "./settings.js";
import type { Counts } from "./usage.js";
import type { Wire } from "./wire.js";

export interface Job {
  readonly request: Request;
  readonly context: Context;
  readonly settings: Settings;
  readonly wire: Wire;
  readonly known: Known;
  /** Returns the id of a voice. */
  readonly voice: (wanted: string) => Promise<string>;
}

/** What came of a job. */
export interface Answer {
  readonly output: Media;
  readonly counts: Counts;
  readonly meta: NonNullable<TransformResult["meta"]>;
}

/** Returns the options by ElevenLabs's names; what is absent or null is left out. */
export function named({ request }: Job, names: Readonly<Record<string, string>>): Record<string, unknown> {
  const entries = Object.entries(names).map(([ours, theirs]) => [theirs, request.options[ours] ?? undefined] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Returns the primary input, which is of this kind. */
export function primary({ request }: Job, kind: "text" | "audio"): Media {
  const media = request.input();
  if (media.kind === kind) return media;
  throw new ProviderError("InvalidMedia", `the input is ${media.kind} (${media.mime}); ${kind} is needed`);
}

/** Returns the text of the primary input; a long one comes as a file. */
export async function textOf(job: Job): Promise<string> {
  const media = primary(job, "text");
  return media.text ?? (await job.context.readInput(media)).toString();
}

/** ElevenLabs has done it, or is at it: whatever becomes of the answer, it is not to be asked again. */
export function accept({ context, wire }: Job, { headers }: Response): { requestId?: string } {
  const requestId = label(wire.hide(headers.get("request-id")));
  context.accepted(requestId ?? context.jobId, "unknown");
  return requestId === undefined ? {} : { requestId };
}
