/** What a job brings, as servers take it. */

import { openAsBlob } from "node:fs";

import { type Context, type Media, ProviderError, type Request } from "#prizm/plugin";

/** What is asked for, and where its files are. */
export interface Asked {
  readonly request: Request;
  readonly context: Context;
}

/** Returns the options as the server calls them; what is absent or null is left out. */
export function body({ request }: Asked, names: Readonly<Record<string, string>>): Record<string, unknown> {
  const entries = Object.entries(names).map(([ours, theirs]) => [theirs, request.options[ours] ?? undefined] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Returns the text of the primary input; a long one comes as a file. */
export async function textOf({ request, context }: Asked): Promise<string> {
  const media = primary(request, "text");
  return media.text ?? (await context.readInput(media)).toString();
}

/** Returns the primary input, which is of this kind. */
export function primary(request: Request, kind: "text" | "image" | "audio"): Media {
  const media = request.input();
  if (media.kind === kind) return media;
  throw new ProviderError("InvalidMedia", `the input is ${media.kind} (${media.mime}); ${kind} is needed`);
}

/** Endings by which servers tell what a file is. */
const ENDINGS: Readonly<Record<string, string>> = {
  "audio/mpeg": "mp3",
  "audio/mp4": "m4a",
  "audio/x-m4a": "m4a",
  "audio/wav": "wav",
  "audio/x-wav": "wav",
  "audio/ogg": "ogg",
  "audio/opus": "ogg",
  "audio/flac": "flac",
  "audio/webm": "webm",
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/webp": "webp",
};

/** Opens a file as what is uploaded, without reading it into memory. */
export async function upload({ context }: Asked, media: Media): Promise<File> {
  const path = context.input(media);
  const ending = ENDINGS[media.mime] ?? path.split(".").at(-1) ?? "bin";
  try {
    const blob = await openAsBlob(path, { type: media.mime });
    return new File([blob], `${media.role ?? "input"}.${ending}`, { type: media.mime });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProviderError("InvalidMedia", `the input \`${media.path ?? ""}\` cannot be read: ${why}`);
  }
}
