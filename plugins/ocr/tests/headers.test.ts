import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { look } from "../src/formats/index.js";
import { FIXTURES, Host } from "./host.js";
import { type Entry, chunk, whitePng, whiteTiff } from "./pictures.js";

const MOST = 40_000_000;

let host: Host;

before(async () => {
  host = new Host();
  await host.open();
});
after(() => host.close());

/** Says why a picture is refused. */
function refused(bytes: Buffer): string {
  try {
    look(bytes, MOST).bytes();
  } catch (error) {
    const { code, message } = error as { readonly code: number; readonly message: string };
    assert.equal(code, 1203, message);
    return message;
  }
  return assert.fail("it was not refused");
}

const DECODED = [[1, 1], [2, 1], [4, 1], [8, 1], [16, 1], [8, 2], [8, 3], [16, 3], [8, 4], [16, 4]] as const;

for (const [bits, channels] of DECODED) {
  test(`a TIFF of ${channels} times ${bits} bits is read`, async () => {
    const entries: readonly Entry[] = [
      [258, 3, ...Array.from({ length: channels }, () => bits)],
      [262, 3, channels > 2 ? 2 : 1],
      [277, 3, channels],
    ];
    assert.equal(await host.text(host.picture(whiteTiff(64, 32, entries))), "");
  });
}

for (const bits of [0, 3, 12, 24, 32, 64, 1000, 65_535]) {
  test(`a TIFF of ${bits} bits is refused by its header`, () => {
    const entries: readonly Entry[] = [[258, 3, bits]];
    const message = `a TIFF of ${bits} bits a sample cannot be read; one with 1, 2, 4, 8, 16 can`;
    assert.equal(refused(whiteTiff(1, 1, entries)), message);
  });
}

test("a TIFF whose channels differ in bits is refused", () => {
  const message = "the TIFF is damaged: its tag 258 has values that differ";
  assert.equal(refused(whiteTiff(8, 8, [[258, 3, 8, 8, 1000], [277, 3, 3]])), message);
  assert.equal(refused(whiteTiff(8, 8, [[258, 3, 8, 16], [277, 3, 2]])), message);
});

for (const [what, first, second] of [
  ["twice", [256, 4, 20_000], [256, 4, 10]],
  ["twice, of two types", [256, 3, 20_000], [256, 4, 10]],
  ["first as what is not read", [256, 9, 20_000], [256, 4, 10]],
  ["last as what is not read", [256, 4, 10], [256, 1, 200]],
] as const satisfies readonly (readonly [string, Entry, Entry])[]) {
  test(`a TIFF that has its width ${what} is refused`, () => {
    assert.match(refused(whiteTiff(10, 10, [first], [second])), /the TIFF is damaged: its tag 256 is /);
  });
}

test("a TIFF that has any tag twice is refused, and one with tags that nobody knows is not", () => {
  const artist: Entry = [315, 1, 65, 66];
  assert.equal(look(whiteTiff(10, 10, [], [artist, [65_000, 9, 1]]), MOST).width, 10);
  assert.equal(refused(whiteTiff(10, 10, [], [artist, artist])), "the TIFF is damaged: its tag 315 is there twice");
});

for (const tag of [256, 257, 258, 259, 277]) {
  test(`a TIFF whose tag ${tag} is no SHORT or LONG, or empty, is refused`, () => {
    assert.match(refused(whiteTiff(1, 1, [[tag, 9, 1]])), new RegExp(`its tag ${tag} is neither SHORT nor LONG`));
    assert.match(refused(whiteTiff(1, 1, [[tag, 3]])), new RegExp(`its tag ${tag} has 0 values`));
  });
}

test("a tile larger than its page counts, of whatever type it is", () => {
  assert.match(refused(whiteTiff(10, 10, [], [[322, 4, 20_000], [323, 4, 20_000]])), /20000×20000 pixels/);
  assert.match(refused(whiteTiff(10, 10, [], [[322, 9, 20_000], [323, 9, 20_000]])), /its tag 322 is neither/);
});

test("a PNG in more pieces than any encoder makes is refused before it is taken apart", () => {
  const hello = readFileSync(join(FIXTURES, "hello.png"));
  const empty = (name: string, count: number) => Array<Buffer>(count).fill(chunk(name, Buffer.alloc(0)));
  const many = (count: number) => Buffer.concat([hello.subarray(0, 33), ...empty("IDAT", count), hello.subarray(33)]);
  const message = "a PNG of more than 100000 chunks cannot be read; save it anew";
  assert.equal(refused(many(100_000)), message);
  assert.equal(refused(whitePng(1, 1, ...empty("tEXt", 100_000))), message);
  assert.equal(look(many(90_000), MOST).bytes().length, many(90_000).length);
});

test("a PNG in many pieces is read", async () => {
  const hello = readFileSync(join(FIXTURES, "hello.png"));
  const empty = Array<Buffer>(1000).fill(chunk("IDAT", Buffer.alloc(0)));
  const bytes = Buffer.concat([hello.subarray(0, 33), ...empty, hello.subarray(33)]);
  assert.equal(await host.text(host.picture(bytes)), "Hello from Prizm");
});
