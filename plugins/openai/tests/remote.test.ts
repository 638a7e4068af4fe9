/** What providers of remote vendors share, by itself. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { hidden, refusal, transportFailure } from "#prizm/remote";

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
