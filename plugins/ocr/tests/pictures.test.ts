import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { deflateSync } from "node:zlib";

import { look } from "../src/formats/index.js";
import { FIXTURES, Host } from "./host.js";
import { chunk, helloBmp, hollowPng, sidewaysJpeg, whitePng } from "./pictures.js";

const HELLO = "Hello from Prizm";
const MOST = 40_000_000;

let host: Host;

before(async () => {
  host = new Host();
  await host.open();
});
after(() => host.close());

const bytesOf = (name: string) => readFileSync(join(FIXTURES, name));

for (const name of ["hello.jpg", "hello.webp", "lossless.webp", "hello.gif", "hello.bmp", "group4.tiff", "lzw.tiff"]) {
  test(`${name} is read`, async () => {
    const { outputs, meta } = await host.done({ inputs: [host.fixture(name)] });
    assert.equal(outputs[0]?.text, HELLO);
    const { width, height } = meta as Record<string, unknown>;
    assert.deepEqual([width, height], [480, 120]);
  });
}

for (const bits of [1, 4, 8, 24, 32] as const) {
  test(`a BMP of ${bits} bits is read, from below and from the top`, async () => {
    assert.equal(await host.text(host.picture(helloBmp(bits))), HELLO);
    assert.equal(await host.text(host.picture(helloBmp(bits, true))), HELLO);
  });
}

for (const order of ["II", "MM"] as const) {
  test(`a photo that lies on its side is read upright where it says so (${order})`, async () => {
    const { outputs, meta } = await host.done({ inputs: [host.picture(sidewaysJpeg(order))] });
    assert.equal(outputs[0]?.text, HELLO);
    const { width, height } = meta as Record<string, unknown>;
    assert.deepEqual([width, height], [480, 120]);
  });
}

for (const [name, what] of [
  ["moving.gif", "the GIF moves; its first picture was read"],
  ["pages.tiff", "the TIFF has more pages; its first one was read"],
] as const) {
  test(`of ${name} the first picture is read, and the answer says so`, async () => {
    const { outputs, meta } = await host.done({ inputs: [host.fixture(name)] });
    assert.equal(outputs[0]?.text, HELLO);
    assert.deepEqual((meta as Record<string, unknown>)["warnings"], [what]);
  });
}

for (const [name, what] of [
  ["moving.webp", /a WebP that moves cannot be read/],
  ["deflate.tiff", /a TIFF with Deflate cannot be read; one with .*LZW/],
] as const) {
  test(`${name} is refused, with what to do`, async () => {
    const { code, message } = await host.failed({ inputs: [host.fixture(name)] });
    assert.equal(code, 1203);
    assert.match(message, what);
  });
}

test("a picture without text gives an empty text and a warning", async () => {
  for (const [width, height] of [[1, 1], [2, 2], [300, 200], [1000, 1]] as const) {
    const { outputs, meta } = await host.done({ inputs: [host.picture(whitePng(width, height))] });
    assert.equal(outputs[0]?.text, "");
    assert.deepEqual((meta as Record<string, unknown>)["warnings"], ["no text was found"]);
  }
});

for (const [what, bytes] of [
  ["nothing", Buffer.alloc(0)],
  ["a text", Buffer.from("Hello from Prizm")],
  ["a PNG's signature alone", bytesOf("hello.png").subarray(0, 8)],
  ["a BMP's signature alone", Buffer.from("BM")],
  ["a GIF's signature alone", Buffer.from("GIF89a")],
  ["a TIFF that leads out of itself", Buffer.from("II*\0\xff\xff\xff\xff", "latin1")],
  ["a JPEG that is all markers", Buffer.alloc(10_000, 0xff)],
  ["a PNG of no width", hollowPng(0, 100)],
  ["a PNG without pixels", hollowPng(100, 100)],
] as const) {
  test(`${what} is no picture, and the next job is done`, async () => {
    const { code, data } = await host.failed({ inputs: [host.picture(bytes)] });
    assert.deepEqual([code, data["kind"], data["retryable"]], [1203, "InvalidMedia", false]);
    assert.equal(await host.text(host.fixture("hello.png")), HELLO);
  });
}

test("a picture that is cut short anywhere, or spoilt in its middle, is refused or read, and nothing breaks", async () => {
  for (const name of ["hello.png", "hello.jpg", "hello.webp", "hello.gif", "hello.bmp", "lzw.tiff", "group4.tiff"]) {
    const whole = bytesOf(name);
    for (const part of [0.1, 0.5, 0.9]) {
      const cut = host.picture(whole.subarray(0, Math.floor(whole.length * part)));
      const spoilt = Buffer.from(whole);
      spoilt.fill(0xa5, Math.floor(whole.length * part), Math.floor(whole.length * part) + 8);
      for (const inputs of [[cut], [host.picture(spoilt)]]) {
        const { result, error } = await host.transform({ inputs });
        assert.ok(result !== undefined || error?.code === 1203, `${name} ${part}: ${error?.message}`);
      }
    }
  }
  assert.equal(await host.text(host.fixture("hello.png")), HELLO);
});

test("whatever the bytes after a signature are, the header is read or refused", () => {
  let state = 1;
  const next = () => (state = (state * 48_271) % 2_147_483_647);
  for (const name of ["hello.png", "hello.jpg", "hello.webp", "hello.gif", "hello.bmp", "lzw.tiff"]) {
    const whole = bytesOf(name);
    for (let round = 0; round < 500; round += 1) {
      const bytes = Buffer.from(whole.subarray(0, 1 + (next() % whole.length)));
      for (let spoilt = 0; spoilt < 4; spoilt += 1) bytes[next() % Math.min(bytes.length, 80)] = next() % 256;
      try {
        const { width, height, bytes: kept } = look(bytes, MOST);
        assert.ok(width >= 1 && height >= 1 && width * height <= MOST);
        kept();
      } catch (error) {
        assert.equal((error as { code?: number }).code, 1203, String(error));
      }
    }
  }
});

test("a picture that would fill the memory is refused by its header", async () => {
  const { code, message, data } = await host.failed({ inputs: [host.picture(hollowPng(30_000, 30_000))] });
  assert.equal(code, 1203);
  assert.match(message, /30000×30000 pixels; at most 40000000 are read/);
  assert.deepEqual([data["width"], data["maxPixels"]], [30_000, MOST]);
  assert.match((await host.failed({ inputs: [host.picture(hollowPng(40_000, 2))] })).message, /a side has at most 32767/);
});

test("`maxPixels` is the limit", async () => {
  await host.configure({ maxPixels: 57_599 });
  assert.equal((await host.failed()).data["maxPixels"], 57_599);
  await host.configure({ maxPixels: 57_600 });
  assert.equal(await host.text(host.fixture("hello.png")), HELLO);
  await host.configure({});
});

test("chunks of a PNG that unpack to gigabytes are left out", () => {
  const bomb = chunk("zTXt", Buffer.concat([Buffer.from("a\0\0"), deflateSync(Buffer.alloc(7_900_000))]));
  const plain = whitePng(64, 64);
  const kept = look(whitePng(64, 64, ...Array.from({ length: 400 }, () => bomb)), MOST).bytes();
  assert.deepEqual(Buffer.from(kept), plain);
});

test("a file over the limit is refused unread", async () => {
  const media = host.picture(whitePng(10, 10));
  truncateSync(join(host.jobDir, media.path ?? ""), 64 * 2 ** 20 + 1);
  const { code, message } = await host.failed({ inputs: [media] });
  assert.equal(code, 1203);
  assert.match(message, /67108865 bytes; the limit is 67108864/);
});

test("an input that is missing or no image is refused", async () => {
  const missing = { kind: "image", mime: "image/png", path: "in/none.png" } as const;
  assert.equal((await host.failed({ inputs: [missing] })).code, 1203);
  assert.equal((await host.failed({ inputs: [{ kind: "text", mime: "text/plain", text: "Hello" }] })).code, 1203);
  assert.equal((await host.failed({ inputs: [] })).code, 1203);
  writeFileSync(join(host.jobDir, "in", "file"), "");
  assert.equal((await host.failed({ inputs: [{ ...missing, path: "in" }] })).code, 1203);
});
