/**
 * The loopback of ElevenLabs's API: models, voices by page, speech whole and as a stream, sounds, and transcriptions. It
 * follows the documents and the official client, which passes.
 *
 * What is submitted is in the ledger, with every file's hash; what came to a good end is charged, in credits, and a
 * client that leaves in the middle of an answer is among `closed`.
 */

import { createHash } from "node:crypto";

import { MODELS, VOICES, sound } from "./elevenlabs-catalogue.mjs";
import { Refusal } from "./server.mjs";

/** Keys that are not as good as any other. */
const WRONG_KEY = "wrong";
const EMPTY_ACCOUNT = "broke";

/** How many voices are listed where nobody says, and at most. */
const PAGE = 10;
const MAX_PAGE = 100;

const MP3 = ["22050_32", "24000_48", "44100_32", "44100_64", "44100_96", "44100_128", "44100_192"];
const OPUS = ["48000_32", "48000_64", "48000_96", "48000_128", "48000_192"];
const RATES = ["8000", "16000", "22050", "24000", "32000", "44100", "48000"];
const CODECS = { mp3: MP3, opus: OPUS, pcm: RATES, ulaw: ["8000"], alaw: ["8000"] };

const SCRIBES = ["scribe_v2", "scribe_v1"];

export function elevenlabs() {
  const state = { submissions: [], charges: [], closed: [] };
  const settings = { answer: {}, models: undefined, voices: VOICES, hold: undefined, most: 100 };
  const site = { state, settings, waiting: [], running: 0 };
  return {
    state: () => state,
    route: (request) => route(site, request),
    control: {
      /** What is answered from now on: `bytes`, `type`, `credits` (null for none), or of a transcription `text`, `words`. */
      answer: (answer) => void (settings.answer = answer),
      /** What `/v1/models` answers, whatever that is. */
      models: ({ body }) => void (settings.models = body),
      /** The account's voices: `[{voice_id, name}]`. */
      voices: ({ voices }) => void (settings.voices = voices),
      /** How many requests are taken at once. */
      concurrency: ({ most }) => void (settings.most = most),
      /** Keeps streams where they are after so many parts, until `release`. */
      hold: ({ after }) => void (settings.hold = after),
      release: () => {
        settings.hold = undefined;
        site.waiting.splice(0).forEach((go) => go());
      },
    },
  };
}

/** A refusal as it was always written. */
function refusal(status, word, message) {
  return new Refusal(status, { detail: { status: word, message } });
}

/** A refusal as newer parts of the API write it. */
function typed(status, type, code, message, param) {
  const detail = { type, code, message, status: code, request_id: "3c807fc4c3a1705f9638ecc764a91c01", ...(param && { param }) };
  return new Refusal(status, { detail });
}

/** A field that is not valid. */
function invalid(loc, msg, type) {
  return new Refusal(422, { detail: [{ type, loc, msg, input: null }] });
}

function route(site, request) {
  const { method, path } = request;
  const [, voice, isStream] = /^\/v1\/text-to-speech\/([^/]+)(\/stream)?$/.exec(path) ?? [];
  const operations = {
    "GET /v1/models": ["models", () => models(site)],
    "GET /v2/voices": ["voices", () => voices(site, request)],
    "POST /v1/sound-generation": ["sound", () => sounds(site, request)],
    "POST /v1/speech-to-text": ["transcription", () => transcription(site, request)],
    ...(voice !== undefined && { [`POST ${path}`]: ["speech", () => speech(site, request, voice, isStream !== undefined)] }),
  };
  const [operation, handle] = operations[`${method} ${path}`] ?? [];
  if (operation === undefined) throw new Refusal(404, { detail: "Not Found" });
  return {
    operation,
    handle: async () => {
      authorise(request, method === "POST");
      return handle();
    },
  };
}

function authorise({ headers }, isWork) {
  const key = headers["xi-api-key"];
  if (!key || key === WRONG_KEY) throw refusal(401, "invalid_api_key", "Invalid API key");
  if (key === EMPTY_ACCOUNT && isWork) {
    const message = "This request exceeds your quota of 10000. You have 5 credits remaining.";
    throw refusal(401, "quota_exceeded", message);
  }
}

function models({ settings }) {
  return { body: settings.models ?? MODELS };
}

function voices({ settings }, { query }) {
  const size = Number(query.get("page_size") ?? PAGE);
  if (!(size >= 1 && size <= MAX_PAGE)) {
    throw invalid(["query", "page_size"], `Input should be less than or equal to ${MAX_PAGE}`, "less_than_equal");
  }
  const from = Number(/^from-(\d+)$/.exec(query.get("next_page_token") ?? "from-0")?.[1] ?? NaN);
  if (Number.isNaN(from)) throw refusal(400, "invalid_page_token", "The page token is invalid.");
  const page = settings.voices.slice(from, from + size);
  const has_more = from + size < settings.voices.length;
  const total_count = query.get("include_total_count") === "false" ? 0 : settings.voices.length;
  return { body: { voices: page, has_more, total_count, next_page_token: has_more ? `from-${from + size}` : null } };
}

/** Takes a job, once it is known that it can be done. */
function submit({ state }, kind, job) {
  const id = `${kind}-${state.submissions.length + 1}`;
  state.submissions.push({ id, kind, ...job });
  return id;
}

/** Refuses who has too many requests at once; says how many there are. */
function enter(site, request) {
  if (site.running >= site.settings.most) {
    const message = `Your current subscription is associated with a maximum of ${site.settings.most} concurrent requests.`;
    throw refusal(429, "too_many_concurrent_requests", message);
  }
  site.running += 1;
  request.closed.then(() => (site.running -= 1));
  return { "current-concurrent-requests": `${site.running}`, "maximum-concurrent-requests": `${site.settings.most}` };
}

function json({ headers, bytes }) {
  if (!/^application\/json/.test(headers["content-type"] ?? "")) {
    throw invalid(["body"], "Input should be an object", "model_attributes_type");
  }
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw invalid(["body", 0], "JSON decode error", "json_invalid");
  }
}

function textOf({ text }) {
  if (typeof text !== "string") throw invalid(["body", "text"], "Field required", "missing");
  if (text.includes("forbidden")) {
    const message = "We are sorry but text you are trying to use may violate our Terms of Service and has been blocked.";
    throw refusal(403, "content_against_policy", message);
  }
  return text;
}

function formatOf({ query }, codecs) {
  const format = query.get("output_format") ?? "mp3_44100_128";
  const [codec, ...rest] = format.split("_");
  if (codecs[codec]?.includes(rest.join("_"))) return format;
  throw invalid(["query", "output_format"], "Input should be a format that there is", "literal_error");
}

function bounded(fields, name, least, most, loc = ["body", name]) {
  const value = fields?.[name] ?? undefined;
  if (value === undefined || (Number(value) >= least && Number(value) <= most)) return;
  throw invalid(loc, `Input should be from ${least} to ${most}`, "out_of_range");
}

function speech(site, request, voice, isStream) {
  const fields = json(request);
  const text = textOf(fields);
  const format = formatOf(request, isStream ? CODECS : { ...CODECS, wav: RATES });
  const { model_id = "eleven_multilingual_v2", voice_settings } = fields;
  const known = MODELS.find((one) => one.model_id === model_id && one.can_do_text_to_speech);
  if (known === undefined) {
    throw typed(400, "validation_error", "model_not_found", `A model with model ID ${model_id} does not exist`, "model_id");
  }
  for (const name of ["stability", "similarity_boost", "style"]) {
    bounded(voice_settings, name, 0, 1, ["body", "voice_settings", name]);
  }
  bounded(voice_settings, "speed", 0.7, 1.2, ["body", "voice_settings", "speed"]);
  bounded(fields, "seed", 0, 2 ** 32 - 1);
  const most = known.maximum_text_length_per_request;
  if (text.length > most) {
    const message = `This request's text has ${text.length} characters and exceeds the character limit of ${most} characters.`;
    throw refusal(400, "max_character_limit_exceeded", message);
  }
  if (!site.settings.voices.some(({ voice_id }) => voice_id === voice)) {
    throw refusal(400, "voice_not_found", `A voice with the voice_id ${voice} was not found.`);
  }
  const headers = enter(site, request);
  const id = submit(site, "speech", { model: model_id, voice, format, isStream, fields });
  const credits = Math.ceil(text.length * known.model_rates.character_cost_multiplier);
  return answered(site, request, { id, model: model_id, format, credits, headers, isStream });
}

function sounds(site, request) {
  const fields = json(request);
  textOf(fields);
  const format = formatOf(request, CODECS);
  const { model_id = "eleven_text_to_sound_v2", duration_seconds } = fields;
  if (model_id !== "eleven_text_to_sound_v2") {
    throw invalid(["body", "model_id"], "Input should be 'eleven_text_to_sound_v2'", "literal_error");
  }
  bounded(fields, "duration_seconds", 0.5, 30);
  bounded(fields, "prompt_influence", 0, 1);
  const headers = enter(site, request);
  const id = submit(site, "sound", { model: model_id, format, fields });
  const credits = duration_seconds === undefined ? 100 : Math.ceil(20 * duration_seconds);
  return answered(site, request, { id, model: model_id, format, credits, headers, isStream: true });
}

/** Answers with a sound, whole or part by part. */
function answered(site, request, job) {
  const { bytes, type, credits = job.credits } = site.settings.answer;
  const made = sound(job.format);
  const headers = {
    "content-type": type ?? made.type,
    "request-id": job.id,
    ...(credits !== null && { "character-cost": `${credits}` }),
    ...job.headers,
  };
  const body = bytes === undefined ? made.bytes : Buffer.from(bytes);
  if (job.isStream) return { headers, stream: streamed(site, request, body, job) };
  site.state.charges.push({ id: job.id, model: job.model, credits: job.credits });
  return { headers, body };
}

/** Writes a sound in parts; who leaves before the last is among `closed`. */
async function* streamed({ state, settings, waiting }, request, body, { id, model, credits }) {
  const size = Math.max(1, Math.ceil(body.length / 8));
  let isWhole = false;
  try {
    for (let at = 0; at < body.length; at += size) {
      if (at / size === settings.hold) await Promise.race([new Promise((go) => waiting.push(go)), request.closed]);
      yield body.subarray(at, at + size);
    }
    isWhole = !request.isClosed();
    if (isWhole) state.charges.push({ id, model, credits });
  } finally {
    if (!isWhole) state.closed.push(id);
  }
}

/** Reads a form: its fields, and its files with their hashes. */
async function form({ headers, bytes }) {
  const type = headers["content-type"] ?? "";
  if (!type.startsWith("multipart/form-data")) throw invalid(["body", "model_id"], "Field required", "missing");
  const fields = {};
  const files = [];
  for (const [name, value] of await new Response(bytes, { headers: { "content-type": type } }).formData()) {
    if (typeof value === "string") fields[name] = value;
    else {
      const content = Buffer.from(await value.arrayBuffer());
      const sha256 = createHash("sha256").update(content).digest("hex");
      files.push({ field: name, name: value.name, type: value.type, bytes: content.length, sha256 });
    }
  }
  return { fields, files };
}

async function transcription(site, request) {
  const { fields, files } = await form(request);
  const { model_id, language_code = "eng", diarize, timestamps_granularity = "word", tag_audio_events = "true" } = fields;
  if (model_id === undefined) throw invalid(["body", "model_id"], "Field required", "missing");
  if (!SCRIBES.includes(model_id)) {
    throw typed(400, "validation_error", "invalid_model_id", `'${model_id}' is not a valid model_id.`, "model_id");
  }
  bounded(fields, "num_speakers", 1, 32);
  bounded(fields, "temperature", 0, 2);
  bounded(fields, "seed", 0, 2 ** 31 - 1);
  const [audio] = files;
  if (audio?.field !== "file") {
    throw typed(400, "validation_error", "invalid_parameters", "Must provide either file or cloud_storage_url.", "file");
  }
  if (audio.bytes === 0) throw typed(400, "validation_error", "invalid_audio", "The audio is empty or broken.");
  const headers = enter(site, request);
  const id = submit(site, "transcription", { model: model_id, fields, files });
  const heard = `A fox — says 🦊 what?${tag_audio_events === "true" ? " (laughs)" : ""}`;
  const { text = heard, words, credits } = site.settings.answer;
  site.state.charges.push({ id, model: model_id, seconds: 1.5 });
  const told = {
    language_code,
    language_probability: 0.98,
    text,
    words: words ?? (timestamps_granularity === "none" ? [] : wordsOf(text, diarize === "true")),
    transcription_id: `t-${id}`,
    audio_duration_secs: 1.5,
  };
  return { headers: { "request-id": id, ...(credits && { "character-cost": `${credits}` }), ...headers }, body: told };
}

function wordsOf(text, isDiarized) {
  return text.split(/( )/).map((word, index) => ({
    text: word,
    start: index / 10,
    end: (index + 1) / 10,
    type: word === " " ? "spacing" : word.startsWith("(") ? "audio_event" : "word",
    ...(isDiarized && { speaker_id: "speaker_0" }),
    logprob: -0.1,
  }));
}
