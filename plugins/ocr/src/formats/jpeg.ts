/** JPEG. */

import { Fields, type Look, type Picture, damaged, unread } from "./picture.js";

const APP1 = 0xe1;
const EOI = 0xd9;
const SOS = 0xda;

/** Where frames begin, by how they are coded; C4, C8 and CC are something else. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf]);

/** What the decoder has: baseline, extended and progressive, by Huffman. */
const DECODED = new Set([0xc0, 0xc1, 0xc2]);

export const jpeg: Look = (file) => {
  const fields = new Fields("JPEG", file, false);
  let orientation = 1;
  for (let at = 2; ; ) {
    if (fields.u8(at) !== 0xff) throw damaged("JPEG", `there is no marker at byte ${at}`);
    const marker = fields.u8(at + 1);
    // Any number of 0xff may come before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === SOS || marker === EOI) throw damaged("JPEG", "it does not say its size");
    if (FRAMES.has(marker)) {
      if (!DECODED.has(marker)) throw unread("JPEG", "a JPEG that is lossless or arithmetic", "save it as a common one");
      return upright(file, fields.u16(at + 7), fields.u16(at + 5), orientation);
    }
    if (marker === APP1) orientation = orientationOf(file.subarray(at + 4, at + 2 + fields.u16(at + 2))) ?? orientation;
    at += 2 + fields.u16(at + 2);
  }
};

/** Returns how a camera was held, where it wrote that. */
function orientationOf(segment: Buffer): number | undefined {
  const head = segment.toString("latin1", 0, 8);
  if (head !== "Exif\0\0II" && head !== "Exif\0\0MM") return undefined;
  const tiff = segment.subarray(6);
  const fields = new Fields("JPEG", tiff, head.endsWith("II"));
  const directory = fields.u32(4);
  if (directory + 2 > tiff.length) return undefined;
  for (let entry = 0; entry < fields.u16(directory); entry += 1) {
    const at = directory + 2 + entry * 12;
    if (at + 12 > tiff.length) return undefined;
    if (fields.u16(at) !== 0x112) continue;
    const orientation = fields.u16(at + 8);
    return orientation >= 1 && orientation <= 8 ? orientation : undefined;
  }
  return undefined;
}

/** Says the orientation once more, where tesseract.js finds it: at the beginning, and the high byte first. */
function upright(file: Buffer, width: number, height: number, orientation: number): Picture {
  if (orientation === 1) return { format: "JPEG", width, height, bytes: () => file };
  const entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, ...entry, 0, 0, 0, 0];
  const segment = [...Buffer.from("Exif\0\0"), ...tiff];
  const head = [0xff, 0xd8, 0xff, APP1, 0, segment.length + 2, ...segment];
  const isOnItsSide = orientation >= 5;
  return {
    format: "JPEG",
    width: isOnItsSide ? height : width,
    height: isOnItsSide ? width : height,
    bytes: () => Buffer.concat([Buffer.from(head), file.subarray(2)]),
  };
}
