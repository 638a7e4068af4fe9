/** What is said of a model. */

import type { Model } from "#prizm/plugin";

import { INPUT_FORMATS, LONGEST } from "./formats/index.js";
import type { Language } from "./languages.js";
import { FORMATS, SCHEMA } from "./options.js";
import type { Settings } from "./settings.js";

/** The largest file that is read. */
export const MOST_BYTES = 64 * 2 ** 20;

/** Describes what reads a language. */
export function modelOf({ code, isBundled }: Language, { maxPixels }: Settings): Model {
  return {
    id: isBundled ? "tesseract" : `tesseract-${code}`,
    name: isBundled ? "Tesseract, English" : `Tesseract, ${code}`,
    description: isBundled ? "Reads printed English" : `Reads print by the trained data \`${code}\` of \`dataDir\``,
    capabilities: ["image-to-text"],
    options: { "image-to-text": SCHEMA },
    inputs: { "image-to-text": [{ kind: "image" }] },
    isFree: true,
    limits: { maxInputBytes: MOST_BYTES, maxInputWidth: LONGEST, maxInputHeight: LONGEST, maxInputPixels: maxPixels },
    inputFormats: INPUT_FORMATS,
    outputFormats: Object.values(FORMATS),
    features: ["cancel", "progress"],
    quality: 3,
    typicalMs: 1500,
  };
}
