/** TIFF, of which the first page is read. */

import { Fields, type Look, damaged, unread } from "./picture.js";

/** How a page may be compressed: the decoder has neither Deflate nor JPEG. */
const DECODED = new Map([
  [1, "none"],
  [2, "CCITT RLE"],
  [3, "CCITT Group 3"],
  [4, "CCITT Group 4"],
  [5, "LZW"],
  [32773, "PackBits"],
]);

const NAMES = new Map([
  [6, "JPEG"],
  [7, "JPEG"],
  [8, "Deflate"],
  [32946, "Deflate"],
]);

/** The bytes of a value, by its type: one, two or four are read. */
const SHORT = 3;
const LONG = 4;

export const tiff: Look = (file) => {
  const fields = new Fields("TIFF", file, file[0] === 0x49);
  const directory = fields.u32(4);
  const count = fields.u16(directory);
  const values = new Map<number, number>();
  for (let entry = 0; entry < count; entry += 1) {
    const at = directory + 2 + entry * 12;
    const type = fields.u16(at + 2);
    if (type === SHORT) values.set(fields.u16(at), fields.u16(at + 8));
    if (type === LONG) values.set(fields.u16(at), fields.u32(at + 8));
  }
  const width = values.get(256);
  const height = values.get(257);
  if (width === undefined || height === undefined) throw damaged("TIFF", "it does not say its size");
  const compression = values.get(259) ?? 1;
  if (!DECODED.has(compression)) {
    const name = NAMES.get(compression) ?? `compression ${compression}`;
    throw unread("TIFF", `a TIFF with ${name}`, `one with ${[...DECODED.values()].join(", ")} can`);
  }
  if ((values.get(277) ?? 1) > 4) throw unread("TIFF", "a TIFF of more than four channels", "save it in RGB");
  const tiles = [values.get(322) ?? 1, values.get(323) ?? 1];
  const isPaged = fields.u32(directory + 2 + count * 12) !== 0;
  return {
    format: "TIFF",
    // A tile can be larger than its page, and is held whole.
    width: Math.max(width, tiles[0] ?? 1),
    height: Math.max(height, tiles[1] ?? 1),
    bytes: () => file,
    ...(isPaged && { warnings: ["the TIFF has more pages; its first one was read"] }),
  };
};
