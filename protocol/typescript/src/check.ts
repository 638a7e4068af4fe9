/** What is checked before an author's code sees a request, and of what it gives back. */

import { ProviderError } from "./error.js";
import { path } from "./node.js";
import type { Provider, Transformed } from "./provider.js";
import { PROTOCOL_VERSION, TOO_DEEP, type Params } from "./wire/frame.js";
import { type Declaration, type InitializeParams, type TransformParams, readDeclaration } from "./wire/methods.js";
import { type Capability, type Media, type WireModel, isCapability } from "./wire/model.js";
import { Mismatch, type Reader } from "./wire/read.js";

/** Reads a method's parameters; absent and `null` are `{}`. */
export function params<T>(reader: Reader<T>, raw: Params): T {
  if (raw === TOO_DEEP) throw new ProviderError("InvalidParams", "params: nested too deep");
  try {
    return reader(raw ?? {});
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    if (error.place === "") throw new ProviderError("InvalidParams", `params: ${error.message}`);
    throw wrongParam(error.place, error.message);
  }
}

function wrongParam(place: string, what: string): ProviderError {
  const param = place.slice(0, 200);
  return new ProviderError("InvalidParams", `\`${param}\`: ${what}`, { details: { param } });
}

/** Reads what the author's code gave back; `what` names it. */
export function given<T>(what: string, reader: Reader<T>, value: unknown): T {
  try {
    return reader(value);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const at = error.place === "" ? "" : `\`${error.place}\`: `;
    throw new ProviderError("InternalError", `the provider's ${what} is wrong: ${at}${error.message}`);
  }
}

export function version(params: InitializeParams): void {
  if (params.protocolVersions.includes(PROTOCOL_VERSION)) return;
  const offered = params.protocolVersions.join(", ").slice(0, 200);
  const message = `this provider speaks protocol ${PROTOCOL_VERSION}, the host only ${offered}. Update the older of the two`;
  throw new ProviderError("UnsupportedProtocolVersion", message, { details: { supported: [PROTOCOL_VERSION] } });
}

/** Says of a provider what the wire wants to know. The SDK answers pings and cancellations, and declares so. */
export function declaration(provider: Provider): Declaration {
  const { id, name, version, type, models, maxInFlight = 1, configSchema, dataPolicy } = provider;
  const capabilities = new Set([...models.flatMap((model) => model.capabilities), ...(provider.capabilities ?? [])]);
  return given("declaration", readDeclaration, {
    protocolVersion: PROTOCOL_VERSION,
    provider: { id, name, version, type },
    capabilities: [...capabilities],
    models,
    limits: { maxInFlight: Math.max(1, maxInFlight) },
    liveness: "ping",
    cancel: "cooperative",
    configSchema,
    dataPolicy,
  });
}

/** Checks what a job or an estimate asks for against the models. */
export function capability(params: { model: string; capability: string }, models: readonly WireModel[]): Capability {
  const model = models.find((candidate) => candidate.id === params.model);
  if (model === undefined) throw unknownModel(params.model, models);
  const wanted = params.capability;
  if (model.capabilities.includes(wanted) && isCapability(wanted)) return wanted;
  const known = model.capabilities.join(", ");
  const message = `the model \`${model.id}\` has no capability \`${short(wanted)}\`, only: ${known}`;
  throw new ProviderError("CapabilityNotDeclared", message);
}

/** Checks what a job has beside its model. */
export function job({ inputs, jobDir }: TransformParams): void {
  inputs.forEach((media, index) => {
    const count = [media.text, media.path, media.url].filter((source) => source !== undefined).length;
    if (count === 1) return;
    throw wrongParam(`inputs[${index}]`, `expected exactly one of text, path and url, got ${count}`);
  });
  if (jobDir === undefined || path.isAbsolute(jobDir)) return;
  throw wrongParam("jobDir", `expected an absolute path, got \`${short(jobDir)}\``);
}

/** Makes the whole of what `transform` returned. */
export function whole(transformed: Transformed): unknown {
  if (Array.isArray(transformed)) return { outputs: transformed };
  return typeof transformed === "object" && transformed !== null && "kind" in transformed
    ? { outputs: [transformed satisfies Media] }
    : transformed;
}

function unknownModel(wanted: string, models: readonly WireModel[]): ProviderError {
  const near = models.map(({ id }) => id).filter((id) => isNear(short(wanted), id)).slice(0, 3);
  const some = models.slice(0, 5).map(({ id }) => id).join(", ");
  const hint = near.length > 0 ? `did you mean ${near.join(", ")}?` : `there are ${models.length}, such as: ${some}`;
  return new ProviderError("ModelNotFound", `no model \`${short(wanted)}\`; ${hint}`, { details: { near } });
}

/** Whether two names differ in a third of their letters at most, or one begins with the other. */
function isNear(wanted: string, id: string): boolean {
  const [a, b] = [wanted.toLowerCase(), id.toLowerCase().slice(0, 200)];
  if (a === "") return false;
  return a.startsWith(b) || b.startsWith(a) || distance(a, b) <= Math.max(a.length, b.length) / 3;
}

/** How many letters must be added, removed or replaced to make one word of another. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  [...from].forEach((letter, above) => {
    const next = [above + 1];
    for (let column = 1; column < row.length; column += 1) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  });
  return row.at(-1) ?? 0;
}

function short(text: string): string {
  return text.slice(0, 100);
}
