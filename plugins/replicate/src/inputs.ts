/** What is posted for a job: options, the text, and the URLs of media, which are uploaded first. */

import { openAsBlob } from "node:fs";

import { type Context, type Media, ProviderError, type Request } from "#prizm/plugin";
import { TransportFailure, checkOptions, isRecord, word } from "#prizm/remote";

import { explain } from "./errors.js";
import type { Field, Way } from "./model.js";
import type { Wire } from "./wire.js";

/** A medium, and the field that takes it. */
export type Filled = readonly [Field, Media];

/** Checks a job before anything is sent anywhere, and returns which medium goes into which field. */
export function check({ primary, roles, options: schema }: Way, request: Request): readonly Filled[] {
  checkOptions(options(request), schema);
  const fields: Filled[] = [[primary, request.input()]];
  for (const media of request.inputs) {
    if (media.role === undefined) continue;
    const field = roles.get(media.role);
    if (field === undefined) {
      const known = roles.size === 0 ? "none" : [...roles.keys()].join(", ");
      throw new ProviderError("InvalidMedia", `the model has no input with the role \`${media.role}\`, only: ${known}`);
    }
    fields.push([field, media]);
  }
  for (const [{ kind }, media] of fields) {
    if (media.kind !== kind) {
      const what = media.role === undefined ? "the input" : `the input \`${media.role}\``;
      throw new ProviderError("InvalidMedia", `${what} is ${media.kind} (${media.mime}); ${kind} is needed`);
    }
  }
  const missing = [...roles].find(([role, { isRequired }]) => isRequired && request.inputWithRole(role) === undefined);
  if (missing !== undefined) throw new ProviderError("InvalidMedia", `the input \`${missing[0]}\` is missing`);
  return fields;
}

/** Returns a job's input, once every file of it has been uploaded. */
export async function body(
  fields: readonly Filled[],
  request: Request,
  context: Context,
  wire: Wire,
): Promise<Record<string, unknown>> {
  const made: Record<string, unknown> = { ...options(request) };
  for (const [{ name, kind, isList }, media] of fields) {
    const value = kind === "text" ? await text(media, context) : await upload(media, context, wire);
    const before = made[name];
    made[name] = isList ? [...(Array.isArray(before) ? (before as unknown[]) : []), value] : value;
  }
  return made;
}

/** Null is as good as absent. */
function options(request: Request): Record<string, unknown> {
  return Object.fromEntries(Object.entries(request.options).filter(([, value]) => value !== null));
}

/** A long text comes as a file. */
async function text(media: Media, context: Context): Promise<string> {
  return media.text ?? (await context.readInput(media)).toString();
}

/** Uploads a file without reading all of it into memory, and returns where models find it. */
async function upload(media: Media, context: Context, wire: Wire): Promise<string> {
  const path = context.input(media);
  context.report({ fraction: 0, stage: "uploading", message: media.name });
  const form = new FormData();
  form.append("content", await openAsBlob(path, { type: media.mime }), path.split("/").at(-1) ?? "input");
  form.append("metadata", new Blob(["{}"], { type: "application/json" }));
  try {
    const told = await wire.ask("/files", { method: "POST", form });
    const urls = isRecord(told) ? told["urls"] : undefined;
    const url = isRecord(urls) ? word(urls["get"]) : undefined;
    if (url !== undefined && /^https?:\/\//.test(url)) return url;
    throw new TransportFailure("the upload's answer has no address", true);
  } catch (thrown) {
    throw explain(thrown, "upload", "no");
  }
}
