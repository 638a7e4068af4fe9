import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Host } from "./host.js";

let host: Host;

before(async () => {
  host = new Host();
  await host.open();
});
after(() => host.close());

const PAGE = "The quick brown fox\njumps over the lazy dog.\n\nOrder 4711 costs 25 coins\nand ships on Monday.";

interface Word {
  readonly text: string;
  readonly confidence: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const words = (meta: unknown) => (meta as { readonly words: readonly Word[] }).words;

test("a picture of a text gives the text", async () => {
  const { outputs, meta, notices } = await host.done();
  assert.deepEqual(outputs, [{ kind: "text", mime: "text/plain", text: "Hello from Prizm" }]);
  const { confidence, width, height, language, wordCount } = meta as Record<string, unknown>;
  assert.deepEqual([width, height, language, wordCount], [480, 120, "eng", 3]);
  assert.ok(Number(confidence) > 90 && Number(confidence) <= 100, `${confidence}`);
  const fractions = notices.map(({ params }) => Number(params["fraction"]));
  assert.equal(fractions[0], 0);
  assert.equal(fractions.at(-1), 1);
});

test("each word is said with its place and how sure it is", async () => {
  const { meta } = await host.done();
  assert.deepEqual(words(meta).map(({ text }) => text), ["Hello", "from", "Prizm"]);
  let left = 0;
  for (const { x, y, width, height, confidence } of words(meta)) {
    assert.ok(x > left && x + width < 480 && y > 0 && y + height < 120, `${x},${y} ${width}×${height}`);
    assert.ok(confidence > 90 && confidence <= 100);
    left = x + width;
  }
});

test("lines and paragraphs stay", async () => {
  assert.equal(await host.text(host.fixture("page.png")), PAGE);
});

test("`joinLines` makes a line of each paragraph", async () => {
  const text = await host.text(host.fixture("page.png"), { joinLines: true });
  assert.equal(text, PAGE.split("\n\n").map((lines) => lines.replace("\n", " ")).join("\n"));
});

test("`minConfidence` leaves out what is less sure, from the words too", async () => {
  const all = words((await host.done({ inputs: [host.fixture("page.png")] })).meta);
  const minConfidence = all.map(({ confidence }) => confidence).sort((a, b) => a - b)[5] ?? 0;
  const sure = all.filter(({ confidence }) => confidence > minConfidence);
  assert.ok(sure.length > 0 && sure.length < all.length);
  const options = { minConfidence: minConfidence + 0.06 };
  const { outputs, meta } = await host.done({ inputs: [host.fixture("page.png")], options });
  assert.deepEqual(words(meta), sure);
  assert.equal(outputs[0]?.text?.replaceAll(/\s+/g, " "), sure.map(({ text }) => text).join(" "));
  const { outputs: none, meta: empty } = await host.done({ options: { minConfidence: 100 } });
  assert.deepEqual([none[0]?.text, words(empty)], ["", []]);
  assert.deepEqual((empty as Record<string, unknown>)["warnings"], ["no text was found"]);
});

test("`whitelist` leaves no other characters, in this job only", async () => {
  const text = await host.text(host.fixture("hello.png"), { whitelist: "0123456789" });
  assert.match(text ?? "", /^[0-9\s]*$/);
  assert.equal(await host.text(host.fixture("hello.png")), "Hello from Prizm");
});

for (const layout of ["auto", "column", "block", "line", "sparse"]) {
  test(`a line is read with the layout \`${layout}\``, async () => {
    assert.equal(await host.text(host.fixture("hello.png"), { layout }), "Hello from Prizm");
  });
}

for (const layout of ["line", "word"]) {
  test(`a page is one line with the layout \`${layout}\``, async () => {
    assert.doesNotMatch((await host.text(host.fixture("page.png"), { layout })) ?? "\n", /\n/);
  });
}

test("`dpi` is taken in place of the guess", async () => {
  assert.equal(await host.text(host.fixture("hello.png"), { dpi: 300 }), "Hello from Prizm");
});

test("`tsv` is the table, with the names of its columns", async () => {
  const { outputs } = await host.done({ options: { format: "tsv" } });
  assert.equal(outputs[0]?.mime, "text/tab-separated-values");
  const rows = (outputs[0]?.text ?? "").trimEnd().split("\n").map((row) => row.split("\t"));
  assert.deepEqual([rows[0]?.[0], rows[0]?.[11]], ["level", "text"]);
  assert.ok(rows.every(({ length }) => length === 12));
  assert.deepEqual(rows.filter(([level]) => level === "5").map((row) => row[11]), ["Hello", "from", "Prizm"]);
});

test("`hocr` is HTML with the places of words", async () => {
  const { outputs } = await host.done({ options: { format: "hocr" } });
  assert.equal(outputs[0]?.mime, "text/html");
  assert.match(outputs[0]?.text ?? "", /^<!DOCTYPE html>\n<html>[^]*content="tesseract \d[^]*<\/html>\n$/);
  assert.match(outputs[0]?.text ?? "", /class='ocrx_word'[^>]*title='bbox \d+ \d+ \d+ \d+; x_wconf 9\d'[^>]*>Hello</);
});

for (const [name, value] of [
  ["language", "../eng"],
  ["language", "eng+"],
  ["language", "deu"],
  ["layout", "diagonal"],
  ["layout", 6],
  ["layout", "toString"],
  ["whitelist", ""],
  ["whitelist", "a\nb"],
  ["whitelist", "a\0"],
  ["dpi", 69],
  ["dpi", 300.5],
  ["minConfidence", 101],
  ["format", "pdf"],
  ["joinLines", "yes"],
  ["tessedit_write_images", "1"],
] as const) {
  test(`the option ${name}=${JSON.stringify(value)} is refused by name`, async () => {
    const { code, data } = await host.failed({ options: { [name]: value } });
    assert.deepEqual([code, data["option"]], [-32602, name]);
  });
}

test("options that do not go together are refused", async () => {
  for (const [options, option] of [
    [{ format: "hocr", minConfidence: 50 }, "minConfidence"],
    [{ format: "tsv", joinLines: true }, "joinLines"],
  ] as const) {
    const { code, data } = await host.failed({ options });
    assert.deepEqual([code, data["option"]], [-32602, option]);
  }
});
