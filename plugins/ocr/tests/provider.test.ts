import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { gunzipSync } from "node:zlib";

import { type WireModel, readDeclaration } from "#prizm/plugin/wire";

import { Host } from "./host.js";

const DATA = "node_modules/@tesseract.js-data/eng/4.0.0_best_int/eng.traineddata.gz";

let host: Host;
let declared: unknown;
let dataDir: string;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "ocr-data-"));
  host = new Host();
  declared = await host.open();
});
afterEach(async () => {
  await host.close();
  rmSync(dataDir, { recursive: true });
});

/** The languages that there are now. */
async function languages(): Promise<unknown> {
  const { result } = await host.call("models", {});
  const [model] = (result as { models: WireModel[] }).models;
  const { properties } = model?.options?.["image-to-text"] as { properties: { language: { examples: unknown } } };
  return properties.language.examples;
}

test("it declares what its manifest says, and its version stands everywhere", () => {
  const { provider, capabilities, models: listed, dataPolicy } = readDeclaration(declared);
  const manifest = readFileSync("prizm.toml", "utf8");
  const told = (key: string) => new RegExp(`^${key} = "(.*)"$`, "m").exec(manifest)?.[1];
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  assert.deepEqual([provider.id, provider.version, provider.type], [told("id"), told("version"), "local"]);
  assert.equal(version, provider.version);
  assert.deepEqual(capabilities, ["image-to-text"]);
  assert.deepEqual(dataPolicy, { retentionDays: 0, training: false });
  assert.deepEqual(listed.map(({ id, isFree }) => [id, isFree]), [["tesseract", true]]);
});

test("each file of trained data in `dataDir` is a language, also one that comes later", async () => {
  copyFileSync(DATA, join(dataDir, "tiny.traineddata.gz"));
  for (const name of ["osd.traineddata", ".._x.traineddata", "a b.traineddata", ".traineddata", "deu.txt"]) {
    writeFileSync(join(dataDir, name), "");
  }
  assert.equal((await host.configure({ dataDir })).error, undefined);
  assert.deepEqual(await languages(), ["eng", "tiny"]);
  writeFileSync(join(dataDir, "late.traineddata"), gunzipSync(readFileSync(DATA)));
  assert.deepEqual(await languages(), ["eng", "late", "tiny"]);
  for (const language of ["tiny", "late", "tiny+eng", "eng"]) {
    const { outputs, meta } = await host.done({ options: { language } });
    assert.equal(outputs[0]?.text, "Hello from Prizm");
    assert.equal((meta as Record<string, unknown>)["language"], language);
  }
  await host.configure({});
  assert.deepEqual(await languages(), ["eng"]);
  const { code, message } = await host.failed({ options: { language: "eng+tiny" } });
  assert.equal(code, -32602);
  assert.match(message, /expected eng, or several/);
});

test("English of `dataDir` comes before that which is installed along", async () => {
  writeFileSync(join(dataDir, "eng.traineddata"), "no data at all");
  await host.configure({ dataDir });
  assert.deepEqual(await languages(), ["eng"]);
  assert.equal((await host.failed()).code, 1005);
});

test("data that Tesseract cannot use is the setting's fault, and English goes on", async () => {
  writeFileSync(join(dataDir, "spoilt.traineddata"), "no data at all");
  writeFileSync(join(dataDir, "cut.traineddata.gz"), readFileSync(DATA).subarray(0, 5000));
  mkdirSync(join(dataDir, "dir.traineddata"));
  await host.configure({ dataDir });
  for (const language of ["spoilt", "cut", "dir", "eng+spoilt"]) {
    const { code, message, data } = await host.failed({ options: { language } });
    assert.deepEqual([code, data["setting"]], [1005, "dataDir"], message);
    assert.match(message, new RegExp(`${language.replace("eng+", "")}\\.traineddata`));
  }
  assert.equal(await host.text(host.fixture("hello.png")), "Hello from Prizm");
  const { result } = await host.call("health", {});
  assert.equal((result as { status: string }).status, "healthy");
});

for (const [name, value] of [
  ["maxPixels", 0],
  ["maxPixels", 75_000_001],
  ["maxPixels", "many"],
  ["dataDir", "relative"],
  ["dataDir", "/no/such/directory"],
  ["dataDir", "/tmp\0"],
] as const) {
  test(`the setting ${name}=${JSON.stringify(value)} is refused by name`, async () => {
    const { error } = await host.configure({ [name]: value });
    assert.deepEqual([error?.code, (error?.data as Record<string, unknown>)["setting"]], [1005, name]);
  });
}
