/** The official client against the loopback, without Prizm: what is no contract of fal's fails here. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { ApiError, type FalClient, type QueueStatus, ValidationError, createFalClient } from "@fal-ai/client";

import { Loopback } from "./loopback.js";

let loopback: Loopback;
let client: FalClient;

/** Aims the client at the loopback: its addresses are fixed, and a middleware is its own way to change them. */
function aimed(credentials: string): FalClient {
  const places = { "https://queue.fal.run": "queue", "https://fal.run": "run", "https://rest.fal.ai": "rest" };
  return createFalClient({
    credentials,
    requestMiddleware: async (request) => {
      const [host, place] = Object.entries(places).find(([host]) => request.url.startsWith(`${host}/`)) ?? ["", ""];
      return { ...request, url: request.url.replace(host, `${loopback.url}/${place}`) };
    },
  });
}

beforeEach(async () => {
  loopback = await Loopback.start();
  client = aimed("key:secret");
});
afterEach(() => loopback.stop());

const FLUX = "fal-ai/flux/dev";
type Images = { images: { url: string; content_type: string }[]; seed: number };

/** What a call fails with. */
async function failure(call: Promise<unknown>): Promise<ApiError<unknown>> {
  const error: unknown = await call.then(
    () => assert.fail("it succeeded"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ApiError, String(error));
  return error;
}

test("subscribe, by looking and by a stream, sees every state and gets files that are there", async () => {
  for (const mode of ["polling", "streaming"] as const) {
    const seen: string[] = [];
    const lines: string[] = [];
    const onQueueUpdate = (update: QueueStatus) => {
      seen.push(update.status === "IN_QUEUE" ? `IN_QUEUE ${update.queue_position}` : update.status);
      if (update.status === "IN_PROGRESS") lines.splice(0, lines.length, ...update.logs.map(({ message }) => message));
    };
    const common = { input: { prompt: "a fox" }, logs: true, onQueueUpdate };
    const options = mode === "polling" ? { ...common, mode, pollInterval: 1 } : { ...common, mode };
    const { data, requestId } = await client.subscribe(FLUX, options);
    assert.deepEqual(seen, ["IN_QUEUE 1", "IN_QUEUE 0", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED"], mode);
    assert.equal(lines.at(-1), "step 2 of 4 ⏳");
    const [image = assert.fail()] = (data as Images).images;
    const response = await fetch(image.url);
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, image.content_type]);
    assert.equal(requestId, loopback.ledger.submissions.at(-1)?.requestId);
  }
});

test("run, and an input that is a file", async () => {
  const { data } = await client.run("fal-ai/triposr", {
    input: { image_url: new Blob(["a picture"], { type: "image/png" }) },
  });
  assert.match((data as unknown as { model_mesh: { url: string } }).model_mesh.url, /mesh\.glb$/);
  assert.match(String(loopback.ledger.submissions[0]?.input["image_url"]), /\/files\//);
});

test("a large file goes up in parts and comes down whole", async () => {
  const large = new File([Buffer.alloc(91 * 1024 * 1024, 7)], "large.mp4", { type: "video/mp4" });
  const url = await client.storage.upload(large);
  const [upload] = loopback.ledger.uploads;
  assert.deepEqual([upload?.parts, upload?.bytes, upload?.hadKey], [10, large.size, false]);
  assert.equal((await (await fetch(url)).blob()).size, large.size);
});

test("submit, status, result; and a cancellation in each of its races", async () => {
  const submitted = await client.queue.submit(FLUX, { input: { prompt: "a fox" }, priority: "low" });
  const { request_id: requestId } = submitted;
  assert.equal(submitted.status, "IN_QUEUE");
  assert.equal((await fetch(submitted.status_url, { headers: { authorization: "Key key:secret" } })).status, 202);
  assert.equal(loopback.ledger.submissions[0]?.headers["x-fal-queue-priority"], "low");
  await client.queue.cancel(FLUX, { requestId });
  assert.equal((await client.queue.status(FLUX, { requestId })).status, "COMPLETED");
  const cancelled = await failure(client.queue.result(FLUX, { requestId }));
  assert.deepEqual(
    [cancelled.status, cancelled.body],
    [499, { detail: "The request was cancelled", error_type: "client_cancelled" }],
  );
  const late = await failure(client.queue.cancel(FLUX, { requestId }));
  assert.deepEqual([late.status, late.body], [400, { status: "ALREADY_COMPLETED" }]);
  const unknown = await failure(client.queue.cancel(FLUX, { requestId: "nobody" }));
  assert.deepEqual([unknown.status, unknown.body], [404, { status: "NOT_FOUND" }]);
  assert.deepEqual(loopback.ledger.charges, []);
});

test("errors have the shapes that the client knows", async () => {
  const invalid = await failure(client.subscribe(FLUX, { input: { prompt: "x", num_images: 9 }, pollInterval: 1 }));
  assert.ok(invalid instanceof ValidationError);
  assert.deepEqual(
    invalid.getFieldErrors("num_images").map(({ type }) => type),
    ["less_than_equal"],
  );
  const body = { detail: "No runner", error_type: "runner_scheduling_failure" };
  loopback.say("outcome", { status: 500, headers: { "x-fal-error-type": body.error_type }, body });
  const failed = await failure(client.subscribe(FLUX, { input: { prompt: "x" }, pollInterval: 1 }));
  assert.deepEqual([failed.status, failed.body], [500, body]);
  assert.equal((await failure(client.queue.submit("fal-ai/nothing", { input: {} }))).status, 404);
  assert.equal((await failure(aimed("wrong").queue.submit(FLUX, { input: { prompt: "x" } }))).status, 401);
  assert.equal((await failure(aimed("broke").queue.submit(FLUX, { input: { prompt: "x" } }))).status, 403);
  const scheme = await fetch(`${loopback.url}/queue/${FLUX}`, {
    method: "POST",
    body: "{}",
    headers: { authorization: "Bearer key" },
  });
  assert.equal(scheme.status, 401);
});

test("the client repeats a submission that it was refused: that is why the provider does not let it", async () => {
  loopback.say("fault", {
    operation: "submit",
    status: 429,
    headers: { "retry-after": "60" },
    body: { detail: "slow down" },
  });
  await client.queue.submit(FLUX, { input: { prompt: "a fox" } });
  assert.deepEqual(
    loopback.ledger.journal.map(({ operation, status }) => [operation, status]),
    [
      ["submit", 429],
      ["submit", 200],
    ],
  );
});
