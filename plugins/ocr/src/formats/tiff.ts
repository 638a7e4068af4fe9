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

/** How many bits a sample may have: the decoder has no other. */
const BITS = [1, 2, 4, 8, 16];

const TAG = { width: 256, height: 257, bits: 258, compression: 259, channels: 277, tileWidth: 322, tileHeight: 323 };

const READ: ReadonlySet<number> = new Set(Object.values(TAG));

/** The bytes of a value, by its type: SHORT or LONG. */
const LENGTHS = new Map([
  [3, 2],
  [4, 4],
]);

/** More values than any tag that is read has. */
const MOST_VALUES = 65_535;

export const tiff: Look = (file) => {
  const fields = new Fields("TIFF", file, file[0] === 0x49);
  const directory = fields.u32(4);
  const count = fields.u16(directory);
  const values = valuesOf(fields, directory, count);
  const width = values.get(TAG.width);
  const height = values.get(TAG.height);
  if (width === undefined || height === undefined) throw damaged("TIFF", "it does not say its size");
  const compression = values.get(TAG.compression) ?? 1;
  if (!DECODED.has(compression)) {
    const name = NAMES.get(compression) ?? `compression ${compression}`;
    throw unread("TIFF", `a TIFF with ${name}`, `one with ${[...DECODED.values()].join(", ")} can`);
  }
  if ((values.get(TAG.channels) ?? 1) > 4) throw unread("TIFF", "a TIFF of more than four channels", "save it in RGB");
  const bits = values.get(TAG.bits) ?? 1;
  if (!BITS.includes(bits)) throw unread("TIFF", `a TIFF of ${bits} bits a sample`, `one with ${BITS.join(", ")} can`);
  const isPaged = fields.u32(directory + 2 + count * 12) !== 0;
  return {
    format: "TIFF",
    // A tile can be larger than its page, and is held whole.
    width: Math.max(width, values.get(TAG.tileWidth) ?? 1),
    height: Math.max(height, values.get(TAG.tileHeight) ?? 1),
    bytes: () => file,
    ...(isPaged && { warnings: ["the TIFF has more pages; its first one was read"] }),
  };
};

/** Returns what is read of a directory. What the decoder might read in another way is refused. */
function valuesOf(fields: Fields, directory: number, count: number): Map<number, number> {
  const seen = new Set<number>();
  const values = new Map<number, number>();
  for (let nth = 0; nth < count; nth += 1) {
    const entry = directory + 2 + nth * 12;
    const tag = fields.u16(entry);
    if (seen.has(tag)) throw damaged("TIFF", `its tag ${tag} is there twice`);
    seen.add(tag);
    if (READ.has(tag)) values.set(tag, valueOf(fields, entry, tag));
  }
  return values;
}

/** Returns the value of an entry; where it has one for each channel, they must be the same. */
function valueOf(fields: Fields, entry: number, tag: number): number {
  const length = LENGTHS.get(fields.u16(entry + 2));
  if (length === undefined) throw damaged("TIFF", `its tag ${tag} is neither SHORT nor LONG`);
  const count = fields.u32(entry + 4);
  if (count < 1 || count > MOST_VALUES) throw damaged("TIFF", `its tag ${tag} has ${count} values`);
  // Only what fits in four bytes is in the entry itself.
  const from = count * length <= 4 ? entry + 8 : fields.u32(entry + 8);
  const at = (nth: number) => (length === 2 ? fields.u16(from + nth * 2) : fields.u32(from + nth * 4));
  const first = at(0);
  for (let nth = 1; nth < count; nth += 1) {
    if (at(nth) !== first) throw damaged("TIFF", `its tag ${tag} has values that differ`);
  }
  return first;
}
