/**
 * Models that are known without asking: what is declared at the start, and what there is while the list cannot be had.
 * Their inputs are those of January 2025, and what has a version is run in that one. How good they are is a guess of
 * ours; how long they take is what Replicate's own examples took.
 */

import type { Raw } from "./model.js";

const text = (description: string, more: object = {}) => ({ type: "string", description, ...more });
const whole = (description: string, more: object = {}) => ({ type: "integer", description, ...more });
const number = (description: string, more: object = {}) => ({ type: "number", description, ...more });
const flag = (description: string, otherwise: boolean) => ({ type: "boolean", description, default: otherwise });
const choice = (description: string, values: readonly (string | number)[], otherwise: string | number) => ({
  type: typeof otherwise === "string" ? "string" : "integer",
  description,
  enum: values,
  default: otherwise,
});
const range = (minimum: number, maximum: number, otherwise?: number) => ({
  minimum,
  maximum,
  ...(otherwise !== undefined && { default: otherwise }),
});

const link = { type: "string", format: "uri" };
const seed = whole("The same seed and input give the same result; without it, a random one");
const format = choice("The format of the image", ["webp", "jpg", "png"], "webp");
const quality = whole("How much of the image is kept when it is packed; for PNG it means nothing", range(0, 100, 80));
const prompt = text("What it is to show");

const IMAGES: readonly Raw[] = [
  {
    id: "black-forest-labs/flux-schnell",
    description: "The fastest of the FLUX models: an image in four steps",
    makes: "image",
    required: ["prompt"],
    properties: {
      prompt,
      aspect_ratio: choice(
        "Width to height",
        ["1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21"],
        "1:1",
      ),
      num_outputs: whole("How many are made", range(1, 4, 1)),
      num_inference_steps: whole("Steps; fewer are faster and worse", range(1, 4, 4)),
      seed,
      output_format: format,
      output_quality: quality,
      disable_safety_checker: flag("Whether the safety checker is left out", false),
      go_fast: flag("Whether a faster form of the model, of less precision, is used", true),
      megapixels: choice("How many megapixels it has, about", ["1", "0.25"], "1"),
    },
    quality: 3,
    typicalMs: 1000,
  },
  {
    id: "black-forest-labs/flux-1.1-pro",
    description: "Images that keep close to the text, and are good in detail",
    makes: "image",
    required: ["prompt"],
    properties: {
      prompt,
      image_prompt: link,
      aspect_ratio: choice(
        "Width to height; `custom` for those that are given",
        ["custom", "1:1", "16:9", "3:2", "2:3", "4:5", "5:4", "9:16", "3:4", "4:3"],
        "1:1",
      ),
      width: whole("Pixels, where the aspect ratio is `custom`", range(256, 1440)),
      height: whole("Pixels, where the aspect ratio is `custom`", range(256, 1440)),
      safety_tolerance: whole("How much is let through: 1 is the least", range(1, 6, 2)),
      seed,
      prompt_upsampling: flag("Whether the text is first made richer", false),
      output_format: format,
      output_quality: quality,
    },
    quality: 4,
    typicalMs: 4000,
  },
  {
    id: "nightmareai/real-esrgan",
    version: "f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa",
    description: "Makes an image larger, and faces better",
    makes: "image",
    required: ["image"],
    properties: {
      image: link,
      scale: number("How many times as large", range(0, 10, 4)),
      face_enhance: flag("Whether faces are made better", false),
    },
    quality: 3,
    typicalMs: 3000,
  },
  {
    id: "lucataco/remove-bg",
    version: "95fcc2a26d3899cd6c2691c900465aaeff466285a65c14638cc5f36f34befaf1",
    description: "Takes the background out of an image",
    makes: "image",
    required: ["image"],
    properties: { image: link },
    quality: 3,
    typicalMs: 1000,
  },
];

const VIDEOS: readonly Raw[] = [
  {
    id: "lightricks/ltx-video",
    version: "8c47da666861d081eeb4d1261853087de23923a268a69b63febdf5dc1dee08e4",
    description: "Short videos of a text, or of an image and what happens in it",
    makes: "video",
    required: [],
    properties: {
      prompt: text("What it is to show, at length", {
        default: "best quality, 4k, HDR, a tracking shot of a beautiful scene",
      }),
      negative_prompt: text("What it is not to show", { default: "low quality, worst quality, deformed, distorted" }),
      image: link,
      image_noise_scale: number("How far it may go from the image", range(0, 1, 0.15)),
      target_size: choice("The size, in pixels", [512, 576, 640, 704, 768, 832, 896, 960, 1024], 640),
      aspect_ratio: choice(
        "Width to height, where there is no image",
        ["1:1", "1:2", "2:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "9:21", "21:9"],
        "3:2",
      ),
      cfg: number("How closely the text is followed", range(1, 20, 3)),
      steps: whole("Steps; more is finer and slower", range(1, 50, 30)),
      length: choice("Frames", [97, 129, 161, 193, 225, 257], 97),
      model: choice("Which version of the model", ["0.9.1", "0.9"], "0.9.1"),
      seed,
    },
    quality: 2,
    typicalMs: 12_000,
  },
  {
    id: "minimax/video-01",
    description: "Six seconds of video of a text, and of an image where there is one",
    makes: "video",
    required: ["prompt"],
    properties: {
      prompt: text("What happens"),
      first_frame_image: link,
      prompt_optimizer: flag("Whether the text is first made better", true),
    },
    quality: 4,
    typicalMs: 290_000,
  },
];

const SOUNDS: readonly Raw[] = [
  {
    id: "jaaari/kokoro-82m",
    version: "dfdf537ba482b029e0a761699e6f55e9162cfd159270bfe0e44857caa5f275a6",
    description: "Speaks a text",
    makes: "audio",
    required: ["text"],
    properties: {
      text: text("What is said"),
      voice: choice(
        "Who says it",
        [
          ...["af", "af_bella", "af_sarah", "am_adam", "am_michael", "bf_emma", "bf_isabella", "bm_george"],
          ...["bm_lewis", "af_nicole", "af_sky"],
        ],
        "af",
      ),
      speed: number("How many times as fast", range(0.1, 5, 1)),
    },
    quality: 3,
    typicalMs: 1000,
  },
  {
    id: "meta/musicgen",
    version: "671ac645ce5e552cc63a54a2bbff63fcf798043055d2dac5fc9e36a837eedcfb",
    description: "Music by its description",
    makes: "audio",
    required: [],
    properties: {
      prompt: text("What the music is like"),
      model_version: choice(
        "Which form of the model",
        ["stereo-melody-large", "stereo-large", "melody-large", "large"],
        "stereo-melody-large",
      ),
      input_audio: link,
      duration: whole("Seconds", { default: 8 }),
      continuation: flag("Whether the sound that is given is continued, not imitated", false),
      output_format: choice("The format of the sound", ["wav", "mp3"], "wav"),
      temperature: number("How freely it chooses", { default: 1 }),
      seed,
    },
    quality: 3,
    typicalMs: 66_000,
  },
];

const TEXTS: readonly Raw[] = [
  {
    id: "openai/whisper",
    version: "8099696689d249cf8b122d833c36ac3f75505c666a395ca40ef26f68e7d3d16e",
    description: "Writes down what is said",
    makes: "text",
    required: ["audio"],
    properties: {
      audio: link,
      transcription: choice("How it is written down", ["plain text", "srt", "vtt"], "plain text"),
      translate: flag("Whether it is also translated, to English", false),
      language: text("The language, by its code, or `auto`", { default: "auto" }),
      temperature: number("How freely it chooses", { default: 0 }),
      initial_prompt: text("A text that it goes on from; without it, none"),
      condition_on_previous_text: flag("Whether it goes by what was said before", true),
    },
    quality: 4,
    typicalMs: 17_000,
  },
  {
    id: "lucataco/moondream2",
    version: "72ccb656353c348c1385df54b237eeb7bfa874bf11486cf0b9473e691b662d31",
    description: "Says what is in an image, and answers questions about it",
    makes: "text",
    required: ["image"],
    properties: { image: link, prompt: text("What is asked", { default: "Describe this image" }) },
    quality: 2,
    typicalMs: 1000,
  },
  {
    id: "meta/meta-llama-3-8b-instruct",
    description: "Llama 3 of 8 billion parameters answers a text",
    makes: "text",
    required: [],
    properties: {
      prompt: text("What is asked"),
      max_tokens: whole("How many tokens the answer has at most", { default: 512 }),
      min_tokens: whole("How many it has at least", { default: 0 }),
      temperature: number("How freely it chooses", { default: 0.6 }),
      top_p: number("Of how much of what is likely it chooses", { default: 0.9 }),
      top_k: whole("Among how many tokens it chooses", { default: 50 }),
      presence_penalty: number("How much it shuns words that it has said", { default: 1.15 }),
      frequency_penalty: number("How much it shuns words by how often it has said them", { default: 0.2 }),
      prompt_template: text("What is put around the text, which stands for `{prompt}`", { default: "{prompt}" }),
    },
    quality: 2,
    typicalMs: 2000,
  },
];

export const FALLBACK: readonly Raw[] = [...IMAGES, ...VIDEOS, ...SOUNDS, ...TEXTS];
