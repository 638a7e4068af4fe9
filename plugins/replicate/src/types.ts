/** Which types there are, and how their files' names end. */

import type { MediaKind } from "#prizm/plugin";

/** The type of each ending. */
export const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  webp: "image/webp",
  gif: "image/gif",
  svg: "image/svg+xml",
  mp4: "video/mp4",
  webm: "video/webm",
  mov: "video/quicktime",
  mp3: "audio/mpeg",
  wav: "audio/wav",
  ogg: "audio/ogg",
  flac: "audio/flac",
  m4a: "audio/mp4",
  aac: "audio/aac",
};

/** The ending of each type. */
export const ENDINGS: ReadonlyMap<string, string> = new Map(
  Object.entries(TYPES)
    .reverse()
    .map(([ending, type]) => [type, ending]),
);

/** Other names of the same types. */
export const SAME: Readonly<Record<string, string>> = {
  "audio/x-wav": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/mp3": "audio/mpeg",
  "image/jpg": "image/jpeg",
};

/** What a kind is where nobody says which of its types. */
export const USUAL: Readonly<Partial<Record<MediaKind, string>>> = {
  image: "image/png",
  video: "video/mp4",
  audio: "audio/mpeg",
};

/** Tells of which kind a type is. */
export function kindOf(type: string | undefined): MediaKind | undefined {
  const family = type?.split("/")[0];
  return family === "image" || family === "video" || family === "audio" ? family : undefined;
}

/** Returns the ending of the file that a URL leads to. */
export function ending(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  return /\.([A-Za-z0-9]{2,5})$/.exec(path)?.[1]?.toLowerCase() ?? "";
}
