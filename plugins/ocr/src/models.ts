/** What is said of a model. */

import type { Model } from "#prizm/plugin";

import { INPUT_FORMATS, LONGEST } from "./formats/index.js";
import { FORMATS, SCHEMA } from "./options.js";
import type { Settings } from "./settings.js";

/** The largest file that is read. */
export const MOST_BYTES = 64 * 2 ** 20;

/** Describes the one model there is, which reads these languages. */
export function modelOf(codes: readonly string[], { maxPixels }: Settings): Model {
  const language = { ...SCHEMA.properties.language, examples: codes };
  return {
    id: "tesseract",
    name: "Tesseract",
    description: "Reads the printed text of a picture",
    capabilities: ["image-to-text"],
    options: { "image-to-text": { ...SCHEMA, properties: { ...SCHEMA.properties, language } } },
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
