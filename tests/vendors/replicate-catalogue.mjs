/** The models that the loopback of Replicate has, as its API lists them: with OpenAPI, examples and collections. */

const text = (description, more = {}) => ({ type: "string", description, ...more });
const link = (description) => text(description, { format: "uri" });
const prompt = text("What it is about");
const seed = { type: "integer", description: "The same seed gives the same result", nullable: true };
const PIECES = {
  type: "array",
  items: { type: "string" },
  "x-cog-array-type": "iterator",
  "x-cog-array-display": "concatenate",
};
const LINK = { type: "string", format: "uri" };
const LINKS = { type: "array", items: LINK };
const TRANSCRIPT = {
  type: "object",
  required: ["detected_language", "transcription"],
  properties: {
    segments: {},
    srt_file: LINK,
    transcription: { type: "string" },
    detected_language: { type: "string" },
  },
};

/** Versions have 64 digits. */
const version = (digit) => digit.repeat(64);

/**
 * The input of each model, and what it makes: some are models of Replicate's own, with some of their inputs, and others
 * are there for a peculiarity. An official model has no version that can be run.
 */
const MODELS = [
  {
    id: "black-forest-labs/flux-schnell",
    collections: ["text-to-image"],
    output: LINKS,
    makes: "image",
    required: ["prompt"],
    properties: {
      prompt,
      num_outputs: { type: "integer", minimum: 1, maximum: 4, default: 1, description: "How many" },
      output_format: {
        allOf: [{ $ref: "#/components/schemas/output_format" }],
        default: "webp",
        description: "The format",
      },
      seed,
      webhook_api_key: text("A key of somebody else", { format: "password" }),
    },
    schemas: {
      output_format: {
        type: "string",
        title: "output_format",
        enum: ["webp", "jpg", "png"],
        description: "An enumeration.",
      },
    },
  },
  {
    id: "black-forest-labs/flux-1.1-pro",
    collections: ["text-to-image"],
    output: LINK,
    makes: "image",
    required: ["prompt"],
    properties: { prompt, image_prompt: link("A picture to go by"), seed },
  },
  {
    id: "nightmareai/real-esrgan",
    version: "f121d640bd286e1fdc67f9799164c1d5be36ff74576ee11c803ae5b665dd46aa",
    collections: ["super-resolution"],
    output: LINK,
    makes: "image",
    required: ["image"],
    properties: {
      image: link("The picture"),
      scale: { type: "number", minimum: 0, maximum: 10, default: 4, description: "How much larger" },
    },
  },
  {
    id: "lucataco/remove-bg",
    version: "95fcc2a26d3899cd6c2691c900465aaeff466285a65c14638cc5f36f34befaf1",
    collections: ["image-editing"],
    output: LINK,
    makes: "image",
    required: ["image"],
    properties: { image: link("The picture") },
  },
  {
    id: "acme/masked",
    version: version("a"),
    collections: ["image-editing"],
    output: LINK,
    makes: "image",
    required: ["image", "prompt"],
    properties: { image: link("The picture"), mask: link("What stays"), prompt },
  },
  {
    id: "lightricks/ltx-video",
    version: "8c47da666861d081eeb4d1261853087de23923a268a69b63febdf5dc1dee08e4",
    collections: ["text-to-video", "image-to-video"],
    output: LINKS,
    makes: "video",
    required: [],
    properties: { prompt: { ...prompt, default: "a scene" }, image: link("Where it begins"), seed },
  },
  {
    id: "minimax/video-01",
    collections: ["text-to-video"],
    output: LINK,
    makes: "video",
    required: ["prompt"],
    properties: { prompt, first_frame_image: link("Where it begins") },
  },
  {
    id: "jaaari/kokoro-82m",
    version: "dfdf537ba482b029e0a761699e6f55e9162cfd159270bfe0e44857caa5f275a6",
    collections: ["text-to-speech"],
    output: LINK,
    makes: "audio",
    required: ["text"],
    properties: {
      text: text("What is said"),
      speed: { type: "number", minimum: 0.1, maximum: 5, default: 1, description: "How fast" },
    },
  },
  {
    id: "meta/musicgen",
    version: "671ac645ce5e552cc63a54a2bbff63fcf798043055d2dac5fc9e36a837eedcfb",
    collections: ["ai-music-generation"],
    output: LINK,
    makes: "audio",
    required: [],
    properties: {
      prompt,
      input_audio: link("What it is like"),
      duration: { type: "integer", default: 8, description: "Seconds" },
    },
  },
  {
    id: "openai/whisper",
    version: "8099696689d249cf8b122d833c36ac3f75505c666a395ca40ef26f68e7d3d16e",
    collections: ["speech-to-text"],
    output: TRANSCRIPT,
    makes: "transcript",
    required: ["audio"],
    properties: {
      audio: link("What is said"),
      translate: { type: "boolean", default: false, description: "To English" },
    },
  },
  {
    id: "lucataco/moondream2",
    version: "72ccb656353c348c1385df54b237eeb7bfa874bf11486cf0b9473e691b662d31",
    collections: ["vision-models"],
    output: PIECES,
    makes: "text",
    required: ["image"],
    properties: { image: link("The picture"), prompt: { ...prompt, default: "Describe this image" } },
  },
  {
    id: "meta/meta-llama-3-8b-instruct",
    collections: ["language-models"],
    output: PIECES,
    makes: "text",
    required: [],
    properties: { prompt, max_tokens: { type: "integer", default: 512, description: "At most" } },
  },
  {
    id: "acme/anything",
    version: version("b"),
    collections: ["text-to-image"],
    output: { title: "Output" },
    makes: "image",
    required: ["prompt"],
    properties: { prompt },
  },
  {
    id: "acme/locked",
    version: version("c"),
    collections: ["text-to-image"],
    output: LINK,
    makes: "image",
    required: ["prompt", "openai_api_key"],
    properties: { prompt, openai_api_key: text("A key") },
  },
  {
    id: "acme/film-to-film",
    version: version("d"),
    collections: ["text-to-video"],
    output: LINK,
    makes: "video",
    required: ["video"],
    properties: { video: link("The film") },
  },
  { id: "acme/nothing-said", version: version("e"), collections: ["text-to-video"], output: LINK },
  {
    id: "you/private",
    version: version("f"),
    isPrivate: true,
    collections: [],
    output: LINK,
    makes: "image",
    required: ["prompt"],
    properties: { prompt },
  },
];

const EXAMPLES = {
  image: "https://replicate.delivery/example/out-0.webp",
  video: "https://replicate.delivery/example/out.mp4",
  audio: "https://replicate.delivery/example/out.wav",
  text: ["It", " is", " so"],
  transcript: { transcription: "It is so", detected_language: "english", segments: [], srt_file: null },
};

/** Finds a model by name. */
export const byName = (name) => MODELS.find(({ id }) => id === name);

/** Finds the model that has a version. */
export const byVersion = (asked) =>
  MODELS.find((model) => model.version !== undefined && model.version === asked.split(":").at(-1));

/** A version, with its schemas. */
export function versionOf({ version: id = "hidden", required, properties, output, schemas = {} }) {
  const ordered = Object.entries(properties ?? {}).map(([name, schema], index) => [
    name,
    { title: name, "x-order": index, ...schema },
  ]);
  const input = { type: "object", title: "Input", required, properties: Object.fromEntries(ordered.reverse()) };
  const openapi = {
    openapi: "3.0.2",
    info: { title: "Cog", version: "0.1.0" },
    paths: {},
    components: { schemas: { Input: input, Output: output, ...schemas } },
  };
  return {
    id,
    created_at: "2025-01-08T18:21:04.741090Z",
    cog_version: "0.13.6",
    openapi_schema: properties === undefined ? null : openapi,
  };
}

/** A model, as it is listed. */
export function shown(model) {
  const [owner, name] = model.id.split("/");
  const example =
    model.makes === undefined ? null : { id: "example", status: "succeeded", input: {}, output: EXAMPLES[model.makes] };
  return {
    url: `https://replicate.com/${model.id}`,
    owner,
    name,
    description: `${name}, on the loopback`,
    visibility: model.isPrivate ? "private" : "public",
    is_official: model.version === undefined,
    github_url: null,
    paper_url: null,
    license_url: null,
    run_count: 7,
    cover_image_url: null,
    default_example: example,
    latest_version: versionOf(model),
  };
}

/** A collection; none where there is none of that name. */
export function collection(slug) {
  const models = MODELS.filter(({ collections }) => collections.includes(slug)).map(shown);
  return models.length === 0 ? undefined : { name: slug, slug, description: `${slug}, on the loopback`, models };
}
