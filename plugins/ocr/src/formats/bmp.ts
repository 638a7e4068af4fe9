/** BMP, which is made into a PPM: tesseract.js takes ten seconds and 400 MB for a megapixel of it. */

import { Fields, type Look, damaged, unread } from "./picture.js";

const FILE_HEADER = 14;
const UNCOMPRESSED = 0;
const BY_MASKS = 3;

/** Blue, green, red and nothing, a byte each: where masks say nothing else than without them. */
const USUAL_MASKS = [0xff0000, 0xff00, 0xff];

/** How the pixels lie in the file. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly isFromTop: boolean;
  /** Where they begin, and where their colours do. */
  readonly start: number;
  readonly palette: number;
  readonly colours: number;
}

export const bmp: Look = (file) => {
  const fields = new Fields("BMP", file, true);
  const header = fields.u32(FILE_HEADER);
  if (header < 40 || header > 200) throw unread("BMP", "a BMP of before Windows 3", "save it as PNG");
  const bits = fields.u16(28);
  const compression = fields.u32(30);
  const isUsual = USUAL_MASKS.every((mask, nth) => compression !== BY_MASKS || fields.u32(54 + nth * 4) === mask);
  if (![1, 4, 8, 24, 32].includes(bits) || ![UNCOMPRESSED, BY_MASKS].includes(compression) || !isUsual) {
    throw unread("BMP", `a BMP of ${bits} bits with compression ${compression}`, "save it as PNG");
  }
  const layout = {
    width: fields.i32(18),
    height: Math.abs(fields.i32(22)),
    bits,
    isFromTop: fields.i32(22) < 0,
    start: fields.u32(10),
    palette: FILE_HEADER + header,
    colours: fields.u32(46) || 2 ** Math.min(bits, 8),
  };
  if (layout.width < 0) throw damaged("BMP", "its width is negative");
  return { format: "BMP", width: layout.width, height: layout.height, bytes: () => ppm(file, layout) };
};

function ppm(file: Buffer, layout: Layout): Uint8Array {
  const { width, height, bits, start } = layout;
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (start + stride * height > file.length) throw damaged("BMP", "it is cut short");
  const head = Buffer.from(`P6\n${width} ${height}\n255\n`);
  const made = Buffer.alloc(head.length + width * height * 3);
  head.copy(made);
  const colours = bits <= 8 ? paletteOf(file, layout) : undefined;
  for (let y = 0, to = head.length; y < height; y += 1) {
    const row = start + stride * (layout.isFromTop ? y : height - 1 - y);
    for (let x = 0; x < width; x += 1, to += 3) {
      const colour = colours === undefined ? bgr(file, row + (x * bits) / 8) : colours[indexAt(file, row, x, bits)];
      put(made, to, colour ?? 0);
    }
  }
  return made;
}

// Node's own functions for three bytes take ten times as long.
function bgr(file: Buffer, at: number): number {
  return (file[at] ?? 0) | ((file[at + 1] ?? 0) << 8) | ((file[at + 2] ?? 0) << 16);
}

function put(made: Buffer, at: number, colour: number): void {
  made[at] = colour >> 16;
  made[at + 1] = colour >> 8;
  made[at + 2] = colour;
}

/** Returns which colour a pixel has; the first one in a byte has its highest bits. */
function indexAt(file: Buffer, row: number, x: number, bits: number): number {
  const byte = file[row + Math.floor((x * bits) / 8)] ?? 0;
  return (byte >> (8 - bits - ((x * bits) % 8))) & (2 ** bits - 1);
}

function paletteOf(file: Buffer, { palette, colours }: Layout): readonly number[] {
  const fields = new Fields("BMP", file, true);
  return Array.from({ length: Math.min(colours, 256) }, (_, nth) => fields.u32(palette + nth * 4) & 0xffffff);
}
