/** Pictures that are made for a test. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

import { FIXTURES } from "./host.js";

/** A white PNG, in shades of grey; with more chunks before its pixels. */
export function whitePng(width: number, height: number, ...more: readonly Buffer[]): Buffer {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size[8] = 8;
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(width, 0xff)]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([signature, chunk("IHDR", size), ...more, chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

/** A PNG that says that it is so large, and has no pixels. */
export function hollowPng(width: number, height: number): Buffer {
  const png = whitePng(1, 1);
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  return png;
}

/** A chunk of a PNG. */
export function chunk(name: string, data: Buffer): Buffer {
  const made = Buffer.alloc(12 + data.length);
  made.writeUInt32BE(data.length, 0);
  made.write(name, 4, "latin1");
  data.copy(made, 8);
  made.writeUInt32BE(crc32(made.subarray(4, 8 + data.length)), 8 + data.length);
  return made;
}

/** `hello.bmp`, whose pixels have one bit, with so many, from the top down or as is usual. */
export function helloBmp(bits: 1 | 4 | 8 | 24 | 32, isFromTop = false): Buffer {
  const original = readFileSync(join(FIXTURES, "hello.bmp"));
  const width = original.readInt32LE(18);
  const height = original.readInt32LE(22);
  const palette = bits <= 8 ? Buffer.from([0, 0, 0, 0, 255, 255, 255, 0]) : Buffer.alloc(0);
  const rows = Array.from({ length: height }, (_, y) => {
    const at = original.readUInt32LE(10) + y * (Math.ceil(width / 32) * 4);
    const isWhite = (x: number) => ((original[at + (x >> 3)] ?? 0) >> (7 - (x % 8))) & 1;
    const row = Buffer.alloc(Math.ceil((width * bits) / 32) * 4);
    for (let x = 0; x < width; x += 1) {
      if (bits > 8) row.fill(255 * isWhite(x), (x * bits) / 8, (x * bits) / 8 + 3);
      else row[(x * bits) >> 3] = (row[(x * bits) >> 3] ?? 0) | (isWhite(x) << (8 - bits - ((x * bits) % 8)));
    }
    return row;
  });
  const head = Buffer.from(original.subarray(0, 54));
  head.writeUInt32LE(54 + palette.length, 10);
  head.writeInt32LE(isFromTop ? -height : height, 22);
  head.writeUInt16LE(bits, 28);
  head.writeUInt32LE(palette.length / 4, 46);
  return Buffer.concat([head, palette, ...(isFromTop ? rows.reverse() : rows)]);
}

/** The numbers of an Exif directory that has one entry, the orientation, each with its length in bytes. */
const TURNED = [[2, 42], [4, 8], [2, 1], [2, 0x112], [2, 3], [4, 1]] as const;

/** `sideways.jpg`, which lies on its side, and says so in this order of bytes. */
export function sidewaysJpeg(order: "II" | "MM"): Buffer {
  const jpeg = readFileSync(join(FIXTURES, "sideways.jpg"));
  const tiff = Buffer.alloc(26);
  tiff.write(order, 0, "latin1");
  let at = 2;
  for (const [bytes, value] of TURNED) {
    if (order === "II") tiff.writeUIntLE(value, at, bytes);
    else tiff.writeUIntBE(value, at, bytes);
    at += bytes;
  }
  tiff[order === "II" ? at : at + 1] = 6;
  const segment = Buffer.concat([Buffer.from("Exif\0\0"), tiff]);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.of(0xff, 0xe1, 0, segment.length + 2), segment, jpeg.subarray(2)]);
}

/** An entry of a TIFF's directory: tag, type (1 BYTE, 3 SHORT, 4 LONG, 9 SLONG), and its values. */
export type Entry = readonly [tag: number, type: 1 | 3 | 4 | 9, ...values: number[]];

const LENGTHS = { 1: 1, 3: 2, 4: 4, 9: 4 } as const;

/** A TIFF without compression, whose bits are all ones; `changed` replaces entries by their tags, `more` comes last. */
export function whiteTiff(
  width: number,
  height: number,
  changed: readonly Entry[] = [],
  more: readonly Entry[] = [],
): Buffer {
  const plain: readonly Entry[] = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 0],
    [277, 3, 1],
    [278, 4, height],
    [279, 4, 0],
  ];
  const all = [...plain.map((entry) => changed.find(([tag]) => tag === entry[0]) ?? entry), ...more];
  const valueOf = (tag: number) => all.find(([known]) => known === tag)?.[2] ?? 1;
  const pixels = Buffer.alloc(Math.ceil((width * valueOf(258) * valueOf(277)) / 8) * height, 0xff);
  const head = Buffer.alloc(10 + all.length * 12 + 4);
  head.write("II*\0", 0, "latin1");
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(all.length, 8);
  const far: Buffer[] = [pixels];
  let end = head.length + pixels.length;
  all.forEach(([tag, type, ...values], nth) => {
    const at = 10 + nth * 12;
    const length = LENGTHS[type];
    const bytes = Buffer.alloc(Math.max(4, length * values.length));
    const given = tag === 273 ? [head.length] : tag === 279 ? [pixels.length] : values;
    given.forEach((value, index) => bytes.writeUIntLE(value, index * length, length));
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(values.length, at + 4);
    if (bytes.length === 4) bytes.copy(head, at + 8);
    else {
      head.writeUInt32LE(end, at + 8);
      far.push(bytes);
      end += bytes.length;
    }
  });
  return Buffer.concat([head, ...far]);
}
