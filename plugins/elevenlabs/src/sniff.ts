/** What a sound's file is, by its first bytes: the name of a format does not tell its container. */

const MAGIC: readonly (readonly [mime: string, ending: string, first: RegExp])[] = [
  ["audio/wav", "wav", /^RIFF.{4}WAVE/s],
  ["audio/ogg", "ogg", /^OggS/],
  ["audio/flac", "flac", /^fLaC/],
  ["audio/mpeg", "mp3", /^(ID3|\xff[\xe0-\xff])/],
];

/** How many of the first bytes tell it. */
export const HEAD = 12;

/** What a file is called, and what it is. */
export interface FileType {
  readonly mime: string;
  readonly ending: string;
}

/** Returns the type of a sound's file; none where it is no sound that is known. */
export function sniff(bytes: Uint8Array): FileType | undefined {
  const head = Buffer.from(bytes.subarray(0, HEAD)).toString("latin1");
  const found = MAGIC.find(([, , first]) => first.test(head));
  return found === undefined ? undefined : { mime: found[0], ending: found[1] };
}
