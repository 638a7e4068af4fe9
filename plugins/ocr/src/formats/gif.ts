/** GIF, of which the first picture is read. */

import { Fields, type Look, damaged } from "./picture.js";

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const TRAILER = 0x3b;

export const gif: Look = (file) => {
  const fields = new Fields("GIF", file, true);
  let at = 13 + colours(fields.u8(10));
  while (fields.u8(at) === EXTENSION) at = afterBlocks(fields, at + 2);
  if (fields.u8(at) !== IMAGE) throw damaged("GIF", "it has no picture");
  const width = Math.max(fields.u16(6), fields.u16(at + 5));
  const height = Math.max(fields.u16(8), fields.u16(at + 7));
  const end = afterBlocks(fields, at + 10 + colours(fields.u8(at + 9)) + 1);
  const isAlone = end >= file.length || file[end] === TRAILER;
  return {
    format: "GIF",
    width,
    height,
    // The decoder would hold all of them.
    bytes: () => Buffer.concat([file.subarray(0, end), Buffer.from([TRAILER])]),
    ...(!isAlone && { warnings: ["the GIF moves; its first picture was read"] }),
  };
};

/** How many bytes a table of colours has. */
function colours(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 << ((flags & 7) + 1);
}

/** Returns where a row of blocks, of at most 255 bytes each, is over. */
function afterBlocks(fields: Fields, start: number): number {
  let at = start;
  for (let size = fields.u8(at); size > 0; size = fields.u8(at)) at += 1 + size;
  return at + 1;
}
