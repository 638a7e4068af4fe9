/**
 * The loopback of Replicate: its API below `/v1`, and the files that models make below `/delivery`. It follows the
 * documents and the official client, which passes.
 *
 * Every URL that it returns leads back to it. A prediction takes a step with each look; `hold` keeps predictions where
 * they are until `advance` moves them. A submission that would wait is answered at once, as when the wait is over,
 * unless `sync` is set. What is charged is what succeeded, and what ran until it was cancelled.
 */

import { createHash } from "node:crypto";

import { MEDIA } from "./media.mjs";
import { byName, byVersion, collection, shown, versionOf } from "./replicate-catalogue.mjs";
import { Refusal } from "./server.mjs";

/** Keys that are not as good as any other. */
const WRONG_KEY = "wrong";
const EMPTY_ACCOUNT = "broke";

/** The steps of a prediction: its status, and what it logs. */
const STEPS = [
  { status: "starting", log: "" },
  { status: "processing", log: "Using seed: 42\n" },
  {
    status: "processing",
    log: "  0%|          | 0/4 [00:00<?, ?it/s]\r 50%|#####     | 2/4 [00:01<00:01, 2.00it/s] ⏳",
  },
  { status: "succeeded", log: "\r100%|##########| 4/4 [00:02<00:00, 2.00it/s]\ndone\n" },
];

export function replicate(server) {
  const state = { submissions: [], cancels: [], charges: [], uploads: [], downloads: [] };
  const settings = { hold: undefined, outcomes: [], isSync: false };
  const site = { server, jobs: new Map(), files: new Map(), state, settings };
  const each = (act) => site.jobs.forEach((job) => act(job));
  return {
    state: () => state,
    route: (request) => route(site, request),
    control: {
      /** Keeps predictions at the first step of this status. */
      hold: ({ status }) => void (settings.hold = status),
      /** Moves every prediction to its next step, or to the end. */
      advance: ({ all }) => each((job) => (all ? finish(site, job) : step(site, job))),
      /** What the next prediction that ends is in the end, such as `{status: "failed", error: "why"}`. */
      outcome: (outcome) => void settings.outcomes.push(outcome),
      /** Whether a submission that waits is answered with the result. */
      sync: ({ on }) => void (settings.isSync = on),
      /** The deadline of every prediction that has one is over. */
      deadline: () => each((job) => job.cancelAfter !== undefined && stop(site, job, "aborted")),
      /** All files are gone. */
      expire: () => site.files.forEach((file) => (file.expired = true)),
    },
  };
}

const refusal = (status, title, detail, more = {}) => new Refusal(status, { title, detail, status, ...more });
const missing = () => new Refusal(404, { detail: "The requested resource could not be found.", status: 404 });

/** Finds the operation of a request, by which faults name it, and what does it. */
function route(site, request) {
  const { method, path } = request;
  const [area, ...rest] = path.slice(1).split("/");
  if (area === "delivery") return { operation: "file", handle: () => download(site, rest[0]) };
  if (area !== "v1") throw missing();
  const shape = rest.map((part, index) => (index === 0 || index === 3 || part === "cancel" ? part : "*"));
  const place = `${method} ${shape.join("/")}`;
  const [operation, handle] = {
    "POST predictions": ["submit", () => submit(site, request)],
    "GET predictions": [
      "predictions",
      () => ({ body: { previous: null, next: null, results: [...site.jobs.values()].map((job) => told(site, job)) } }),
    ],
    "GET predictions/*": ["status", () => look(site, find(site, rest[1]))],
    "POST predictions/*/cancel": ["cancel", () => cancel(site, rest[1])],
    "POST models/*/*/predictions": ["submit", () => submit(site, request, `${rest[1]}/${rest[2]}`)],
    "GET models/*/*": ["model", () => ({ body: shown(known(`${rest[1]}/${rest[2]}`)) })],
    "GET models/*/*/versions/*": ["version", () => ({ body: ofVersion(`${rest[1]}/${rest[2]}`, rest[4]) })],
    "GET collections/*": ["collection", () => ({ body: collection(rest[1]) ?? fail(missing()) })],
    "POST files": ["upload", () => upload(site, request)],
    "GET files/*": ["upload-info", () => ({ body: fileInfo(site, rest[1]) })],
  }[place] ?? [undefined, () => fail(missing())];
  return { operation, handle: async () => (authorise(request, operation), handle()) };
}

function fail(refusal) {
  throw refusal;
}

function authorise({ headers }, operation) {
  const [scheme, key] = (headers.authorization ?? "").split(" ");
  const title = "Unauthenticated";
  if (headers.authorization === undefined) throw refusal(401, title, "You did not pass an authentication token");
  if (!["Bearer", "Token"].includes(scheme) || !key || key === WRONG_KEY)
    throw refusal(401, title, "You did not pass a valid authentication token");
  if (key === EMPTY_ACCOUNT && operation === "submit") {
    const detail = "You have insufficient credit to run this model. Go to your account to purchase credit.";
    throw refusal(402, "Insufficient credit", detail);
  }
}

function known(name) {
  return byName(name) ?? fail(missing());
}

function ofVersion(name, version) {
  const model = known(name);
  return model.version === version ? versionOf(model) : fail(missing());
}

/** Takes a job: by the name of an official model, or by a version. */
function submit(site, { headers, bytes }, name) {
  const { input, version } = parsed(bytes);
  const model = name === undefined ? byVersion(String(version)) : known(name);
  // Only official models are run by name.
  if (name !== undefined && model.version !== undefined) throw missing();
  if (model === undefined) {
    const detail = "The specified version does not exist (or perhaps you don't have permission to use it?)";
    throw refusal(422, "Invalid version or not permitted", detail);
  }
  check(model, input);
  const { jobs, state, settings } = site;
  const id = `prediction${String(jobs.size + 1).padStart(16, "0")}`;
  const cancelAfter = headers["cancel-after"];
  const job = {
    id,
    model,
    input,
    at: 0,
    log: "",
    cancelAfter,
    end: undefined,
    outcome: settings.outcomes.shift() ?? unreadable(site, model, input),
  };
  jobs.set(id, job);
  state.submissions.push({ id, model: model.id, version, input, prefer: headers.prefer, cancelAfter });
  if (headers.prefer?.startsWith("wait") && settings.isSync) finish(site, job);
  return {
    status: 201,
    body: told(site, job),
    headers: headers.prefer === undefined ? {} : { "preference-applied": headers.prefer },
  };
}

function parsed(bytes) {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw refusal(400, "Invalid request", "The body is no JSON");
  }
}

/** Refuses an input as Replicate does, with each field that is wrong. */
function check({ required = [], properties = {} }, input) {
  const wrong = [];
  const add = (type, field, description) => wrong.push({ type, field, description });
  if (typeof input !== "object" || input === null) add("required", "", "input is required");
  for (const name of required) if (input?.[name] === undefined) add("required", "input", `${name} is required`);
  for (const [name, value] of Object.entries(input ?? {})) {
    const { minimum = -Infinity, maximum = Infinity } = properties[name] ?? {};
    if (value > maximum) add("number_lte", `input.${name}`, `Must be less than or equal to ${maximum}`);
    if (value < minimum) add("number_gte", `input.${name}`, `Must be greater than or equal to ${minimum}`);
  }
  if (wrong.length === 0) return;
  const detail = wrong.map(({ field, description }) => `- ${field}: ${description}\n`).join("");
  throw refusal(422, "Input validation failed", detail, { invalid_fields: wrong });
}

/** What the model finds wrong with the files of an input: that is learnt when it has begun. */
function unreadable({ files }, { properties }, input) {
  for (const [name, value] of Object.entries(input)) {
    if (properties[name]?.format !== "uri") continue;
    const file = files.get(/\/v1\/files\/(\w+)$/.exec(value)?.[1]);
    if (file === undefined || file.expired) return { status: "failed", error: `cannot identify image file '${name}'` };
  }
  return undefined;
}

function find({ jobs }, id) {
  return jobs.get(id) ?? fail(missing());
}

/** Takes a step, unless the prediction is over. */
function step(site, job) {
  if (job.end !== undefined) return;
  job.at += 1;
  job.log += STEPS[job.at].log;
  if (job.at === STEPS.length - 1) end(site, job, { status: "succeeded", ...job.outcome }, 2);
}

function finish(site, job) {
  for (const _ of STEPS) step(site, job);
}

/** Ends a prediction; what succeeded is charged, and what was cancelled while it ran. */
function end(site, job, outcome, seconds) {
  job.end = { output: outcome.status === "succeeded" ? make(site, job) : null, error: null, ...outcome };
  job.seconds = seconds;
  const isCharged = outcome.status === "succeeded" || (outcome.status === "canceled" && seconds > 0);
  if (isCharged || (job.model.isPrivate && seconds > 0))
    site.state.charges.push({ id: job.id, model: job.model.id, status: outcome.status, seconds });
}

/** Ends one that goes on: it is canceled where it runs, and `early` where it has not begun. */
function stop(site, job, early) {
  if (job.end !== undefined) return;
  const isRunning = STEPS[job.at].status === "processing";
  end(site, job, { status: isRunning ? "canceled" : early }, isRunning ? 1 : 0);
}

/** What a prediction says of itself. */
function told({ server }, { id, model, input, at, log, end, seconds }) {
  const base = `${server.url}/v1/predictions/${id}`;
  const time = (second) => `2026-11-22T20:00:0${second}.000000Z`;
  const hasBegun = at > 0;
  return {
    id,
    model: model.id,
    version: model.version ?? "hidden",
    input,
    logs: log,
    output: end?.output ?? null,
    data_removed: false,
    error: null,
    source: "api",
    status: STEPS[at].status,
    created_at: time(0),
    ...(hasBegun && { started_at: time(1) }),
    ...(end !== undefined && {
      completed_at: time(3),
      metrics: { ...counted(model, end), predict_time: seconds, total_time: 3 },
    }),
    urls: { get: base, cancel: `${base}/cancel`, web: `https://replicate.com/p/${id}` },
    ...end,
  };
}

function counted({ makes }, { output }) {
  if (makes === "image") return { image_count: Array.isArray(output) ? output.length : 1 };
  return makes === "text" && Array.isArray(output) ? { input_token_count: 3, output_token_count: output.length } : {};
}

function look(site, job) {
  const body = told(site, job);
  if (site.settings.hold !== STEPS[job.at].status) step(site, job);
  return { body };
}

function cancel(site, id) {
  const job = site.jobs.get(id);
  if (job === undefined) {
    site.state.cancels.push({ id, told: "missing" });
    throw missing();
  }
  stop(site, job, "canceled");
  const body = told(site, job);
  site.state.cancels.push({ id, told: body.status });
  return { body };
}

function make(site, { id, model: { makes, output, properties }, input }) {
  if (makes === "transcript") {
    const transcription = "A fox — says 🦊 what?";
    return {
      segments: [{ id: 0, text: transcription }],
      srt_file: null,
      translation: null,
      transcription,
      detected_language: "english",
    };
  }
  if (makes === "text")
    return ["You", " said", ": ", String(input.prompt ?? properties.prompt?.default ?? "nothing"), " ⏳", "🦊"];
  const one = (index) => store(site, MEDIA[makes], `${id}-${index}`);
  return output.type === "array" ? Array.from({ length: input.num_outputs ?? 1 }, (_, index) => one(index)) : one(0);
}

function store({ server, files }, { bytes, type, name }, what) {
  const id = createHash("sha256").update(what).digest("hex").slice(0, 12);
  files.set(id, { bytes, type, name });
  return `${server.url}/delivery/${id}/${name}`;
}

function download({ files, state }, id) {
  const file = files.get(id);
  state.downloads.push(id);
  if (file === undefined || file.expired) throw new Refusal(404, "not found", { "content-type": "text/plain" });
  return { headers: { "content-type": file.type }, body: file.bytes };
}

async function upload({ files, state, server }, { headers, bytes }) {
  const form = await new Response(bytes, { headers: { "content-type": headers["content-type"] ?? "" } })
    .formData()
    .catch(() => new FormData());
  const content = form.get("content");
  if (content === null || typeof content === "string") throw refusal(400, "Invalid request", "content is required");
  const id = `file${String(files.size + 1).padStart(12, "0")}`;
  const file = { bytes: Buffer.from(await content.arrayBuffer()), type: content.type, name: content.name };
  const sha256 = createHash("sha256").update(file.bytes).digest("hex");
  files.set(id, { ...file, sha256 });
  state.uploads.push({ id, name: file.name, type: file.type, bytes: file.bytes.length, sha256 });
  return { status: 201, body: fileInfo({ files, server }, id) };
}

function fileInfo({ files, server }, id) {
  const { name, type, bytes, sha256 } = files.get(id) ?? fail(missing());
  const times = { created_at: "2026-11-22T20:00:00.000Z", expires_at: "2026-11-23T20:00:00.000Z" };
  const urls = { get: `${server.url}/v1/files/${id}` };
  return {
    id,
    name,
    content_type: type,
    size: bytes.length,
    etag: sha256,
    checksums: { sha256 },
    metadata: {},
    ...times,
    urls,
  };
}
