/**
 * The loopback of OpenAI's API, and of others that speak it: `/v1/models`, chat, images, speech and transcriptions. It
 * follows the documents and the official client, which passes.
 *
 * What is submitted is in the ledger, with every file's hash; what came to a good end is charged, and a client that
 * leaves in the middle of an answer is among `closed`. URLs that it returns lead back to it.
 */

import { createHash } from "node:crypto";

import { MEDIA } from "./media.mjs";
import { chunks, transcription, VARIANTS, written } from "./openai-stream.mjs";
import { Refusal } from "./server.mjs";

/** Keys that are not as good as any other. */
const WRONG_KEY = "wrong";
const EMPTY_ACCOUNT = "broke";

/** The longest text that a model takes, in characters. */
const CONTEXT = 20_000;

/** The models, and what each is for. */
const MODELS = {
  "gpt-6-luna": "chat",
  "gpt-6.1-terra": "chat",
  "llama-3.3-70b": "chat",
  "gpt-image-2": "image",
  "grok-imagine-image": "image",
  "dall-e-3": "image",
  "gpt-4o-mini-tts": "speech",
  "tts-1": "speech",
  "gpt-transcribe": "transcription",
  "gpt-4o-mini-transcribe": "transcription",
  "whisper-1": "transcription",
  "text-embedding-3-small": "embedding",
};

const OPERATIONS = {
  "GET /v1/models": ["models", models],
  "POST /v1/chat/completions": ["chat", chat],
  "POST /v1/images/generations": ["image", generations],
  "POST /v1/images/edits": ["edit", edits],
  "POST /v1/audio/speech": ["speech", speech],
  "POST /v1/audio/transcriptions": ["transcription", transcriptions],
};

export function openai(server) {
  const state = { submissions: [], charges: [], closed: [], downloads: [] };
  const settings = { stream: {}, answer: {}, models: undefined, hold: undefined, isKeyless: false };
  const site = { server, state, settings, waiting: [] };
  return {
    state: () => state,
    route: (request) => route(site, request),
    control: {
      /** How streams are written from now on: names of `VARIANTS`. */
      stream: (variant) => {
        const unknown = Object.keys(variant).find((name) => VARIANTS[name] === undefined);
        if (unknown !== undefined) throw new Refusal(400, { detail: `there is no variant \`${unknown}\`` });
        settings.stream = variant;
      },
      /** What is answered from now on: `text`, `finish`, `usage`, `images` (`url` or `b64_json`), `bytes`, `type`. */
      answer: (answer) => void (settings.answer = answer),
      /** What `/v1/models` answers, whatever that is. */
      models: ({ body }) => void (settings.models = body),
      /** Keeps streams where they are after so many events, until `release`. */
      hold: ({ after }) => void (settings.hold = after),
      release: () => {
        settings.hold = undefined;
        site.waiting.splice(0).forEach((go) => go());
      },
      /** As a server of one's own: nobody needs a key. */
      keyless: () => void (settings.isKeyless = true),
    },
  };
}

function refusal(status, message, code = null, param = null, type = "invalid_request_error") {
  return new Refusal(status, { error: { message, type, param, code } });
}

function route(site, request) {
  const { method, path } = request;
  if (method === "GET" && path.startsWith("/files/")) return { operation: "file", handle: () => file(site, path) };
  const [operation, handle] = OPERATIONS[`${method} ${path}`] ?? [];
  if (operation === undefined) throw refusal(404, `Invalid URL (${method} ${path})`);
  return {
    operation,
    handle: async () => {
      if (!site.settings.isKeyless) authorise(request);
      return handle(site, request);
    },
  };
}

function authorise({ headers }) {
  const [scheme, key] = (headers.authorization ?? "").split(" ");
  if (scheme !== "Bearer" || !key) throw refusal(401, "You didn't provide an API key.");
  if (key === WRONG_KEY) throw refusal(401, "Incorrect API key provided: wr**ng.", "invalid_api_key");
  if (key === EMPTY_ACCOUNT) {
    const message = "You exceeded your current quota, please check your plan and billing details.";
    throw refusal(429, message, "insufficient_quota", null, "insufficient_quota");
  }
}

function models({ settings }) {
  const data = Object.keys(MODELS).map((id) => ({ id, object: "model", created: 1_790_000_000, owned_by: "system" }));
  return { body: settings.models ?? { object: "list", data } };
}

/** Reads a body of JSON, or of parts with files. */
async function read({ headers, bytes }) {
  const type = headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) return { fields: parsed(bytes), files: [] };
  const form = await new Response(bytes, { headers: { "content-type": type } }).formData();
  const fields = {};
  const files = [];
  for (const [name, value] of form) {
    if (typeof value === "string") fields[name] = value;
    else {
      const content = Buffer.from(await value.arrayBuffer());
      const sha256 = createHash("sha256").update(content).digest("hex");
      files.push({ field: name, name: value.name, type: value.type, bytes: content.length, sha256 });
    }
  }
  return { fields, files };
}

function parsed(bytes) {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw refusal(400, "We could not parse the JSON body of your request.");
  }
}

/** Takes a job, once it is known that it can be done. */
function submit({ state }, kind, { fields, files }) {
  const { model } = fields;
  if (typeof model !== "string") throw refusal(400, "you must provide a model parameter", null, "model");
  if (MODELS[model] !== kind) {
    throw refusal(404, `The model \`${model}\` does not exist or you do not have access to it.`, "model_not_found");
  }
  const id = `${kind}-${state.submissions.length + 1}`;
  state.submissions.push({ id, kind, model, fields, files });
  return { id, model };
}

/** Refuses a prompt that is missing, too long or not allowed. */
function checked(prompt, field) {
  if (typeof prompt !== "string" || prompt === "") throw refusal(400, `Missing required parameter: '${field}'.`, "missing_required_parameter", field);
  if (prompt.length > CONTEXT) {
    const message = `This model's maximum context length is ${CONTEXT} tokens. However, your messages resulted in ${prompt.length} tokens.`;
    throw refusal(400, message, "context_length_exceeded", field);
  }
  if (prompt.includes("forbidden")) {
    throw refusal(400, "Your request was rejected by the safety system.", "moderation_blocked", null, "image_generation_user_error");
  }
  return prompt;
}

/** A number of a body, within its bounds. */
function bounded(fields, name, least, most) {
  const value = fields[name] === undefined ? undefined : Number(fields[name]);
  if (value === undefined || (value >= least && value <= most)) return value;
  throw refusal(400, `Invalid '${name}': expected a number from ${least} to ${most}.`, "invalid_value", name);
}

export const words = (text) => text.split(/\s+/).filter(Boolean).length;

async function chat(site, request) {
  const body = await read(request);
  const { fields } = body;
  if (!Array.isArray(fields.messages) || fields.messages.length === 0)
    throw refusal(400, "Missing required parameter: 'messages'.", "missing_required_parameter", "messages");
  bounded(fields, "temperature", 0, 2);
  const parts = fields.messages.flatMap(({ content }) => (Array.isArray(content) ? content : [{ type: "text", text: content }]));
  const text = checked(parts.map((part) => part.text ?? "").join(" "), "messages");
  const images = parts.filter(({ type }) => type === "image_url").map(seen);
  const job = submit(site, "chat", body);
  const { answer } = site.settings;
  const said = answer.text ?? (images.length > 0 ? `I see ${images.join(" and ")}.` : `You said: ${parts.at(-1).text} ⏳🦊`);
  const prompt_tokens = words(text) + 85 * images.length;
  const completion_tokens = words(said);
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, ...answer.usage };
  return answered(site, request, fields, { ...job, text: said, finish: answer.finish ?? "stop", usage });
}

/** What an image is: its type, and how many bytes it has. */
export function seen({ image_url: { url } }) {
  const [, type, data] = /^data:([\w/+.-]+);base64,(.*)$/.exec(url) ?? [];
  if (type === undefined) throw refusal(400, "Failed to download image.", "invalid_image_url", "messages");
  return `${type} of ${Buffer.from(data, "base64").length} bytes`;
}

/** Answers a chat, whole or piece by piece. */
export function answered(site, request, fields, job) {
  const { settings } = site;
  const variant = settings.stream;
  if (!fields.stream || variant.plain) {
    charge(site, job);
    const { id, model, text, finish, usage } = job;
    const choice = { index: 0, message: { role: "assistant", content: text, refusal: null }, logprobs: null, finish_reason: finish };
    return { headers: { "x-request-id": id }, body: { id, object: "chat.completion", created: 1_790_000_000, model, choices: [choice], usage } };
  }
  const isAsked = fields.stream_options?.include_usage === true;
  const events = chunks(job, isAsked ? variant : { ...variant, noUsage: true });
  return { headers: { "x-request-id": job.id }, stream: streamed(site, request, events, job) };
}

export function charge({ state }, { id, model, usage }) {
  state.charges.push({ id, model, usage });
}

/** Writes events; who leaves before the last is among `closed`. */
async function* streamed(site, request, events, job) {
  const { settings, state, waiting } = site;
  let isWhole = false;
  const before = async (index) => {
    if (index !== settings.hold) return;
    await Promise.race([new Promise((go) => waiting.push(go)), request.closed]);
  };
  try {
    yield* written(events, settings.stream, before);
    isWhole = !request.isClosed();
    if (isWhole && !events.some(({ error }) => error)) charge(site, job);
  } finally {
    if (!isWhole) state.closed.push(job.id);
  }
}

async function generations(site, request) {
  const body = await read(request);
  checked(body.fields.prompt, "prompt");
  return pictures(site, body);
}

async function edits(site, request) {
  const body = await read(request);
  checked(body.fields.prompt, "prompt");
  if (!body.files.some(({ field }) => /^image(\[\])?$/.test(field)))
    throw refusal(400, "Missing required parameter: 'image'.", "missing_required_parameter", "image");
  return pictures(site, body);
}

function pictures(site, body) {
  const { fields, files } = body;
  const count = bounded(fields, "n", 1, 10) ?? 1;
  if (fields.model === "dall-e-3" && count > 1) throw refusal(400, "Invalid 'n'.", "invalid_value", "n");
  const isNew = fields.model === "gpt-image-2";
  if (isNew && fields.response_format !== undefined)
    throw refusal(400, "Unknown parameter: 'response_format'.", "unknown_parameter", "response_format");
  const job = submit(site, "image", body);
  const { images = isNew ? "b64_json" : "url", url = `${site.server.url}/files/${job.id}.png`, usage } = site.settings.answer;
  const picture = images === "url" ? { url } : { b64_json: MEDIA.image.bytes.toString("base64") };
  const data = Array.from({ length: count }, () => ({ ...picture, ...(isNew ? {} : { revised_prompt: `${fields.prompt}, in oil` }) }));
  const image_tokens = 323 * files.length;
  const text_tokens = words(fields.prompt);
  const counted = {
    input_tokens: text_tokens + image_tokens,
    output_tokens: 1056 * count,
    total_tokens: text_tokens + image_tokens + 1056 * count,
    input_tokens_details: { text_tokens, image_tokens },
    ...usage,
  };
  charge(site, { ...job, usage: counted });
  const told = isNew ? { usage: counted, output_format: "png", size: "1024x1024" } : {};
  return { headers: { "x-request-id": job.id }, body: { created: 1_790_000_000, data, ...told } };
}

export function file({ state }, path) {
  state.downloads.push(path);
  return { headers: { "content-type": MEDIA.image.type }, body: MEDIA.image.bytes };
}

async function speech(site, request) {
  const body = await read(request);
  const { fields } = body;
  checked(fields.input, "input");
  if (typeof fields.voice !== "string") throw refusal(400, "Missing required parameter: 'voice'.", "missing_required_parameter", "voice");
  bounded(fields, "speed", 0.25, 4);
  const job = submit(site, "speech", body);
  charge(site, { ...job, usage: { characters: fields.input.length } });
  const { bytes, type } = site.settings.answer;
  const content = bytes === undefined ? MEDIA.audio.bytes : Buffer.from(bytes);
  return { headers: { "x-request-id": job.id, "content-type": type ?? MEDIA.audio.type }, body: content };
}

async function transcriptions(site, request) {
  const body = await read(request);
  const { fields, files } = body;
  const [audio] = files;
  if (audio?.field !== "file" || audio.bytes === 0) throw refusal(400, "The audio file could not be decoded.", "invalid_value", "file");
  if (!/\.(flac|mp3|mp4|mpeg|mpga|m4a|ogg|wav|webm)$/.test(audio.name))
    throw refusal(400, "Unrecognized file format.", "unsupported_format", "file");
  const job = submit(site, "transcription", body);
  const isOld = fields.model === "whisper-1";
  const isTimed = isOld || fields.model === "gpt-transcribe";
  const usage = isTimed ? { type: "duration", seconds: 1 } : { type: "tokens", input_tokens: 14, output_tokens: 5, total_tokens: 19, input_token_details: { text_tokens: 0, audio_tokens: 14 } };
  const text = site.settings.answer.text ?? "A fox — says 🦊 what?";
  const told = { ...job, text, usage };
  // The old model takes no notice of `stream`.
  if (fields.stream === "true" && !isOld && !site.settings.stream.plain) {
    return { headers: { "x-request-id": job.id }, stream: streamed(site, request, transcription(told, site.settings.stream), told) };
  }
  charge(site, told);
  return { headers: { "x-request-id": job.id }, body: { text, usage } };
}
