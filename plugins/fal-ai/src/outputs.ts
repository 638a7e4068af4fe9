/** The media in what an endpoint answers. Each names them as it likes; what they are is told by type, ending or name. */

import { rename } from "node:fs/promises";

import { type Context, type Media, type MediaKind, ProviderError } from "#prizm/plugin";
import { type Bounds, count, download, isRecord } from "#prizm/remote";

/** How deep media may lie in an answer. */
const MAX_DEPTH = 4;
/** How many are taken at most. */
const MAX_OUTPUTS = 64;

/** The type of each ending. */
const TYPES: Readonly<Record<string, string>> = {
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
  glb: "model/gltf-binary",
  gltf: "model/gltf+json",
  obj: "model/obj",
  stl: "model/stl",
  ply: "model/ply",
  usdz: "model/vnd.usdz+zip",
};
/** Other names of the same types. */
const SAME: Readonly<Record<string, string>> = {
  "audio/x-wav": "audio/wav",
  "audio/wave": "audio/wav",
  "audio/mp3": "audio/mpeg",
  "image/jpg": "image/jpeg",
};
const ENDINGS = new Map(
  Object.entries(TYPES)
    .reverse()
    .map(([ending, type]) => [type, ending]),
);

/** What a kind is where nobody says which of its types. */
const USUAL: Readonly<Record<string, string>> = {
  image: "image/png",
  video: "video/mp4",
  audio: "audio/mpeg",
  "3d": "model/gltf-binary",
};

/** Words in the name of a field that tell what it leads to. */
const WORDS: readonly (readonly [RegExp, MediaKind])[] = [
  [/image|picture|mask|frame/, "image"],
  [/video/, "video"],
  [/audio|speech|music|song/, "audio"],
  [/mesh|model|glb|3d|gaussian/, "3d"],
];

/** A medium that an answer tells of. */
interface Found {
  readonly url: string;
  readonly kind: MediaKind | undefined;
  readonly type: string | undefined;
  readonly meta: Record<string, number>;
}

/** Downloads the media of one kind, in the order of the answer. */
export async function take(data: unknown, kind: MediaKind, context: Context, bounds: Bounds): Promise<Media[]> {
  const found = [...walk(data, "", 0)];
  const wanted = found.filter((one) => one.kind === kind);
  // A single file that nobody can tell is most likely the one.
  const chosen = wanted.length === 0 && found.length === 1 && found[0]?.kind === undefined ? found : wanted;
  if (chosen.length === 0) {
    const message = `fal.ai's answer has no ${kind}; it has: ${isRecord(data) ? Object.keys(data).join(", ") : typeof data}`;
    throw new ProviderError("UpstreamError", message.slice(0, 500), {
      retryable: false,
      details: { charged: "yes", step: "result" },
    });
  }
  const taken: Media[] = [];
  for (const [index, one] of chosen.slice(0, MAX_OUTPUTS).entries()) {
    context.report({ fraction: 0.9 + (0.1 * index) / chosen.length, stage: "downloading" });
    taken.push(await fetchOne(one, kind, `${kind}${index === 0 ? "" : `-${index + 1}`}`, context, bounds));
  }
  return taken;
}

async function fetchOne(
  { url, type, meta }: Found,
  kind: MediaKind,
  name: string,
  context: Context,
  bounds: Bounds,
): Promise<Media> {
  const part = context.createOutput(`${name}.part`);
  const told = await download(url, part, bounds);
  const types = [told, type, TYPES[ending(url)]].map((type) => SAME[type ?? ""] ?? type);
  const mime =
    types.find((type) => type !== undefined && kindOf(type) === kind) ?? USUAL[kind] ?? "application/octet-stream";
  const path = context.createOutput(`${name}.${ENDINGS.get(mime) ?? (ending(url) || "bin")}`);
  await rename(part, path);
  const media = context.output(kind, mime, path);
  return Object.keys(meta).length === 0 ? media : { ...media, meta };
}

function* walk(value: unknown, name: string, depth: number): Generator<Found> {
  if (depth > MAX_DEPTH) return;
  if (typeof value === "string") {
    if (/(^|_)url$/.test(name)) yield found({ url: value }, name);
  } else if (Array.isArray(value)) {
    for (const item of value) yield* walk(item, name, depth + 1);
  } else if (isRecord(value)) {
    if (typeof value["url"] === "string") return yield found({ ...value, url: value["url"] }, name);
    for (const [key, inner] of Object.entries(value)) yield* walk(inner, key, depth + 1);
  }
}

function found(value: Record<string, unknown> & { url: string }, name: string): Found {
  const { url, content_type: told } = value;
  const type = typeof told === "string" ? told.toLowerCase() : undefined;
  const byName = WORDS.find(([word]) => word.test(name))?.[1];
  const kind = kindOf(type) ?? kindOf(TYPES[ending(url)]) ?? byName;
  const meta: Record<string, number> = {};
  for (const key of ["width", "height"]) {
    const number = count(value[key]);
    if (number !== undefined && number > 0) meta[key] = number;
  }
  const { duration } = value;
  const durationMs = typeof duration === "number" ? count(Math.round(duration * 1000)) : undefined;
  if (durationMs !== undefined) meta["durationMs"] = durationMs;
  return { url, kind, type, meta };
}

function kindOf(type: string | undefined): MediaKind | undefined {
  const family = type?.split("/")[0];
  if (family === "model") return "3d";
  return family === "image" || family === "video" || family === "audio" ? family : undefined;
}

function ending(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  return /\.([A-Za-z0-9]{2,5})$/.exec(path)?.[1]?.toLowerCase() ?? "";
}
