/** What is refused before the author's code sees it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Model } from "../src/index.js";
import { Host, codeOf, initialize, job, messageOf, textOf } from "./host.js";
import { Lab } from "./lab.js";

test("work before the handshake is refused", async () => {
  const host = new Host(new Lab());
  for (const method of ["transform", "configure", "models", "estimate", "nonsense"]) {
    const answer = await host.call(1, method, {});
    assert.equal(codeOf(answer), 1001, method);
    assert.equal(messageOf(answer), `\`${method}\` came before \`initialize\``);
  }
  await host.assertAlive();
  assert.equal((await host.health())["status"], "healthy");
});

test("the handshake needs a common version and happens once", async () => {
  const host = new Host(new Lab());
  let answer = await host.call(1, "initialize", { ...initialize(), protocolVersions: ["2.0", "1.1"] });
  assert.equal(codeOf(answer), 1002);
  assert.deepEqual(answer["error"].data.supported, ["1.0"]);
  assert.match(messageOf(answer), /2\.0, 1\.1/);

  answer = await host.call(2, "initialize", { protocolVersions: ["1.0"] });
  assert.deepEqual([codeOf(answer), messageOf(answer)], [-32602, "params: missing field `host`"]);

  answer = await host.call(3, "initialize", initialize());
  const { provider, liveness, cancel, capabilities, limits } = answer["result"];
  assert.deepEqual(provider, { id: "lab", version: "1.0.0" });
  assert.deepEqual([liveness, cancel, limits], ["ping", "cooperative", { maxInFlight: 1 }]);
  assert.deepEqual(capabilities, ["text-to-text", "x-test/files", "image-to-text"]);
  assert.equal(codeOf(await host.call(4, "initialize", initialize())), -32600);
});

test("wrong jobs are refused by name", async () => {
  const lab = new Lab();
  const host = await Host.open(lab);
  const media = { kind: "text", mime: "text/plain" };
  const cases: [key: string, value: unknown, code: number, message: string][] = [
    ["model", "labs", 1006, "no model `labs`; did you mean lab?"],
    ["model", "zzz", 1006, "no model `zzz`; there are 2, such as: lab, labrador"],
    ["model", 5, -32602, "`model`: expected a string, got a number"],
    [
      "capability",
      "text-to-image",
      1003,
      "the model `lab` has no capability `text-to-image`, only: text-to-text, x-test/files",
    ],
    ["inputs", "x", -32602, "`inputs`: expected a list, got a string"],
    ["inputs", [{ kind: "text", mime: 1 }], -32602, "`inputs[0].mime`: expected a string, got a number"],
    ["inputs", [{ mime: "x/y" }], -32602, "`inputs[0]`: missing field `kind`"],
    [
      "inputs",
      [{ kind: "smell", mime: "x/y" }],
      -32602,
      "`inputs[0].kind`: expected one of text, image, audio, video, 3d, got another word",
    ],
    ["inputs", [media], -32602, "`inputs[0]`: expected exactly one of text, path and url, got 0"],
    ["inputs", [{ ...media, text: "a", url: "b" }], -32602, "`inputs[0]`: expected exactly one of text, path and url, got 2"],
    ["inputs", [], 1203, "the job has no input; one is needed"],
    ["jobDir", "relative/dir", -32602, "`jobDir`: expected an absolute path, got `relative/dir`"],
    ["deadlineMs", -1, -32602, "`deadlineMs`: expected a whole number from 0 to 2^64-1, got another one"],
    ["deadlineMs", 1.5, -32602, "`deadlineMs`: expected a whole number from 0 to 2^64-1, got another one"],
    ["options", [], -32602, "`options`: expected an object, got a list"],
    ["options", null, -32602, "`options`: expected an object, got null"],
  ];
  for (const [key, value, code, message] of cases) {
    const answer = await host.call(1, "transform", { ...job("x"), [key]: value });
    assert.deepEqual([codeOf(answer), messageOf(answer)], [code, message]);
  }
  for (const params of [undefined, null, {}]) {
    assert.equal(messageOf(await host.call(2, "transform", params)), "params: missing field `model`");
  }
  assert.equal(codeOf(await host.call(3, "transform", [1, 2])), -32602);
  assert.equal(lab.seen.begun, 1, "only the job without an input reached the lab");
});

test("a wrong option is named with what was expected", async () => {
  const host = await Host.open(new Lab());
  const withSteps = (steps: unknown) => ({ ...job("option"), options: { steps } });
  const answer = await host.call(1, "transform", withSteps("many"));
  assert.equal(codeOf(answer), -32602);
  assert.equal(messageOf(answer), 'option `steps`: expected a whole number, got "many"');
  assert.deepEqual(answer["error"].data, { option: "steps", expected: "a whole number", got: '"many"' });
  assert.equal(codeOf(await host.call(2, "transform", withSteps(1.5))), -32602);
  assert.equal(textOf(await host.call(3, "transform", withSteps(null))), "7");
  assert.equal(textOf(await host.call(4, "transform", withSteps(9))), "9");
});

test("unknown methods are refused and unknown notifications ignored", async () => {
  const host = await Host.open(new Lab());
  for (const method of ["nonsense", "host/secret", "", "$/cancelRequest", "toString"]) {
    assert.equal(codeOf(await host.call(1, method, {})), -32601, method);
  }
  assert.equal(codeOf(await host.call(2, "estimate", job("x"))), -32601);
  await host.notify("$/future", { x: [1] });
  await host.notify("transform", job("x"));
  await host.assertAlive();
  assert.equal((await host.health())["lastError"], undefined);
});

test("an estimate is asked for without media, and answered by its schema", async () => {
  const lab = Object.assign(new Lab(), {
    estimate: (request: { inputs: readonly { kind: string }[]; option: (name: string, kind: "number") => unknown }) => {
      return { cost: String(request.option("price", "number") ?? "0.25"), timeMs: request.inputs.length };
    },
  });
  const host = await Host.open(lab);
  const params = { model: "lab", capability: "text-to-text" };
  assert.deepEqual((await host.call(1, "estimate", params))["result"], { cost: "0.25", timeMs: 0 });
  const inputs = [{ kind: "text", mime: "text/plain", meta: { characters: 5 } }];
  assert.deepEqual((await host.call(2, "estimate", { ...params, inputs }))["result"], { cost: "0.25", timeMs: 1 });
  const wrong = await host.call(3, "estimate", { ...params, options: { price: -1 } });
  assert.equal(messageOf(wrong).split(":")[0], "the provider's estimate is wrong");
  assert.equal(codeOf(await host.call(4, "estimate", { ...params, model: "x" })), 1006);
  assert.equal(codeOf(await host.call(5, "estimate", { ...params, options: { price: "x" } })), -32602);
});

test("configuration is needed where the author says so", async () => {
  const host = await Host.open(new Lab(1, true));
  assert.equal(codeOf(await host.call(1, "transform", job("x"))), 1004);
  assert.equal((await host.health())["status"], "degraded");

  let answer = await host.call(2, "configure", { config: { apiKey: "sk-secret" } });
  assert.deepEqual([codeOf(answer), messageOf(answer)], [1005, "setting `apiKey`: expected a whole number"]);
  assert.ok(!JSON.stringify(answer).includes("sk-secret"));
  answer = await host.call(3, "configure", { config: "sk-secret" });
  assert.deepEqual([codeOf(answer), messageOf(answer)], [-32602, "`config`: expected an object, got a string"]);
  assert.equal(codeOf(await host.call(3, "configure", {})), 1004);
  answer = await host.call(3, "configure", { config: { apiKey: 1, backend: "gpu" } });
  assert.equal(messageOf(answer), "no service `gpu` is configured");
  answer = await host.call(3, "configure", {
    config: { apiKey: 1, backend: "gpu" },
    services: { gpu: { endpoints: { metrics: "http://127.0.0.1:1" } } },
  });
  assert.equal(messageOf(answer), "the service `gpu` has no endpoint `api`, only: metrics");
  assert.equal(codeOf(await host.call(4, "transform", job("x"))), 1004);

  host.seen = [];
  answer = await host.call(5, "configure", { config: { apiKey: 1 } });
  assert.deepEqual(answer["result"], { ready: true });
  const stages = host.seen.map((frame) => [frame["method"], frame["params"]]);
  assert.deepEqual(stages, [["$/startup", { stage: "loading", fraction: 0.5 }], ["$/startup", { stage: "warming" }]]);
  assert.equal(textOf(await host.call(6, "transform", job("x"))), "x");
});

test("configurations are taken one after the other, and can be given up", async () => {
  const host = await Host.open(new Lab(1, true));
  await host.request(1, "configure", { config: { slow: true, apiKey: 1 } });
  await host.request(2, "configure", { config: { apiKey: 1 } });
  await host.assertAlive();
  await host.cancel(1);
  assert.equal(codeOf(await host.answer()), -32800);
  assert.deepEqual((await host.answer())["result"], { ready: true });
  assert.equal(textOf(await host.call(3, "transform", job("x"))), "x");
});

test("models that were found replace the declared ones", async () => {
  const host = await Host.open(new Lab());
  const answer = await host.call(1, "models");
  assert.deepEqual(answer["result"], { models: [{ id: "lab-2", capabilities: ["text-to-text"] }] });
  assert.equal(textOf(await host.call(2, "transform", { ...job("x"), model: "lab-2" })), "x");
  assert.equal(codeOf(await host.call(3, "transform", job("x"))), 1006);
});

test("what a provider says of itself is checked, and extended by what it has no model for yet", async () => {
  const models = [{ id: "lab", capabilities: ["text-to-text"] as const }];
  const transform = () => [];
  const host = await Host.open({ id: "a", version: "1.0.0", models, capabilities: ["x-a/b"], transform });
  assert.deepEqual((await host.call(1, "models"))["result"].models, models);
  assert.equal((await host.call(2, "health"))["result"].status, "healthy");

  const chosen: Model[] = [{ id: "lab", capabilities: ["text-to-text"], features: ["seed"], quality: 4, typicalMs: 6000 }];
  const dataPolicy = { retentionDays: 30, regions: ["eu"] };
  const said = new Host({ id: "a", version: "1.0.0", models: chosen, dataPolicy, transform });
  const declared = (await said.call(1, "initialize", initialize()))["result"];
  assert.deepEqual([declared.models, declared.dataPolicy], [chosen, dataPolicy]);

  const wrong = new Host({ id: "a", version: 2 as unknown as string, models, transform });
  const answer = await wrong.call(1, "initialize", initialize());
  const message = "the provider's declaration is wrong: `provider.version`: expected a string, got a number";
  assert.deepEqual([codeOf(answer), messageOf(answer)], [-32603, message]);
  await wrong.assertAlive();
});
