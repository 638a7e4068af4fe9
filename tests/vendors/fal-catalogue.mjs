/** The endpoints that the loopback of fal has, as its platform API lists them: with OpenAPI, and with prices. */

const text = (description, more = {}) => ({ type: "string", description, ...more });
const link = (description) => text(description, { format: "uri" });
const count = { type: "integer", minimum: 1, maximum: 4, default: 1, description: "How many are made" };

/**
 * The input of each endpoint, what it makes, and what a unit costs. Some are endpoints of fal's own, others are
 * there for a peculiarity of a schema.
 */
const ENDPOINTS = [
  {
    id: "fal-ai/flux/schnell",
    name: "FLUX.1 [schnell]",
    category: "text-to-image",
    makes: "images",
    price: [0.003, "megapixels"],
    required: ["prompt"],
    properties: {
      prompt: text("What the picture shows"),
      num_images: count,
      image_size: {
        anyOf: [{ $ref: "#/components/schemas/ImageSize" }, { type: "string", enum: ["square_hd", "landscape_4_3"] }],
        default: "landscape_4_3",
        title: "Image Size",
      },
      num_inference_steps: { type: "integer", minimum: 1, maximum: 12, default: 4, description: "Steps" },
      guidance_scale: {
        type: "number",
        minimum: 0,
        exclusiveMinimum: true,
        default: 3.5,
        title: "Guidance scale (CFG)",
      },
      seed: { type: "integer", nullable: true, description: "The same seed gives the same picture" },
      sync_mode: { type: "boolean", default: false, description: "Return data URIs" },
    },
  },
  {
    id: "fal-ai/flux/dev",
    name: "FLUX.1 [dev]",
    category: "text-to-image",
    makes: "images",
    price: [0.025, "megapixels"],
    required: ["prompt"],
    properties: { prompt: text("What the picture shows"), num_images: count },
  },
  {
    id: "fal-ai/birefnet/v2",
    name: "BiRefNet",
    category: "image-to-image",
    makes: "image",
    price: [0, "compute seconds"],
    required: ["image_url"],
    properties: { image_url: link("The picture"), refine_foreground: { type: "boolean", default: true } },
  },
  {
    id: "fal-ai/flux-pro/kontext",
    name: "FLUX.1 Kontext",
    category: "image-to-image",
    makes: "images",
    price: [0.04, "images"],
    required: ["prompt", "image_url"],
    properties: {
      prompt: text("What is changed"),
      image_url: link("The picture"),
      mask_url: link("Where"),
      num_images: count,
    },
  },
  {
    id: "fal-ai/stable-video",
    name: "Stable Video",
    category: "image-to-video",
    makes: "video",
    price: [0.075, "videos"],
    required: ["image_url"],
    properties: {
      image_url: link("The first frame"),
      motion_bucket_id: { type: "integer", minimum: 1, maximum: 255, default: 127 },
    },
  },
  {
    id: "fal-ai/wan/v2.2-a14b/text-to-video",
    name: "Wan 2.2",
    category: "text-to-video",
    makes: "video",
    price: [0.08, "seconds"],
    required: ["prompt"],
    properties: { prompt: text("What happens") },
  },
  {
    id: "fal-ai/stable-audio",
    name: "Stable Audio",
    category: "text-to-audio",
    makes: "audio_file",
    price: [0, "compute seconds"],
    required: ["prompt"],
    properties: {
      prompt: text("What is heard"),
      seconds_total: { type: "integer", minimum: 0, maximum: 47, default: 30 },
    },
  },
  {
    id: "fal-ai/kokoro/american-english",
    name: "Kokoro",
    category: "text-to-speech",
    makes: "audio",
    price: [0.02, "1000 characters"],
    required: ["text"],
    properties: {
      text: text("What is said"),
      voice: { type: "string", enum: ["af_heart", "am_adam"], default: "af_heart" },
    },
  },
  {
    id: "fal-ai/video-upscaler",
    name: "Video Upscaler",
    category: "video-to-video",
    makes: "video",
    price: [0.0005, "megapixels of video data"],
    required: ["video_url"],
    properties: { video_url: link("The video"), scale: { type: "number", minimum: 1, maximum: 8, default: 2 } },
  },
  {
    id: "fal-ai/triposr",
    name: "TripoSR",
    category: "image-to-3d",
    makes: "model_mesh",
    price: [0.07, "generations"],
    required: ["image_url"],
    properties: { image_url: link("The thing"), do_remove_background: { type: "boolean", default: true } },
  },
  {
    id: "fal-ai/retired",
    name: "Retired",
    category: "text-to-image",
    makes: "images",
    price: [1, "images"],
    status: "deprecated",
    required: ["prompt"],
    properties: { prompt: text("Anything") },
  },
];

const BY_ID = new Map(ENDPOINTS.map((endpoint) => [endpoint.id, endpoint]));

/** What an endpoint's answer holds, by the name of its output. */
export const KINDS = {
  images: "image",
  image: "image",
  video: "video",
  audio: "audio",
  audio_file: "audio",
  model_mesh: "3d",
};

export const endpoint = (id) => BY_ID.get(id);

function openapi({ id, required, properties }) {
  const input = {
    title: "Input",
    type: "object",
    required,
    properties,
    "x-fal-order-properties": Object.keys(properties),
  };
  const size = {
    type: "object",
    properties: {
      width: {
        type: "integer",
        exclusiveMinimum: true,
        minimum: 0,
        maximum: 14142,
        default: 512,
        description: "Pixels",
      },
      height: {
        type: "integer",
        exclusiveMinimum: true,
        minimum: 0,
        maximum: 14142,
        default: 512,
        description: "Pixels",
      },
    },
  };
  const body = { required: true, content: { "application/json": { schema: { $ref: "#/components/schemas/Input" } } } };
  return {
    openapi: "3.0.4",
    info: { title: `Queue OpenAPI for ${id}`, "x-fal-metadata": { endpointId: id } },
    components: { schemas: { Input: input, ImageSize: size } },
    paths: {
      [`/${id}/requests/{request_id}/status`]: { get: {} },
      [`/${id}`]: { post: { requestBody: body } },
    },
  };
}

/** A page of the list; `limit` is at most four, so that there are several. */
export function list(query) {
  const category = query.get("category");
  const status = query.get("status");
  const matches = ({ category: own, status: state = "active" }) =>
    (category ?? own) === own && (status ?? state) === state;
  const found = ENDPOINTS.filter(matches);
  const size = Math.min(Number(query.get("limit") ?? 4), 4);
  const page = Number(Buffer.from(query.get("cursor") ?? "MQ==", "base64").toString());
  const models = found.slice((page - 1) * size, page * size).map((endpoint) => {
    const { id, name, category, status = "active" } = endpoint;
    const metadata = {
      display_name: name,
      category,
      description: `${name}, on the loopback`,
      status,
      tags: [],
      updated_at: "2026-11-01T00:00:00Z",
    };
    const expanded = query.get("expand") === "openapi-3.0" ? { openapi: openapi(endpoint) } : {};
    return { endpoint_id: id, metadata, ...expanded };
  });
  const has_more = page * size < found.length;
  return { models, has_more, next_cursor: has_more ? Buffer.from(String(page + 1)).toString("base64") : null };
}

/** Prices by id; an unknown one is left out. */
export function prices(ids, changed) {
  const known = ids.map((id) => BY_ID.get(id)).filter((endpoint) => endpoint !== undefined);
  const price = ({ id, price: [unit_price, unit] }) => ({
    endpoint_id: id,
    unit_price,
    unit,
    currency: "USD",
    ...changed[id],
  });
  return { prices: known.map(price), next_cursor: null, has_more: false };
}
