/** What providers of remote vendors share, by itself. */

import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";

import { download, hidden, refusal, transportFailure } from "#prizm/remote";

const failed = (code: string, message = "it failed") =>
  transportFailure(new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) }));

test("a connection that was never made carried nothing", () => {
  const tls = ["CERT_HAS_EXPIRED", "DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "EPROTO"];
  const more = ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "ERR_TLS_CERT_ALTNAME_INVALID", "ERR_SSL_WRONG_VERSION_NUMBER"];
  for (const code of [...tls, ...more, "ECONNREFUSED"]) assert.equal(failed(code).mayHaveArrived, false, code);
  for (const code of ["ECONNRESET", "UND_ERR_SOCKET", "ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC", ""]) {
    assert.equal(failed(code).mayHaveArrived, true, code);
  }
  assert.equal(failed("EPROTO", "write EPROTO: bad record mac").mayHaveArrived, true);
});

test("a refusal that has no end is one at once, and one that hangs is one soon", async () => {
  for (const pull of [
    (controller: ReadableStreamDefaultController) => controller.enqueue(Buffer.alloc(4096, "x")),
    () => {},
    (controller: ReadableStreamDefaultController) => controller.error(new Error("cut")),
  ]) {
    const begun = Date.now();
    const headers = { "retry-after": "2" };
    const failure = await refusal(new Response(new ReadableStream({ pull }), { status: 429, headers }), undefined);
    assert.deepEqual([failure.status, failure.headers.get("retry-after")], [429, "2"]);
    assert.ok(String(failure.body).length <= 2000);
    assert.ok(Date.now() - begun < 10_000);
  }
});

test("a key is hidden wherever it is, and a short one is no key", () => {
  assert.deepEqual(hidden({ a: ["my-long-key!"], "my-long-key!": 1 }, "my-long-key"), { a: ["[redacted]!"], "[redacted]!": 1 });
  assert.equal(hidden("kaputt", "k"), "kaputt");
});

test("an output is never had from near by, but where its server is near, too", async () => {
  const path = join(tmpdir(), "never");
  const bounds = { maxBytes: 1, signal: AbortSignal.timeout(60_000), server: "https://203.0.113.1/v1" };
  const near = ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"];
  const more = ["2130706433", "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]"];
  const fetch = mock.method(globalThis, "fetch");
  for (const host of [...near, ...more]) {
    await assert.rejects(download(`http://${host}/x.png`, path, bounds), /one of this machine/, host);
  }
  assert.equal(fetch.mock.callCount(), 0);
  const location = "http://169.254.169.254/latest";
  fetch.mock.mockImplementation(() => Promise.resolve(new Response(null, { status: 302, headers: { location } })));
  await assert.rejects(download("http://203.0.113.1/x.png", path, bounds), /one of this machine/);
  assert.equal(fetch.mock.callCount(), 1);
  fetch.mock.mockImplementation(() => Promise.resolve(new Response("gone", { status: 404 })));
  await assert.rejects(download(location, path, { ...bounds, server: "http://127.0.0.1:1/v1" }), /no longer there/);
  fetch.mock.restore();
});
