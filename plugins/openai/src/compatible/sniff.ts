/** What a file is, by its first bytes: servers do not always make the format that they were asked for. */

const MAGIC: readonly (readonly [kind: "image" | "audio", mime: string, ending: string, first: RegExp])[] = [
  ["image", "image/png", "png", /^\x89PNG\r\n/],
  ["image", "image/jpeg", "jpg", /^\xff\xd8\xff/],
  ["image", "image/webp", "webp", /^RIFF.{4}WEBP/s],
  ["image", "image/gif", "gif", /^GIF8/],
  ["audio", "audio/wav", "wav", /^RIFF.{4}WAVE/s],
  ["audio", "audio/ogg", "ogg", /^OggS/],
  ["audio", "audio/flac", "flac", /^fLaC/],
  ["audio", "audio/aac", "aac", /^\xff[\xf0\xf1\xf8\xf9]/],
  ["audio", "audio/mpeg", "mp3", /^(ID3|\xff[\xe0-\xff])/],
];

/** Returns the type and the ending of an image's or a sound's file. */
export function sniff(kind: "image" | "audio", bytes: Uint8Array): { mime: string; ending: string } | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString("latin1");
  const found = MAGIC.find(([of, , , first]) => of === kind && first.test(head));
  return found === undefined ? undefined : { mime: found[1], ending: found[2] };
}
