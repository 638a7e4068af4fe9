/** What is done for each task: one request that costs, and never a second. */

import {
  type Answer,
  type Asked,
  type Setting,
  Text,
  accept,
  hear,
  metaOf,
  nothing,
  question,
  sniff,
  take,
} from "#openai/compatible";
import { isRecord, label, records } from "#prizm/remote";

import type { Task } from "./known.js";
import { mapped } from "./mapping.js";
import type { Settings } from "./settings.js";
import { SHAPES, type TaskName } from "./shapes.js";
import { Wire, json } from "./wire.js";

/** A job on its way to the router. */
export interface Job extends Asked {
  readonly settings: Settings;
  readonly wire: Wire;
  readonly setting: Setting;
  /** The model's name, with its route. */
  readonly model: string;
}

/** What came of a job, and from whom. */
export interface Done extends Answer {
  readonly provider: string | undefined;
}

export async function work(task: Task, job: Job): Promise<Done> {
  if (task === "conversational") return chat(job);
  const { provider, providerId } = await mapped(job.model, task, new Wire(job.settings, job.context.signal));
  const shape = SHAPES[task][provider];
  if (shape === undefined) throw new Error(`there is no shape for ${provider}`);
  const sent = await shape(job, providerId);
  job.context.report({ stage: STAGES[task] });
  const response = await job.wire.submit(sent);
  return { ...(await READ[task](job, response)), provider };
}

const STAGES = {
  "text-to-image": "painting",
  "text-to-speech": "speaking",
  "automatic-speech-recognition": "listening",
  "image-to-text": "looking",
} as const satisfies Record<TaskName, string>;

const READ: { readonly [T in TaskName]: (job: Job, response: Response) => Promise<Answer> } = {
  "text-to-image": painted,
  "text-to-speech": spoken,
  // `{"text": …}`, which chats may answer with, too.
  "automatic-speech-recognition": (job, response) => hear(response, job),
  "image-to-text": captioned,
};

async function chat(job: Job): Promise<Done> {
  const { wire, model } = job;
  const asked = await question(job, model, { maxTokens: "max_tokens", asksUsage: true });
  const response = await wire.submit(json("v1/chat/completions", asked));
  const provider = label(wire.hide(response.headers.get("x-inference-provider")));
  return { ...(await hear(response, job)), provider };
}

async function painted(job: Job, response: Response): Promise<Answer> {
  const { wire, settings, context } = job;
  accept(job, response);
  const meta = metaOf(job, response);
  if (/json/.test(response.headers.get("content-type") ?? "")) {
    // Base64 has four characters for three bytes.
    const told = await wire.json(response, Math.ceil(settings.maxOutputBytes * 1.4) + 1024 * 1024);
    const urls = isRecord(told) && Array.isArray(told["output"]) ? { data: told["output"].map((url) => ({ url })) } : told;
    const outputs = await take(urls, { ...job, settings: { ...settings, baseUrl: settings.routerUrl } });
    return { outputs, counts: { images: outputs.length }, meta };
  }
  const bytes = await wire.bytes(wire.parts(response), settings.maxOutputBytes);
  const type = sniff("image", bytes);
  if (type === undefined) throw nothing("picture", job, response);
  const output = await context.outputFile("image", type.mime, `image.${type.ending}`, bytes);
  return { outputs: [output], counts: { images: 1 }, meta };
}

async function spoken(job: Job, response: Response): Promise<Answer> {
  const { wire, settings, context } = job;
  accept(job, response);
  const bytes = await wire.bytes(wire.parts(response), settings.maxOutputBytes);
  const type = sniff("audio", bytes);
  if (type === undefined) throw nothing("audio", job, response);
  const output = await context.outputFile("audio", type.mime, `speech.${type.ending}`, bytes);
  return { outputs: [output], counts: {}, meta: metaOf(job, response) };
}

/** `{"generated_text": …}`, or a list of that. */
async function captioned(job: Job, response: Response): Promise<Answer> {
  accept(job, response);
  const told = await job.wire.json(response);
  const first = isRecord(told) ? told : records(told)[0];
  const said = first?.["generated_text"];
  if (typeof said !== "string") throw nothing("text", job, response);
  const text = new Text(job.context);
  await text.push(said);
  return { outputs: [{ kind: "text", mime: "text/plain", text: await text.end() }], counts: {}, meta: metaOf(job, response) };
}
