/** The job's directory and nothing beyond it. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { type Frame, Host, codeOf, messageOf } from "./host.js";
import { Lab } from "./lab.js";

const top = mkdtempSync(join(tmpdir(), "prizm-files-"));
after(() => rmSync(top, { recursive: true }));

function jobDir(name: string): string {
  const dir = join(top, name);
  mkdirSync(join(dir, "in"), { recursive: true });
  writeFileSync(join(dir, "in/a.png"), "picture");
  return dir;
}

function copy(dir: string | undefined, path: string, name: string): Frame {
  const inputs = [{ kind: "image", mime: "image/png", path }];
  return { model: "lab", capability: "x-test/files", jobId: "j", inputs, options: { name }, jobDir: dir };
}

test("inputs are read and outputs written beneath it", async () => {
  const dir = jobDir("good");
  const host = await Host.open(new Lab());
  const answer = await host.call(1, "transform", copy(dir, "in/a.png", "frames/1.png"));
  assert.deepEqual(answer["result"].outputs, [{ kind: "image", mime: "image/png", path: "out/frames/1.png" }]);
  assert.equal(readFileSync(join(dir, "out/frames/1.png"), "utf8"), "picture");
  assert.equal(host.seen[0]?.["method"], "$/chunk");
  assert.deepEqual(host.seen[0]?.["params"], { id: 1, seq: 1, path: "out/frames/1.png" });
});

test("inputs that leave it are refused", async () => {
  const dir = jobDir("inputs");
  const outside = join(top, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "secret"), "secret");
  symlinkSync(outside, join(dir, "in/link"));
  const host = await Host.open(new Lab());
  const cases: [string, RegExp][] = [
    ["../secret", /leaves the job's directory/],
    ["in/../../secret", /leaves the job's directory/],
    [join(outside, "secret"), /leaves the job's directory/],
    ["", /leaves the job's directory/],
    ["in\\..\\a", /leaves the job's directory/],
    ["in/a\0.png", /leaves the job's directory/],
    ["in/link/secret", /links out of the job's directory/],
    ["in/missing.png", /cannot be read: ENOENT/],
    ["in", /cannot be read: EISDIR/],
  ];
  for (const [path, expected] of cases) {
    const answer = await host.call(1, "transform", copy(dir, path, "x"));
    assert.equal(codeOf(answer), 1203, path);
    assert.match(messageOf(answer), expected);
  }
  assert.ok(!existsSync(join(dir, "out")));
});

test("outputs that leave it are refused", async () => {
  const dir = jobDir("outputs");
  const host = await Host.open(new Lab());
  for (const name of ["../x", "/tmp/prizm-escape", "", "a/../../x", "..", "a\\b"]) {
    const answer = await host.call(1, "transform", copy(dir, "in/a.png", name));
    assert.equal(codeOf(answer), -32603, name);
    assert.match(messageOf(answer), /is no name for an output/);
  }
  assert.ok(!existsSync(join(dir, "x")) && !existsSync(join(dir, "out")));

  const elsewhere = Object.assign(new Lab(), {
    transform: (_: unknown, context: { output: (kind: "image", mime: string, path: string) => never }) =>
      context.output("image", "image/png", "/etc/passwd"),
  });
  const answer = await (await Host.open(elsewhere)).call(1, "transform", copy(dir, "in/a.png", "x"));
  assert.equal(messageOf(answer), `\`/etc/passwd\` is not beneath the job's directory \`${dir}\``);
});

test("an output that cannot be written says why", async () => {
  const dir = jobDir("blocked");
  writeFileSync(join(dir, "out"), "a file where a directory belongs");
  const host = await Host.open(new Lab());
  const answer = await host.call(1, "transform", copy(dir, "in/a.png", "a.png"));
  assert.equal(codeOf(answer), -32603);
  assert.match(messageOf(answer), /^cannot make `.*out`: EEXIST/);
});

test("a job without a directory is told so", async () => {
  const host = await Host.open(new Lab());
  const answer = await host.call(1, "transform", copy(undefined, "in/a.png", "x"));
  assert.equal(codeOf(answer), -32602);
  assert.match(messageOf(answer), /`jobDir`/);
});
