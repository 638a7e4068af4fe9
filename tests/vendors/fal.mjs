/**
 * The loopback of fal: its queue, its storage, its files and its platform API, below `/queue`, `/run`, `/rest`,
 * `/files` and `/platform/v1` of one address. It follows the documents and the official client, which passes.
 *
 * Every URL that it returns leads back to it. A job takes a step with each look at its status; `hold` keeps jobs
 * where they are until `advance` moves them. What is charged is what came to a good end.
 */

import { createHash } from "node:crypto";

import { KINDS, endpoint, list, prices } from "./fal-catalogue.mjs";
import { MEDIA } from "./media.mjs";
import { Refusal } from "./server.mjs";

/** Keys that are not as good as any other. */
const WRONG_KEY = "wrong";
const EMPTY_ACCOUNT = "broke";

/** The steps of a job: its status, and its place in the queue or what it logs. */
const STEPS = [
  { status: "IN_QUEUE", queue_position: 1 },
  { status: "IN_QUEUE", queue_position: 0 },
  { status: "IN_PROGRESS", log: "loading the model" },
  { status: "IN_PROGRESS", log: "step 2 of 4 ⏳" },
  { status: "COMPLETED", log: "done" },
];

export function fal(server) {
  const jobs = new Map();
  const files = new Map();
  const state = { submissions: [], cancels: [], charges: [], uploads: [], downloads: [] };
  const settings = { hold: undefined, outcomes: [], prices: {}, units: 1 };
  const site = { server, jobs, files, state, settings };
  return {
    state: () => state,
    route: (request) => route(site, request),
    control: {
      /** Keeps jobs at the first step of this status. */
      hold: ({ status }) => void (settings.hold = status),
      /** Moves every job to its next step, or to the end. */
      advance: ({ all }) => jobs.forEach((job) => (all ? finish(site, job) : step(site, job))),
      /** How the next job that has none yet ends: `{status, headers, body}`, or `{data}` in place of a medium. */
      outcome: (outcome) => void settings.outcomes.push(outcome),
      /** All files are gone. */
      expire: () => files.forEach((file) => (file.expired = true)),
      /** Changes a price: `{id: {unit_price, unit}}`. */
      price: (changed) => void Object.assign(settings.prices, changed),
      /** How many units a job is charged for. */
      units: ({ units }) => void (settings.units = units),
    },
  };
}

/** Finds the operation of a request, by which faults name it, and what does it. */
function route(site, request) {
  const { method, path, query } = request;
  const [area, ...rest] = path.slice(1).split("/");
  const key = (operation, handle) => ({ operation, handle: () => (authorise(request), handle()) });
  if (area === "platform") return platform(site, rest.join("/"), query, key);
  if (area === "rest") return storage(site, rest.join("/"), request, key);
  if (area === "upload")
    return {
      operation: rest.length > 1 ? (rest[1] === "complete" ? "complete" : "part") : "upload",
      handle: () => put(site, rest, request),
    };
  if (area === "files") return { operation: "file", handle: () => download(site, rest[0]) };
  if (area === "run" && method === "POST") return key("run", () => run(site, rest.join("/"), request));
  if (area !== "queue") throw new Refusal(404, { detail: "Not Found" });
  const at = rest.indexOf("requests");
  if (at < 0 && method === "POST") return key("submit", () => submitted(site, submit(site, rest.join("/"), request)));
  const [id, ...what] = rest.slice(at + 1);
  const app = rest.slice(0, at).join("/");
  const job = () => find(site, id, app);
  if (method === "GET" && what.join("/") === "status") return key("status", () => status(site, job(), query));
  if (method === "GET" && what.join("/") === "status/stream")
    return key("stream", () => ({ stream: stream(site, job(), query) }));
  if (method === "GET" && (what.length === 0 || what[0] === "response"))
    return key("result", () => result(site, job()));
  if (method === "PUT" && what[0] === "cancel") return key("cancel", () => cancel(site, id, app));
  throw new Refusal(405, { detail: "Method Not Allowed" });
}

function authorise({ headers }) {
  const [scheme, key] = (headers.authorization ?? "").split(" ");
  const denied = { detail: "Authentication is required to access this application." };
  if (scheme !== "Key" || !key || key === WRONG_KEY) throw new Refusal(401, denied);
  if (key === EMPTY_ACCOUNT)
    throw new Refusal(403, { detail: "User is locked. Reason: Exhausted balance. Top up your balance." });
}

function platform({ settings }, path, query, key) {
  if (path === "v1/models") return { operation: "models", handle: () => ({ body: list(query) }) };
  if (path === "v1/models/pricing") {
    const ids = query.getAll("endpoint_id").flatMap((ids) => ids.split(","));
    return key("pricing", () => {
      if (ids.length === 0 || ids.length > 50)
        throw new Refusal(400, { error: { type: "validation_error", message: "1-50 endpoint ids" } });
      return { body: prices(ids, settings.prices) };
    });
  }
  throw new Refusal(404, { error: { type: "not_found", message: "Not Found" } });
}

/** What is wrong with an input, in the shape of model errors. */
function invalid(field, msg, type) {
  return new Refusal(422, { detail: [{ loc: ["body", field], msg, type, url: `https://docs.fal.ai/errors#${type}` }] });
}

function submit(site, id, { headers, bytes }) {
  const { jobs, state, settings } = site;
  const model = endpoint(id);
  if (model === undefined) throw new Refusal(404, { detail: `Path /${id} not found` });
  const input = JSON.parse(bytes.toString());
  const requestId = `00000000-0000-4000-8000-${String(jobs.size + 1).padStart(12, "0")}`;
  const app = id.split("/").slice(0, 2).join("/");
  const job = { requestId, model, app, at: 0, input, outcome: settings.outcomes.shift() ?? refuse(site, model, input) };
  jobs.set(requestId, job);
  const told = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("x-fal-")));
  state.submissions.push({ requestId, endpoint: id, input, headers: told });
  return job;
}

/** What the model finds wrong with an input: that is learnt when the result is asked for. */
function refuse({ files }, { required, properties }, input) {
  for (const field of required) {
    if (input[field] === undefined) return invalid(field, "field required", "missing");
  }
  for (const [field, value] of Object.entries(input)) {
    if (properties[field] === undefined || !field.endsWith("_url")) continue;
    const file = files.get(/\/files\/([^/]+)\//.exec(value)?.[1]);
    if (file === undefined || file.expired) return invalid(field, "Failed to download the file", "file_download_error");
  }
  const { maximum } = properties.num_images ?? {};
  if (input.num_images > maximum)
    return invalid("num_images", `ensure this value is less than or equal to ${maximum}`, "less_than_equal");
  return undefined;
}

function urls({ server }, { app, requestId }) {
  const base = `${server.url}/queue/${app}/requests/${requestId}`;
  return { request_id: requestId, response_url: base, status_url: `${base}/status`, cancel_url: `${base}/cancel` };
}

function submitted(site, job) {
  return { body: { status: "IN_QUEUE", queue_position: STEPS[0].queue_position, ...urls(site, job) } };
}

function find({ jobs }, id, app) {
  const job = jobs.get(id);
  // The subpath of an endpoint is no part of these URLs.
  if (job === undefined || job.app !== app) throw new Refusal(404, { detail: "Request not found" });
  return job;
}

/** Takes a step, unless the job is over; what is made at the last one is charged. */
function step(site, job) {
  if (job.at === STEPS.length - 1) return;
  job.at += 1;
  const isDone = job.at === STEPS.length - 1;
  if (isDone && job.outcome === undefined) {
    const { units } = site.settings;
    site.state.charges.push({ requestId: job.requestId, endpoint: job.model.id, units });
  }
}

function finish(site, job) {
  for (const _ of STEPS) step(site, job);
}

function look(site, job, query) {
  const seen = STEPS[job.at];
  const told = { status: seen.status, ...urls(site, job) };
  if (seen.status === "IN_QUEUE") told.queue_position = seen.queue_position;
  else if (query.get("logs") === "1") {
    const before = STEPS.slice(0, job.at + 1).filter(({ log }) => log !== undefined);
    told.logs = before.map(({ log }, index) => ({
      message: log,
      level: "INFO",
      source: "USER",
      timestamp: `2026-11-22T20:00:0${index}.000Z`,
    }));
  }
  if (seen.status === "COMPLETED") told.metrics = { inference_time: 1.5 };
  if (site.settings.hold !== seen.status) step(site, job);
  return told;
}

function status(site, job, query) {
  const body = look(site, job, query);
  return { status: body.status === "COMPLETED" ? 200 : 202, body };
}

async function* stream(site, job, query) {
  for (;;) {
    const told = look(site, job, query);
    yield `data: ${JSON.stringify(told)}\r\n\r\n`;
    if (told.status === "COMPLETED") return;
  }
}

function result(site, job) {
  if (STEPS[job.at].status !== "COMPLETED") throw new Refusal(400, { detail: "Request is still in progress" });
  const { requestId, outcome } = job;
  const headers = { "x-fal-request-id": requestId };
  if (outcome !== undefined && outcome.data === undefined) {
    return { ...outcome, headers: { ...headers, ...outcome.headers } };
  }
  job.made ??= outcome?.data ?? make(site, job);
  return { headers: { ...headers, "x-fal-billable-units": String(site.settings.units) }, body: job.made };
}

function make(site, { model, input }) {
  const kind = KINDS[model.makes];
  const file = () => {
    const { bytes, type, name } = MEDIA[kind];
    return { url: store(site, { bytes, type, name }), content_type: type, file_name: name, file_size: bytes.length };
  };
  if (model.makes !== "images") return { [model.makes]: file() };
  const images = Array.from({ length: input.num_images ?? 1 }, () => ({ ...file(), width: 1, height: 1 }));
  return {
    images,
    timings: { inference: 1.5 },
    seed: input.seed ?? 42,
    has_nsfw_concepts: images.map(() => false),
    prompt: input.prompt,
  };
}

function cancel({ jobs, state }, id, app) {
  const job = jobs.get(id);
  const answer = (status, told) => {
    state.cancels.push({ requestId: id, told });
    return { status, body: { status: told } };
  };
  if (job === undefined || job.app !== app) return answer(404, "NOT_FOUND");
  if (STEPS[job.at].status === "COMPLETED") return answer(400, "ALREADY_COMPLETED");
  job.outcome = {
    status: 499,
    headers: { "x-fal-error-type": "client_cancelled" },
    body: { detail: "The request was cancelled", error_type: "client_cancelled" },
  };
  job.at = STEPS.length - 1;
  return answer(202, "CANCELLATION_REQUESTED");
}

function run(site, id, request) {
  const job = submit(site, id, request);
  finish(site, job);
  return result(site, job);
}

function store({ server, files }, file) {
  const id = createHash("sha256").update(`${files.size}`).digest("hex").slice(0, 12);
  files.set(id, { parts: [], ...file });
  return `${server.url}/files/${id}/${file.name}`;
}

function storage(site, path, { method, query, headers, bytes }, key) {
  const isPlain = path === "storage/upload/initiate";
  if (method !== "POST" || (!isPlain && path !== "storage/upload/initiate-multipart"))
    throw new Refusal(404, { detail: "Not Found" });
  return key("initiate", () => {
    if (query.get("storage_type") !== "fal-cdn-v3") throw new Refusal(400, { detail: "unknown storage type" });
    const { content_type: type, file_name: name } = JSON.parse(bytes.toString());
    const file_url = store(site, { type, name, lifecycle: headers["x-fal-object-lifecycle"] });
    const upload_url = file_url.replace(/\/files\/([^/]+)\/.*/, "/upload/$1?signature=loopback");
    return { body: { file_url, upload_url } };
  });
}

/** Takes a file, or a part of one, or puts the parts together. */
function put({ files, state }, [id, part], { method, headers, query, bytes }) {
  const file = files.get(id);
  if (file === undefined || query.get("signature") !== "loopback") throw new Refusal(403, { detail: "Forbidden" });
  const done = (bytes) => {
    file.bytes = bytes;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    state.uploads.push({
      id,
      type: file.type,
      bytes: bytes.length,
      sha256,
      parts: file.parts.length,
      lifecycle: file.lifecycle,
      hadKey: headers.authorization !== undefined,
    });
    return { body: {} };
  };
  if (part === undefined && method === "PUT") return done(bytes);
  if (part === "complete" && method === "POST") {
    const { parts } = JSON.parse(bytes.toString());
    const isWhole = parts.every(
      ({ partNumber, etag }, index) => partNumber === index + 1 && file.parts[index]?.etag === etag,
    );
    if (!isWhole || parts.length !== file.parts.length) throw new Refusal(400, { detail: "a part is missing" });
    return done(Buffer.concat(file.parts.map(({ bytes }) => bytes)));
  }
  const etag = createHash("md5").update(bytes).digest("hex");
  file.parts[Number(part) - 1] = { etag, bytes };
  return { body: { partNumber: Number(part), etag } };
}

function download({ files, state }, id) {
  const file = files.get(id);
  state.downloads.push(id);
  if (file?.bytes === undefined || file.expired) throw new Refusal(404, "not found", { "content-type": "text/plain" });
  return { headers: { "content-type": file.type }, body: file.bytes };
}
