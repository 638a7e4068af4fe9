/** The official client against the loopback, without Prizm: what is no contract of Replicate's fails here. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import Replicate, { type Prediction } from "replicate";

import { Loopback } from "./loopback.js";

const FLUX = "black-forest-labs/flux-schnell";
const WHISPER = "openai/whisper:8099696689d249cf8b122d833c36ac3f75505c666a395ca40ef26f68e7d3d16e";

let loopback: Loopback;
let client: Replicate;

const aimed = (auth: string) => new Replicate({ auth, baseUrl: `${loopback.url}/v1`, useFileOutput: false });

beforeEach(async () => {
  loopback = await Loopback.start();
  client = aimed("key");
});
afterEach(() => loopback.stop());

/** The status and the body of the refusal of a call. */
async function refusal(call: Promise<unknown>): Promise<[number, Record<string, unknown>]> {
  const error: unknown = await call.then(
    () => assert.fail("it succeeded"),
    (error: unknown) => error,
  );
  const { response, message } = error as { response: Response; message: string };
  assert.ok(response instanceof Response, String(error));
  return [response.status, JSON.parse(/: (\{[\s\S]*\})\s*\.$/.exec(message)?.[1] ?? "{}") as Record<string, unknown>];
}

test("run, by looking and by waiting, sees every state and gets files that are there", async () => {
  const seen: string[] = [];
  const input = { prompt: "a fox", num_outputs: 2 };
  const options = { input, wait: { mode: "poll", interval: 1 } } as const;
  const urls = (await client.run(FLUX, options, ({ status }: Prediction) => void seen.push(status))) as string[];
  assert.deepEqual([...new Set(seen)], ["starting", "processing", "succeeded"]);
  const files = await Promise.all(urls.map((url) => fetch(url)));
  assert.deepEqual(
    files.map(({ status, headers }) => [status, headers.get("content-type")]),
    [
      [200, "image/png"],
      [200, "image/png"],
    ],
  );
  loopback.say("sync", { on: true });
  const pieces = (await client.run("meta/meta-llama-3-8b-instruct", { input: { prompt: "hello" } })) as string[];
  assert.equal(pieces.join(""), "You said: hello ⏳🦊");
  assert.equal(loopback.ledger.submissions[1]?.prefer, "wait");
});

test("a wait that is over before the model is answers with a prediction that goes on", async () => {
  const prediction = await client.predictions.create({ model: FLUX, input: { prompt: "a fox" }, wait: 5 });
  assert.equal(prediction.status, "starting");
  assert.equal(loopback.ledger.submissions[0]?.prefer, "wait=5");
  assert.equal((await client.wait(prediction, { interval: 1 })).status, "succeeded");
});

test("a version, and an input that is a file", async () => {
  const output = await client.run(WHISPER, {
    input: { audio: new Blob(["a sound"], { type: "audio/wav" }) },
    wait: { mode: "poll", interval: 1 },
  });
  assert.equal((output as { transcription: string }).transcription, "A fox — says 🦊 what?");
  const [upload] = loopback.ledger.uploads;
  assert.deepEqual([upload?.type, upload?.bytes], ["audio/wav", 7]);
  const file = await client.files.get(upload?.id ?? "");
  assert.equal(file.urls.get, loopback.ledger.submissions[0]?.input["audio"]);
});

test("a cancellation in each of its races", async () => {
  const made = () => client.predictions.create({ model: FLUX, input: { prompt: "a fox" } });
  const waiting = await made();
  assert.equal((await client.predictions.cancel(waiting.id)).status, "canceled");
  const running = await made();
  loopback.say("advance");
  assert.equal((await client.predictions.cancel(running.id)).status, "canceled");
  const over = await made();
  loopback.say("advance", { all: true });
  assert.equal((await client.predictions.cancel(over.id)).status, "succeeded");
  assert.equal((await refusal(client.predictions.cancel("nobody")))[0], 404);
  const charged = loopback.ledger.charges.map(({ id, status }) => [id, status]);
  assert.deepEqual(charged, [
    [running.id, "canceled"],
    [over.id, "succeeded"],
  ]);
});

test("models, versions and collections have schemas", async () => {
  const { latest_version: latest, owner, name } = await client.models.get("openai", "whisper");
  assert.deepEqual([owner, name, `openai/whisper:${latest?.id}`], ["openai", "whisper", WHISPER]);
  const { openapi_schema: schema } = await client.models.versions.get("openai", "whisper", latest?.id ?? "");
  assert.deepEqual(
    (schema as { components: { schemas: { Input: { required: string[] } } } }).components.schemas.Input.required,
    ["audio"],
  );
  const { models } = await client.collections.get("text-to-image");
  assert.ok(models?.some((model) => `${model.owner}/${model.name}` === FLUX));
});

test("refusals have the shapes that Replicate documents", async () => {
  const run = (by: Replicate, input: object, model = FLUX) => refusal(by.predictions.create({ model, input }));
  const [status, body] = await run(client, { num_outputs: 9 });
  assert.deepEqual([status, body["title"], body["status"]], [422, "Input validation failed", 422]);
  assert.deepEqual(
    (body["invalid_fields"] as { field: string }[]).map(({ field }) => field),
    ["input", "input.num_outputs"],
  );
  assert.equal((await run(client, {}, "acme/nothing"))[0], 404);
  const unknown = await refusal(client.predictions.create({ version: "0", input: {} }));
  assert.deepEqual([unknown[0], unknown[1]["title"]], [422, "Invalid version or not permitted"]);
  assert.equal((await run(aimed("wrong"), { prompt: "x" }))[0], 401);
  assert.deepEqual((await run(aimed("broke"), { prompt: "x" }))[0], 402);
  const plain = await fetch(`${loopback.url}/v1/models/${FLUX}`);
  assert.deepEqual(
    [plain.status, ((await plain.json()) as { detail: string }).detail],
    [401, "You did not pass an authentication token"],
  );
  const scheme = await fetch(`${loopback.url}/v1/models/${FLUX}`, { headers: { authorization: "Basic eDp5" } });
  assert.equal(scheme.status, 401);
});

test("the client is none to build on: it submits twice, waits for nobody, and looks for ever at what was aborted", async () => {
  // The job is taken, its answer is lost, and the client sends it again.
  loopback.say("fault", { operation: "submit", how: "reset", done: true });
  await client.predictions.create({ model: FLUX, input: { prompt: "a fox" } });
  assert.equal(loopback.ledger.submissions.length, 2);
  // It is asked to wait a minute, and comes back at once, six times.
  loopback.say("fault", { operation: "submit", status: 429, times: 6, headers: { "retry-after": "60" }, body: {} });
  const before = loopback.ledger.journal.length;
  await refusal(client.predictions.create({ model: FLUX, input: { prompt: "a fox" } }));
  assert.equal(loopback.ledger.journal.length - before, 6);
  // It knows `aborted` by type, and goes on looking.
  loopback.say("outcome", { status: "aborted" });
  const aborted = await client.predictions.create({ model: FLUX, input: { prompt: "a fox" } });
  loopback.say("advance", { all: true });
  let looks = 0;
  await client.wait(aborted, { interval: 1 }, async () => (looks += 1) > 20);
  assert.equal(looks, 21);
});
