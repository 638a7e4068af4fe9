/** Which pictures are read. */

import { ProviderError } from "#prizm/plugin";

import { bmp } from "./bmp.js";
import { gif } from "./gif.js";
import { jpeg } from "./jpeg.js";
import { type Look, type Picture, damaged } from "./picture.js";
import { png } from "./png.js";
import { tiff } from "./tiff.js";
import { webp } from "./webp.js";

/** The longest side that Tesseract has numbers for. */
export const LONGEST = 32_767;

interface Format {
  readonly mime: string;
  readonly begins: readonly RegExp[];
  readonly look: Look;
}

const FORMATS: readonly Format[] = [
  { mime: "image/png", begins: [/^\x89PNG\r\n\x1a\n/], look: png },
  { mime: "image/jpeg", begins: [/^\xff\xd8\xff/], look: jpeg },
  { mime: "image/webp", begins: [/^RIFF[^]{4}WEBP/], look: webp },
  { mime: "image/gif", begins: [/^GIF8[79]a/], look: gif },
  { mime: "image/bmp", begins: [/^BM/], look: bmp },
  { mime: "image/tiff", begins: [/^II\*\0/, /^MM\0\*/], look: tiff },
];

/** Their MIME types. */
export const INPUT_FORMATS = FORMATS.map(({ mime }) => mime);

/** Looks at what a picture says of itself; one that is none, or too large to be decoded, is `InvalidMedia`. */
export function look(file: Buffer, maxPixels: number): Picture {
  const head = file.toString("latin1", 0, 16);
  const format = FORMATS.find(({ begins }) => begins.some((sign) => sign.test(head)));
  if (format === undefined) {
    const what = file.length === 0 ? "the picture is empty" : "what the picture is made of is not known";
    const message = `${what}; it may be ${INPUT_FORMATS.join(", ")}`;
    throw new ProviderError("InvalidMedia", message, { details: { inputFormats: INPUT_FORMATS } });
  }
  const picture = format.look(file);
  const { width, height } = picture;
  if (width < 1 || height < 1) throw damaged(picture.format, `its size is ${width}×${height}`);
  const isTooLong = Math.max(width, height) > LONGEST;
  if (!isTooLong && width * height <= maxPixels) return picture;
  const limit = isTooLong ? `a side has at most ${LONGEST}` : `at most ${maxPixels} are read (setting \`maxPixels\`)`;
  const details = { width, height, maxPixels, maxSide: LONGEST };
  const message = `the ${picture.format} has ${width}×${height} pixels; ${limit}: make it smaller`;
  throw new ProviderError("InvalidMedia", message, { details });
}
