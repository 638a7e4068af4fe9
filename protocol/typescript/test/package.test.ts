/** What is published: the files, and what the README says of them. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { type Frame } from "./host.js";
import { rootOf } from "./root.js";

const root = rootOf(import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

test("the package holds what is needed and nothing else", () => {
  const argv = ["pack", "--dry-run", "--json", "--ignore-scripts", "--offline"];
  const { stdout, stderr } = spawnSync("npm", argv, { cwd: root, encoding: "utf8" });
  const files = (JSON.parse(stdout) as { files: { path: string }[] }[])[0]?.files.map(({ path }) => path) ?? [];
  for (const needed of ["README.md", "LICENSE-APACHE", "LICENSE-MIT", "package.json", "dist/index.js", "dist/index.d.ts"]) {
    assert.ok(files.includes(needed), `${needed}: ${stderr}`);
  }
  for (const license of ["LICENSE-APACHE", "LICENSE-MIT"]) assert.equal(read(license), read(`../../${license}`), license);
  const others = files.filter((path) => !/^(README\.md|LICENSE-\w+|package\.json|dist\/[\w/]+(\.d\.ts|\.js))$/.test(path));
  assert.deepEqual(others, []);
  for (const path of files.filter((path) => path.startsWith("dist/"))) {
    const text = read(path);
    assert.ok(!text.includes("sourceMappingURL"), path);
    for (const [, from = ""] of text.matchAll(/ from "(\.[^"]+)\.js"/g)) {
      const target = posix.join(posix.dirname(path), from);
      assert.ok(files.includes(`${target}.d.ts`), `${path} imports ${target}`);
    }
  }
  const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, Record<string, string>> };
  for (const target of Object.values(exports).flatMap((conditions) => Object.values(conditions))) {
    assert.ok(files.includes(posix.normalize(target)), target);
  }
});

test("nothing is needed but Node", () => {
  const { dependencies, devDependencies } = JSON.parse(read("package.json")) as Frame;
  assert.equal(dependencies, undefined);
  for (const version of Object.values(devDependencies as Record<string, string>)) assert.match(version, /^\d+\.\d+\.\d+$/);
  assert.ok(!read("package-lock.json").includes('"resolved"'));
});

test("the README's snippets compile", () => {
  const directory = new URL("build/readme/", root);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const snippets = [...read("README.md").matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = ""]) => code);
  assert.ok(snippets.length >= 5);
  snippets.forEach((code, index) => writeFileSync(new URL(`${index}.ts`, directory), code));
  const config = { extends: "../../tsconfig.json", compilerOptions: { rootDir: ".", noEmit: true }, include: ["*.ts"] };
  writeFileSync(new URL("tsconfig.json", directory), JSON.stringify(config));
  const tsc = fileURLToPath(new URL("node_modules/typescript/lib/tsc.js", root));
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", fileURLToPath(directory)], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});

test("the README's first provider runs", () => {
  const [, code = ""] = /^```ts\n([^]*?)^```$/m.exec(read("README.md")) ?? [];
  const ask = { jsonrpc: "2.0", id: 1, method: "ping" };
  const argv = ["--input-type=module", "--eval", code];
  const env = { ...process.env, PRIZM_PLUGIN: "1" };
  const { stdout } = spawnSync(process.execPath, argv, { cwd: root, env, input: JSON.stringify(ask), encoding: "utf8" });
  assert.deepEqual(JSON.parse(stdout), { jsonrpc: "2.0", id: 1, result: {} });
});
