/** What a job will cost, as far as its options tell: the price of a unit, times how many there will be. */

import type { Estimate, EstimateRequest } from "#prizm/plugin";
import { decimal, isRecord, times } from "#prizm/remote";

import type { Endpoint } from "./endpoint.js";
import { priceOf } from "./money.js";

/** fal's names of sizes, in pixels. */
const SIZES: Readonly<Record<string, readonly [width: number, height: number]>> = {
  square_hd: [1024, 1024],
  square: [512, 512],
  portrait_4_3: [768, 1024],
  portrait_16_9: [576, 1024],
  landscape_4_3: [1024, 768],
  landscape_16_9: [1024, 576],
};

/** Options that say how many seconds there will be. */
const DURATIONS = ["duration", "seconds_total", "duration_seconds", "seconds"];

/** Estimates a job; where nobody can tell how many units it takes, nothing is said. */
export function estimate({ price, options, output }: Endpoint, request: Pick<EstimateRequest, "options">): Estimate {
  if (price === undefined) return {};
  /** An option, or what fal takes without it. */
  const option = (name: string): unknown => {
    const schema = options.properties[name];
    return request.options[name] ?? (isRecord(schema) ? schema["default"] : undefined);
  };
  const count = option("num_images");
  const images = typeof count === "number" ? count : 1;
  const units = unitsOf(priceOf(price, output).unit, images, option);
  const counted = decimal(units);
  return counted === undefined ? {} : { cost: times(counted, priceOf(price, output).amount), currency: price.currency };
}

function unitsOf(unit: string, images: number, option: (name: string) => unknown): number | undefined {
  if (unit === "call") return 1;
  if (unit === "image") return images;
  if (unit === "megapixel") {
    const pixels = pixelsOf(option);
    // fal counts whole megapixels of each image; one is that of a square of 1024.
    return pixels === undefined ? undefined : images * Math.ceil(pixels / 1024 ** 2);
  }
  if (!unit.endsWith("_second") || unit === "gpu_second") return undefined;
  const seconds = DURATIONS.map(option).find((value) => value !== undefined);
  return seconds === undefined ? undefined : Number(String(seconds).replace(/s$/, ""));
}

function pixelsOf(option: (name: string) => unknown): number | undefined {
  const size = option("image_size");
  if (typeof size === "string") {
    const named = SIZES[size];
    return named === undefined ? undefined : named[0] * named[1];
  }
  const [width, height] = isRecord(size) ? [size["width"], size["height"]] : [option("width"), option("height")];
  return typeof width === "number" && typeof height === "number" ? width * height : undefined;
}
