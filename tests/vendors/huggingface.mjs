/**
 * The loopback of Hugging Face's Inference Providers: the router (`/v1` for chats, `/{provider}/…` for other tasks) and
 * what of the Hub belongs to it (`/api/models`). It follows the documents and the official client, which passes.
 *
 * What is submitted is in the ledger, with who pays and what a file's hash is; what came to a good end is charged, and a
 * client that leaves in the middle of an answer is among `closed`.
 */

import { createHash } from "node:crypto";

import { CHATS, OTHERS } from "./huggingface-models.mjs";
import { MEDIA } from "./media.mjs";
import { answered, charge, file, seen, words } from "./openai.mjs";
import { VARIANTS } from "./openai-stream.mjs";
import { Refusal } from "./server.mjs";

/** Keys that are not as good as any other; a good one begins with `hf_`. */
const READ_ONLY = "hf_readonly";
const EMPTY_ACCOUNT = "hf_broke";

/** The router's policies, and whom each chooses. */
const POLICIES = {
  fastest: (offers) => offers[0],
  preferred: (offers) => offers[0],
  cheapest: (offers) => [...offers].sort((a, b) => (a.pricing?.output ?? Infinity) - (b.pricing?.output ?? Infinity))[0],
};

export function huggingface(server) {
  const state = { submissions: [], charges: [], closed: [], downloads: [] };
  const settings = { stream: {}, answer: {}, models: undefined, hold: undefined };
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
      /** What the router lists, whatever that is. */
      models: ({ body }) => void (settings.models = body),
      /** Keeps streams where they are after so many events, until `release`. */
      hold: ({ after }) => void (settings.hold = after),
      release: () => {
        settings.hold = undefined;
        site.waiting.splice(0).forEach((go) => go());
      },
    },
  };
}

const refusal = (status, message, more = {}) => new Refusal(status, { error: message, ...more });

/** Paths, the operation of each, and what answers it; `open` needs no key. */
const OPERATIONS = [
  ["GET", /^\/v1\/models$/, "models", models, "open"],
  ["GET", /^\/v1\/models\/(.+)$/, "model", model, "open"],
  ["POST", /^\/v1\/chat\/completions$/, "chat", chat],
  ["GET", /^\/api\/models$/, "list", list, "open"],
  ["GET", /^\/api\/models\/(.+)$/, "mapping", mapping, "open"],
  ["POST", /^\/(hf-inference)\/models\/(.+)$/, "task", task],
  ["POST", /^\/(together|nscale)\/v1\/images\/generations$/, "image", generations],
  ["POST", /^\/(deepinfra)\/v1\/openai\/images\/generations$/, "image", generations],
  ["POST", /^\/(together)\/v1\/audio\/speech$/, "speech", speech],
  ["POST", /^\/(deepinfra)\/v1\/openai\/audio\/speech$/, "speech", speech],
  ["POST", /^\/(deepinfra)\/v1\/openai\/audio\/transcriptions$/, "transcription", transcriptions],
  ["GET", /^\/files\/(.+)$/, "file", ({ site, request }) => file(site, request.path), "open"],
];

function route(site, request) {
  for (const [method, path, operation, handle, isOpen] of OPERATIONS) {
    const found = request.method === method ? path.exec(decodeURIComponent(request.path)) : null;
    if (found === null) continue;
    return {
      operation,
      handle: async () => {
        authorise(request, isOpen);
        return handle({ site, request, found: found.slice(1) });
      },
    };
  }
  throw new Refusal(404, "Not Found");
}

function authorise({ headers }, isOpen) {
  const { authorization } = headers;
  if (authorization === undefined && isOpen) return;
  const [scheme, key] = (authorization ?? "").split(" ");
  if (scheme !== "Bearer" || !key) throw refusal(401, "Invalid username or password.");
  if (!key.startsWith("hf_")) throw refusal(401, "Invalid credentials in Authorization header");
  if (isOpen) return;
  if (key === READ_ONLY) {
    const message = "This authentication method does not have sufficient permissions to call Inference Providers on behalf of user fox";
    throw refusal(403, message);
  }
  if (key === EMPTY_ACCOUNT) {
    const message = "You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO to get 20x more monthly included credits.";
    throw refusal(402, message);
  }
}

function models({ site }) {
  return { body: site.settings.models ?? { object: "list", data: CHATS } };
}

function model({ found: [id] }) {
  const one = CHATS.find((chat) => chat.id === id);
  if (one === undefined) throw refusal(404, { message: `The model '${id}' does not exist`, code: "model_not_found" });
  return { body: one };
}

/** Who serves a model, in the form of the Hub. */
function servers(id) {
  const chat = CHATS.find((one) => one.id === id);
  if (chat === undefined) return OTHERS[id];
  const live = ({ provider, status }) => [provider, { status, providerId: id, task: "conversational", isModelAuthor: false }];
  return Object.fromEntries(chat.providers.map(live));
}

function mapping({ request, found: [id] }) {
  const told = servers(id);
  if (told === undefined) throw refusal(404, "Repository not found");
  const isAsked = request.query.getAll("expand[]").includes("inferenceProviderMapping");
  return { body: { _id: "67c35b9bb236f0d365bf29d3", id, ...(isAsked && { inferenceProviderMapping: told }) } };
}

function list({ request }) {
  const wanted = request.query.get("inference_provider")?.split(",") ?? [];
  const tag = request.query.get("pipeline_tag");
  const limit = Number(request.query.get("limit") ?? 30);
  const isAsked = request.query.getAll("expand[]").includes("inferenceProviderMapping");
  const fits = ([, by]) => Object.entries(by).some(([name, { task }]) => task === tag && (wanted[0] === "all" || wanted.includes(name)));
  const found = Object.entries(OTHERS).filter(fits).slice(0, limit);
  const told = found.map(([id, by]) => {
    const all = Object.entries(by).map(([provider, one]) => ({ provider, hfModelId: id, ...one }));
    return { id, modelId: id, pipeline_tag: tag, ...(isAsked && { inferenceProviderMapping: all }) };
  });
  return { body: told };
}

/** Takes a job. */
function submit({ site, request }, job) {
  const { state } = site;
  const id = `${job.kind}-${state.submissions.length + 1}`;
  const bytes = request.bytes;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const billTo = request.headers["x-hf-bill-to"];
  const type = request.headers["content-type"];
  state.submissions.push({ id, billTo, body: { type, bytes: bytes.length, sha256 }, ...job });
  return id;
}

function parsed({ bytes }) {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw refusal(400, ["Error in request: invalid JSON"]);
  }
}

function checked(prompt, field) {
  if (typeof prompt !== "string" || prompt === "") throw refusal(400, [`Error in \`${field}\`: field required`]);
  if (prompt.includes("forbidden")) throw refusal(400, "Your request was rejected by the safety system.");
  return prompt;
}

function chat(asked) {
  const fields = parsed(asked.request);
  const [id, wanted = "fastest"] = (fields.model ?? "").split(":");
  const live = (CHATS.find((one) => one.id === id)?.providers ?? []).filter(({ status }) => status === "live");
  const offer = POLICIES[wanted]?.(live) ?? live.find(({ provider }) => provider === wanted);
  if (offer === undefined) {
    const message = `The requested model '${fields.model}' is not supported by any provider you have enabled.`;
    throw refusal(400, { message, type: "invalid_request_error", param: "model", code: "model_not_supported" });
  }
  const { temperature } = fields;
  if (temperature !== undefined && !(temperature >= 0 && temperature <= 2)) {
    throw refusal(422, { message: "temperature: expected a number from 0 to 2", type: "invalid_request_error", param: "temperature", code: null });
  }
  const parts = (fields.messages ?? []).flatMap(({ content }) => (Array.isArray(content) ? content : [{ type: "text", text: content }]));
  const text = checked(parts.map((part) => part.text ?? "").join(" "), "messages");
  const images = parts.filter(({ type }) => type === "image_url").map(seen);
  if (images.length > 0 && id !== "google/gemma-3-27b-it") throw refusal(400, "the model takes no images");
  const { answer } = asked.site.settings;
  const said = answer.text ?? (images.length > 0 ? `I see ${images.join(" and ")}.` : `You said: ${parts.at(-1).text} ⏳🦊`);
  const [prompt_tokens, completion_tokens] = [words(text) + 85 * images.length, words(said)];
  const usage = { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, ...answer.usage };
  const job = { id: submit(asked, { kind: "chat", provider: offer.provider, model: id, fields }), model: id, text: said };
  const made = answered(asked.site, asked.request, fields, { ...job, finish: answer.finish ?? "stop", usage });
  return { ...made, headers: { ...made.headers, "x-inference-provider": offer.provider } };
}

/** Refuses what a provider does not serve; returns the task for which it does. */
function served(provider, providerId) {
  const all = Object.entries(OTHERS).map(([id, by]) => ({ id, by: by[provider] }));
  const found = all.find(({ by }) => by?.providerId === providerId && by.status === "live");
  if (found === undefined) throw refusal(400, `Model not supported by provider ${provider}`);
  return { model: found.id, task: found.by.task };
}

/** Hugging Face's own way: JSON with `inputs`, or the file as it is. */
function task(asked) {
  const [provider, providerId] = asked.found;
  const { model, task } = served(provider, providerId);
  return TASKS[task](asked, { provider, model });
}

const TASKS = {
  "text-to-image": (asked, job) => {
    const fields = parsed(asked.request);
    checked(fields.inputs, "inputs");
    const id = submit(asked, { kind: "image", ...job, fields });
    return made(asked, id, job, "image");
  },
  "text-to-speech": (asked, job) => {
    const fields = parsed(asked.request);
    checked(fields.inputs, "inputs");
    const id = submit(asked, { kind: "speech", ...job, fields });
    return made(asked, id, job, "audio");
  },
  "automatic-speech-recognition": (asked, job) => {
    if (!/^(audio|video)\//.test(asked.request.headers["content-type"] ?? "")) {
      throw refusal(400, "Content type \"application/octet-stream\" not supported. Supported content types are: audio/x-flac, audio/flac, audio/mpeg, audio/wave, audio/wav, audio/x-wav, audio/ogg");
    }
    const id = submit(asked, { kind: "transcription", ...job });
    return written(asked, id, job, { text: heard(asked) });
  },
  "image-to-text": (asked, job) => {
    const id = submit(asked, { kind: "caption", ...job });
    const generated_text = asked.site.settings.answer.text ?? `an image of ${asked.request.bytes.length} bytes`;
    return written(asked, id, job, asked.site.settings.answer.isList ? [{ generated_text }] : { generated_text });
  },
  "feature-extraction": () => {
    throw refusal(400, "no such task here");
  },
};

const heard = ({ site }) => site.settings.answer.text ?? "A fox — says 🦊 what?";

function written({ site }, id, { model }, body) {
  charge(site, { id, model, usage: {} });
  return { headers: { "x-request-id": id }, body };
}

/** A file that was made. */
function made({ site }, id, { model }, kind) {
  charge(site, { id, model, usage: {} });
  const { bytes, type } = site.settings.answer;
  const content = bytes === undefined ? MEDIA[kind].bytes : Buffer.from(bytes);
  return { headers: { "x-request-id": id, "content-type": type ?? MEDIA[kind].type }, body: content };
}

/** As OpenAI's API has it: several do. */
function generations(asked) {
  const [provider] = asked.found;
  const fields = parsed(asked.request);
  checked(fields.prompt, "prompt");
  const { model } = served(provider, fields.model);
  const wanted = provider === "together" ? ["base64", "url"] : ["b64_json", "url"];
  if (!wanted.includes(fields.response_format)) throw refusal(400, `response_format: expected ${wanted.join(" or ")}`);
  const id = submit(asked, { kind: "image", provider, model, fields });
  charge(asked.site, { id, model, usage: {} });
  const isUrl = asked.site.settings.answer.images === "url" || fields.response_format === "url";
  const one = isUrl ? { url: `${asked.site.server.url}/files/${id}.png` } : { b64_json: MEDIA.image.bytes.toString("base64") };
  return { headers: { "x-request-id": id }, body: { created: 1_790_000_000, data: [one] } };
}

function speech(asked) {
  const [provider] = asked.found;
  const fields = parsed(asked.request);
  checked(fields.input, "input");
  const { model } = served(provider, fields.model);
  if (provider === "together" && typeof fields.voice !== "string") throw refusal(422, "voice: field required");
  const id = submit(asked, { kind: "speech", provider, model, fields });
  return made(asked, id, { model }, "audio");
}

async function transcriptions(asked) {
  const [provider] = asked.found;
  const type = asked.request.headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) throw refusal(415, "Content-Type must be multipart/form-data");
  const form = await new Response(asked.request.bytes, { headers: { "content-type": type } }).formData();
  const audio = form.get("file");
  if (typeof audio?.arrayBuffer !== "function" || audio.size === 0) throw refusal(400, "file: field required");
  const { model } = served(provider, form.get("model"));
  const id = submit(asked, { kind: "transcription", provider, model, file: { name: audio.name, type: audio.type, bytes: audio.size } });
  return written(asked, id, { model }, { text: heard(asked) });
}
