/** What is posted to an endpoint: options, the text, and the URLs of media, which are uploaded first. */

import { openAsBlob } from "node:fs";

import type { FalClient } from "@fal-ai/client";

import { type Context, type Media, ProviderError, type Request } from "#prizm/plugin";
import { checkOptions } from "#prizm/remote";

import type { Endpoint, Field } from "./endpoint.js";
import { explain } from "./errors.js";
import type { Settings } from "./settings.js";

/** Checks a job before anything is sent anywhere, and returns which medium goes into which field. */
export function check(endpoint: Endpoint, request: Request): readonly (readonly [Field, Media])[] {
  checkOptions(options(request), endpoint.options);
  const { primary, roles } = endpoint;
  const fields: (readonly [Field, Media])[] = [[primary, request.input()]];
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

/** Returns the body of a request, once every file of it has been uploaded. */
export async function body(
  fields: readonly (readonly [Field, Media])[],
  request: Request,
  context: Context,
  client: FalClient,
  { mediaLifetime }: Settings,
): Promise<Record<string, unknown>> {
  const made: Record<string, unknown> = { ...options(request) };
  for (const [field, media] of fields) {
    const value =
      field.kind === "text" ? await text(media, context) : await upload(media, context, client, mediaLifetime);
    made[field.name] = field.isList ? [value] : value;
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

/** Uploads a file without reading all of it into memory: in parts, where it has more than 90 MB. */
async function upload(media: Media, context: Context, client: FalClient, expiresIn?: number): Promise<string> {
  const path = context.input(media);
  context.report({ fraction: 0, stage: "uploading", message: media.name });
  try {
    const file = new File([await openAsBlob(path)], path.split("/").at(-1) ?? "input", { type: media.mime });
    return await client.storage.upload(file, expiresIn === undefined ? {} : { lifecycle: { expiresIn } });
  } catch (thrown) {
    throw explain(thrown, "upload", "no");
  }
}
