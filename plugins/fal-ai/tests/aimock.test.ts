/** A second judge of the provider, which others wrote: aimock's idea of fal's queue, with its chaos. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";

import { LLMock } from "@copilotkit/aimock";

import { Host } from "./host.js";

const PNG = Buffer.from("\x89PNG\r\n\x1a\n, more or less", "latin1");
const files = createServer((_request, response) => response.writeHead(200, { "content-type": "image/png" }).end(PNG));
await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
const image = `http://127.0.0.1:${(files.address() as AddressInfo).port}/fox.png`;

const mock = new LLMock({
  port: 0,
  host: "127.0.0.1",
  falQueue: { pollsBeforeInProgress: 2, pollsBeforeCompleted: 4 },
});
mock.onFalQueue(
  /flux\/schnell/,
  { images: [{ url: image, content_type: "image/png", width: 8, height: 8 }], seed: 3 },
  { billableUnits: 2 },
);
await mock.start();
const host = new Host();
await host.open({ apiKey: "key", queueUrl: `${mock.url}/fal`, pollMs: 1 });
after(async () => {
  await host.close();
  await mock.stop();
  files.close();
});

/** How aimock answered what it was asked, by path. */
const asked = () =>
  mock
    .getRequests()
    .map(({ method, path, response }) => [method, path.replace(/requests\/[^/]+/, "requests/ID"), response.status]);

test("a job goes through its queue", async () => {
  const { outputs, usage, meta } = await host.done();
  assert.deepEqual(outputs, [
    { kind: "image", mime: "image/png", path: "out/image.png", meta: { width: 8, height: 8 } },
  ]);
  assert.ok(host.read(outputs[0]).equals(PNG));
  assert.deepEqual(usage, { cost: "0.006", currency: "USD", billableUnits: "2", unit: "megapixels" });
  assert.equal(meta?.["seed"], 3);
  // Progress that comes too soon after another is left out: the polls tell that it waited in the queue.
  const polls = asked().filter(([, path]) => String(path).includes("/requests/ID/status"));
  assert.ok(polls.length >= 4, JSON.stringify(asked()));
  const submissions = asked().filter(([method]) => method === "POST");
  assert.deepEqual(submissions, [["POST", "/fal/fal-ai/flux/schnell", 200]]);
});

test("its refusals are told with the wait that it asks for, and are not repeated", async () => {
  mock.clearRequests();
  mock.setChaos({ rateLimitRate: 1 });
  const { code, data } = await host.failed();
  mock.clearChaos();
  assert.deepEqual([code, data["retryable"], data["upstreamStatus"]], [1102, true, 429]);
  assert.equal(typeof data["retryAfterMs"], "number");
  assert.equal(asked().length, 1);
});

test("a connection that it drops leaves open whether the job was taken, and is not tried again", async () => {
  mock.clearRequests();
  mock.setChaos({ disconnectRate: 1 });
  const { code, data } = await host.failed();
  mock.clearChaos();
  assert.deepEqual([code, data["retryable"], data["charged"]], [1201, false, "unknown"]);
  assert.equal(asked().length, 1);
});
