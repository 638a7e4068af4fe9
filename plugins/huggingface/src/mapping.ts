/** Who serves a model for a task: the Hub tells, and it is asked before the job is sent. */

import { ProviderError } from "#prizm/plugin";
import { isRecord, records, word } from "#prizm/remote";

import { explainedBefore } from "./errors.js";
import { split } from "./known.js";
import { SHAPES, type TaskName } from "./shapes.js";
import { type Wire, segments } from "./wire.js";

/** What the Hub tells of one who serves a model. */
export interface Mapping {
  readonly provider: string;
  readonly providerId: string;
  readonly status: string;
  readonly task: string;
}

/** Reads what the Hub tells; it came as an object by provider, and may come as a list. */
export function readMapping(model: unknown): Mapping[] {
  const told = isRecord(model) ? model["inferenceProviderMapping"] : undefined;
  const all = isRecord(told)
    ? Object.entries(told).flatMap(([provider, one]) => (isRecord(one) ? [{ ...one, provider }] : []))
    : records(told);
  return all.flatMap((one: Record<string, unknown>) => {
    const [provider, providerId] = [word(one["provider"]), word(one["providerId"])];
    const [status, task] = [word(one["status"]), word(one["task"])];
    if (provider === undefined || providerId === undefined || status === undefined || task === undefined) return [];
    return [{ provider, providerId, status, task }];
  });
}

/** Whether one serves a model for a task, and can be spoken to. */
export function serves({ provider, status, task }: Mapping, wanted: TaskName): boolean {
  return status === "live" && isTask(task, wanted) && Object.hasOwn(SHAPES[wanted], provider);
}

/** Music and speech are asked for alike. */
function isTask(task: string, wanted: TaskName): boolean {
  return task === wanted || (wanted === "text-to-speech" && task === "text-to-audio");
}

/** Chooses who serves a model: whom its name says, else the first that the Hub names. */
export async function mapped(id: string, task: TaskName, wire: Wire): Promise<Mapping> {
  const { model, route } = split(id);
  let told: unknown;
  try {
    told = await wire.ask("hub", `api/models/${segments(model)}?expand%5B%5D=inferenceProviderMapping`);
  } catch (thrown) {
    throw explainedBefore(wire.failure(thrown));
  }
  const live = readMapping(told).filter(({ status }) => status === "live");
  const named = live.filter(({ provider }) => route === undefined || provider === route);
  const found = named.find((one) => serves(one, task));
  if (found !== undefined) return found;
  throw new ProviderError("ModelNotFound", refusal(id, task, named, live), { details: { charged: "no" } });
}

function refusal(id: string, task: TaskName, named: readonly Mapping[], live: readonly Mapping[]): string {
  const list = (all: readonly Mapping[]) => all.slice(0, 20).map(({ provider }) => provider.slice(0, 50)).join(", ");
  if (live.length === 0) return `no provider serves \`${id}\``;
  const first = named[0];
  if (first === undefined) return `nobody of that name serves \`${id}\`; there is: ${list(live)}`;
  const fit = named.filter((one) => isTask(one.task, task));
  if (fit.length === 0) return `\`${id}\` is for ${first.task.slice(0, 50)}, not for ${task}`;
  const spoken = Object.keys(SHAPES[task]).join(", ");
  return `\`${id}\` is served by ${list(fit)}; for ${task} only these can be asked: ${spoken}`;
}
