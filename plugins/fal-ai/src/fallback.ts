/**
 * Endpoints that are known without asking: what is declared at the start, and what there is while fal's list cannot
 * be had. Prices are those of November 2026; live ones take their place. How good they are, and how long they take,
 * is a guess of ours.
 */

import type { Raw } from "./endpoint.js";

const text = (description: string, more: object = {}) => ({ type: "string", description, ...more });
const whole = (description: string, minimum: number, maximum: number, more: object = {}) => ({
  type: "integer",
  description,
  minimum,
  maximum,
  ...more,
});
const number = (description: string, minimum: number, maximum: number, more: object = {}) => ({
  type: "number",
  description,
  minimum,
  maximum,
  ...more,
});
const flag = (description: string, otherwise: boolean) => ({ type: "boolean", description, default: otherwise });
const choice = (description: string, values: readonly string[], otherwise: string) => ({
  type: "string",
  description,
  enum: values,
  default: otherwise,
});
const usd = (amount: string, unit: string) => ({ amount, unit, currency: "USD" });

const link = { type: "string" };
const seed = {
  type: "integer",
  description: "The same seed and prompt give the same result; without it, a random one",
};
const count = whole("How many are made", 1, 4, { default: 1 });
const steps = (most: number, otherwise: number) =>
  whole("Steps; more is finer and slower", 1, most, { default: otherwise });
const guidance = (otherwise: number) => number("How closely the prompt is followed", 1, 20, { default: otherwise });
const side = { type: "integer", minimum: 64, maximum: 14142, description: "Pixels" };
const size = {
  anyOf: [
    { type: "object", properties: { width: side, height: side }, required: ["width", "height"] },
    {
      type: "string",
      enum: ["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"],
    },
  ],
  default: "landscape_4_3",
  description: 'The size: a name, or `{"width", "height"}`',
};
const format = choice("The format of the image", ["jpeg", "png"], "jpeg");
const safety = flag("Whether unsafe content is filtered", true);
const prompt = text("What it is to show");
const edit = text("What is to be changed, or to happen");

export const FALLBACK: readonly Raw[] = [
  {
    id: "fal-ai/flux/schnell",
    name: "FLUX.1 [schnell]",
    category: "text-to-image",
    price: usd("0.003", "megapixels"),
    description: "Images in one to four steps; the fast one",
    quality: 3,
    typicalMs: 2000,
    required: ["prompt"],
    properties: {
      prompt,
      image_size: size,
      num_images: count,
      num_inference_steps: steps(12, 4),
      guidance_scale: guidance(3.5),
      seed,
      output_format: format,
      enable_safety_checker: safety,
    },
  },
  {
    id: "fal-ai/flux/dev",
    name: "FLUX.1 [dev]",
    category: "text-to-image",
    price: usd("0.025", "megapixels"),
    description: "Images of high quality, with 12 billion parameters",
    quality: 4,
    typicalMs: 5000,
    required: ["prompt"],
    properties: {
      prompt,
      image_size: size,
      num_images: count,
      num_inference_steps: steps(50, 28),
      guidance_scale: guidance(3.5),
      seed,
      output_format: format,
      enable_safety_checker: safety,
    },
  },
  {
    id: "fal-ai/flux-pro/v1.1",
    name: "FLUX1.1 [pro]",
    category: "text-to-image",
    price: usd("0.04", "megapixels"),
    description: "Images of the highest quality of this family",
    quality: 5,
    typicalMs: 8000,
    required: ["prompt"],
    properties: {
      prompt,
      image_size: size,
      num_images: count,
      seed,
      output_format: format,
      enable_safety_checker: safety,
    },
  },
  {
    id: "fal-ai/birefnet/v2",
    name: "BiRefNet",
    category: "image-to-image",
    price: usd("0.00111", "compute seconds"),
    description: "Takes the background out of an image",
    quality: 4,
    typicalMs: 3000,
    required: ["image_url"],
    properties: {
      image_url: link,
      model: choice(
        "Which weights",
        ["General Use (Light)", "General Use (Heavy)", "Portrait", "Matting"],
        "General Use (Light)",
      ),
      refine_foreground: flag("Whether the edge of the foreground is refined", true),
      output_format: choice("The format of the image", ["png", "webp"], "png"),
    },
  },
  {
    id: "fal-ai/flux-pro/kontext",
    name: "FLUX.1 Kontext [pro]",
    category: "image-to-image",
    price: usd("0.04", "images"),
    description: "Changes an image as a text says",
    quality: 5,
    typicalMs: 10_000,
    required: ["prompt", "image_url"],
    properties: {
      prompt: edit,
      image_url: link,
      num_images: count,
      guidance_scale: guidance(3.5),
      seed,
      output_format: format,
    },
  },
  {
    id: "fal-ai/flux/dev/image-to-image",
    name: "FLUX.1 [dev] image to image",
    category: "image-to-image",
    price: usd("0.03", "megapixels"),
    description: "Draws an image anew, more or less like the first",
    quality: 4,
    typicalMs: 6000,
    required: ["prompt", "image_url"],
    properties: {
      prompt: edit,
      image_url: link,
      num_images: count,
      seed,
      num_inference_steps: steps(50, 40),
      guidance_scale: guidance(3.5),
      strength: number("How far it may go from the first image", 0.01, 1, { default: 0.95 }),
    },
  },
  {
    id: "fal-ai/stable-video",
    name: "Stable Video Diffusion",
    category: "image-to-video",
    price: usd("0.075", "videos"),
    description: "A short video that begins with an image",
    quality: 2,
    typicalMs: 40_000,
    required: ["image_url"],
    properties: {
      image_url: link,
      seed,
      motion_bucket_id: whole("How much moves", 1, 255, { default: 127 }),
      cond_aug: number("How much noise is added to the image at first", 0, 10, { default: 0.02 }),
      fps: whole("Frames a second", 10, 100, { default: 25 }),
    },
  },
  {
    id: "fal-ai/kling-video/v1.6/standard/image-to-video",
    name: "Kling 1.6",
    category: "image-to-video",
    price: usd("0.056", "seconds"),
    description: "A video of an image, moved as a text says",
    quality: 4,
    typicalMs: 240_000,
    required: ["prompt", "image_url"],
    properties: {
      prompt: edit,
      image_url: link,
      duration: choice("Seconds", ["5", "10"], "5"),
      negative_prompt: text("What is not to be seen", { default: "blur, distort, and low quality" }),
      cfg_scale: number("How closely the prompt is followed", 0, 1, { default: 0.5 }),
    },
  },
  {
    id: "fal-ai/wan/v2.2-a14b/text-to-video",
    name: "Wan 2.2",
    category: "text-to-video",
    price: usd("0.08", "seconds"),
    description: "A video of what a text says",
    quality: 4,
    typicalMs: 120_000,
    required: ["prompt"],
    properties: {
      prompt,
      seed,
      resolution: choice("The height", ["480p", "580p", "720p"], "720p"),
      aspect_ratio: choice("Width to height", ["16:9", "9:16", "1:1"], "16:9"),
      num_frames: whole("How many frames", 17, 161, { default: 81 }),
    },
  },
  {
    id: "fal-ai/stable-audio",
    name: "Stable Audio Open",
    category: "text-to-audio",
    price: usd("0.00125", "compute seconds"),
    description: "Music and sounds of what a text says",
    quality: 3,
    typicalMs: 15_000,
    required: ["prompt"],
    properties: {
      prompt: text("What is to be heard"),
      seconds_total: whole("Seconds", 0, 47, { default: 30 }),
      steps: whole("Steps; more is finer and slower", 1, 1000, { default: 100 }),
    },
  },
  {
    id: "fal-ai/kokoro/american-english",
    name: "Kokoro",
    category: "text-to-speech",
    price: usd("0.02", "1000 characters"),
    description: "Reads a text aloud, in American English",
    quality: 3,
    typicalMs: 3000,
    required: ["prompt"],
    properties: {
      prompt: text("What is to be said"),
      voice: choice(
        "Whose voice",
        ["af_heart", "af_bella", "af_nicole", "am_adam", "am_michael", "am_puck"],
        "af_heart",
      ),
      speed: number("How fast", 0.1, 5, { default: 1 }),
    },
  },
  {
    id: "fal-ai/video-upscaler",
    name: "Video Upscaler",
    category: "video-to-video",
    price: usd("0.0005", "megapixels of video data"),
    description: "Makes a video larger",
    quality: 3,
    typicalMs: 60_000,
    required: ["video_url"],
    properties: { video_url: link, scale: number("How many times as large", 1, 8, { default: 2 }) },
  },
  {
    id: "fal-ai/triposr",
    name: "TripoSR",
    category: "image-to-3d",
    price: usd("0.07", "generations"),
    description: "A mesh of the thing in an image",
    quality: 2,
    typicalMs: 5000,
    required: ["image_url"],
    properties: {
      image_url: link,
      output_format: choice("The format of the mesh", ["glb", "obj"], "glb"),
      do_remove_background: flag("Whether the background is taken out first", true),
      foreground_ratio: number("How much of the image the thing fills", 0.5, 1, { default: 0.9 }),
    },
  },
];
