/** WebP. */

import { Fields, type Look, damaged, unread } from "./picture.js";

const ANIMATED = 0x02;

export const webp: Look = (file) => {
  const fields = new Fields("WebP", file, true);
  const found = { format: "WebP", bytes: () => file };
  const chunk = file.toString("latin1", 12, 16);
  if (chunk === "VP8 ") return { ...found, width: fields.u16(26) & 0x3fff, height: fields.u16(28) & 0x3fff };
  if (chunk === "VP8L") {
    const bits = fields.u32(21);
    return { ...found, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (chunk !== "VP8X") throw damaged("WebP", `its first part is ${JSON.stringify(chunk)}`);
  if ((fields.u8(20) & ANIMATED) !== 0) throw unread("WebP", "a WebP that moves", "save one of its pictures");
  const width = (fields.u32(24) & 0xffffff) + 1;
  // The three bytes before this one are the width's.
  return { ...found, width, height: (fields.u32(26) >>> 8) + 1 };
};
