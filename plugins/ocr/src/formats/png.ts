/** PNG. */

import { Fields, type Look, damaged, unread } from "./picture.js";

const SIGNATURE = 8;

/**
 * The chunks that a picture is made of, and its resolution. The others may unpack to a thousand times their size each,
 * and say nothing about how it looks.
 */
const NEEDED = new Set(["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "pHYs"]);

/** No encoder makes so many of 64 MiB. Each takes memory while they are sorted out, even an empty one. */
const MOST_CHUNKS = 100_000;

export const png: Look = (file) => {
  const fields = new Fields("PNG", file, false);
  if (fields.u32(8) !== 13 || name(file, 8) !== "IHDR") throw damaged("PNG", "it does not begin with its size");
  const width = fields.u32(16);
  const height = fields.u32(20);
  return { format: "PNG", width, height, bytes: () => stripped(file, fields) };
};

/** Leaves out what is not needed. */
function stripped(file: Buffer, fields: Fields): Uint8Array {
  const kept = [file.subarray(0, SIGNATURE)];
  let at = SIGNATURE;
  for (let count = 0; count < MOST_CHUNKS; count += 1) {
    const end = at + 12 + fields.u32(at);
    fields.u8(end - 1);
    const chunk = name(file, at);
    if (NEEDED.has(chunk)) kept.push(file.subarray(at, end));
    if (chunk === "IEND") return Buffer.concat(kept);
    at = end;
  }
  throw unread("PNG", `a PNG of more than ${MOST_CHUNKS} chunks`, "save it anew");
}

function name(file: Buffer, at: number): string {
  return file.toString("latin1", at + 4, at + 8);
}
