import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { type Media, text } from "#prizm/plugin";
import { readChunk, readDeclaration } from "#prizm/plugin/wire";

import { provider } from "../src/provider.js";
import { type Answer, Host } from "./host.js";

const jobDir = mkdtempSync(join(tmpdir(), "echo-"));
after(() => rmSync(jobDir, { recursive: true }));
mkdirSync(join(jobDir, "in"));
writeFileSync(join(jobDir, "in/picture.png"), "picture");
const picture: Media = { kind: "image", mime: "image/png", path: "in/picture.png" };

const host = new Host(provider);
const declaration = readDeclaration(await host.open());
after(() => host.close());

function job(capability: string, inputs: readonly Media[], options: object = {}): object {
  return { model: "echo", capability, inputs, options, jobId: "test", jobDir };
}

const say = (options: object, ...inputs: Media[]) => host.call("transform", job("text-to-text", inputs, options));
const copy = (options: object, ...inputs: Media[]) => host.call("transform", job("image-to-image", inputs, options));

test("it declares what its manifest says, and its version stands everywhere", () => {
  const manifest = readFileSync("prizm.toml", "utf8");
  const told = (key: string) => new RegExp(`^${key} = (.*)$`, "m").exec(manifest)?.[1];
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  assert.deepEqual([told("id"), told("version")], [JSON.stringify(provider.id), JSON.stringify(provider.version)]);
  assert.equal(version, provider.version);
  assert.deepEqual(declaration.capabilities, JSON.parse(told("capabilities") ?? "[]"));
});

test("a text is said as often as it is told, in chunks and as a whole", async () => {
  const { result, notices } = await say({ times: 3 }, text("hello"));
  assert.deepEqual(result, { outputs: [text("hello hello hello")] });
  const chunks = notices.filter(({ method }) => method === "$/chunk").map(({ params }) => readChunk(params).text);
  assert.deepEqual(chunks, ["hello", " hello", " hello"]);
  assert.deepEqual((await say({}, text("once"))).result, { outputs: [text("once")] });
});

test("an image is given back as a file of its own", async () => {
  const { result } = await copy({}, picture);
  assert.deepEqual(result, { outputs: [{ kind: "image", mime: "image/png", path: "out/echo.png" }] });
  assert.equal(readFileSync(join(jobDir, "out/echo.png"), "utf8"), "picture");
});

test("what is wrong is refused by name", async () => {
  const refused = async (answer: Promise<Answer>, code: number, message: RegExp) => {
    const { error } = await answer;
    assert.equal(error?.code, code, JSON.stringify(error));
    assert.match(error.message, message);
  };
  await refused(say({ times: 0 }, text("x")), -32602, /`times`: expected a whole number from 1 to 100, got 0/);
  await refused(say({ times: "3" }, text("x")), -32602, /`times`/);
  await refused(say({ delayMs: 60001 }, text("x")), -32602, /`delayMs`/);
  await refused(say({ time: 3 }, text("x")), -32602, /`time`/);
  await refused(copy({ times: 1 }, picture), -32602, /`times`/);
  await refused(say({}), 1203, /no input/);
  await refused(say({}, picture), 1203, /text is needed/);
  await refused(copy({}, text("x")), 1203, /an image is needed/);
  await refused(copy({}, { ...picture, path: "in/missing.png" }), 1203, /missing/);
});

test("a cancellation ends the wait", async () => {
  const params = job("text-to-text", [text("x")], { delayMs: 60000 });
  const { error } = await host.call("transform", params, (id) => host.cancel(id));
  assert.equal(error?.code, -32800);
});
