/**
 * Makes one module of `dist/index.js` and all that it imports: Node takes about as long for the twenty small
 * files of the SDK as for a fifth of its own start. Each file becomes a function that returns what it exports.
 *
 * Comments are left out of it: they are in the types, and cost time wherever the SDK is loaded.
 *
 * It knows the shapes of imports and exports that the SDK uses, and fails at any other.
 */

import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import ts from "typescript";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const ENTRY = join(DIST, "index.js");

const IMPORT = /^import (\{[^}]*\}|\* as \w+) from "([^"]+)";$/gm;
const REEXPORT = /^export (\{[^}]*\}) from "([^"]+)";$/gm;
const EXPORT = /^export ((?:async )?function|class|const) (\w+)/gm;

/** The modules in an order in which each comes after those that it imports. */
const order = [];
const names = new Map();
/** What is imported of Node, by module. */
const builtins = new Map();

function nameOf(path) {
  return `$${relative(DIST, path).replace(/\.js$/, "").replaceAll(/\W/g, "_")}`;
}

function withoutComments(text) {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, removeComments: true };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

function visit(path, above) {
  if (above.includes(path)) throw new Error(`${[...above, path].join(" imports ")}: a circle`);
  if (names.has(path)) return;
  const text = withoutComments(readFileSync(path, "utf8"));
  for (const [, , from] of [...text.matchAll(IMPORT), ...text.matchAll(REEXPORT)]) {
    if (from.startsWith(".")) visit(join(dirname(path), from), [...above, path]);
  }
  names.set(path, nameOf(path));
  order.push({ path, text });
}

/** Turns an import into a constant, or, of Node, into nothing: those stand at the top. */
function imported(path, what, from) {
  if (from.startsWith(".")) {
    const name = names.get(join(dirname(path), from));
    return what.startsWith("*") ? `const ${what.slice(5)} = ${name};` : `const ${what.replaceAll(" as ", ": ")} = ${name};`;
  }
  if (!what.startsWith("{") || what.includes(" as ")) throw new Error(`${path}: import ${what} from "${from}"`);
  const known = builtins.get(from) ?? new Set();
  for (const name of what.slice(1, -1).split(",")) known.add(name.trim());
  builtins.set(from, known);
  return "";
}

function wrapped({ path, text }) {
  const exported = [];
  const body = text
    .replaceAll(IMPORT, (_, what, from) => imported(path, what, from))
    .replaceAll(EXPORT, (_, kind, name) => {
      exported.push(name);
      return `${kind} ${name}`;
    })
    .replaceAll(/^export \{\};$/gm, "");
  const stray = /^(?:import|export)\b.*$/m.exec(body);
  if (stray !== null) throw new Error(`${path}: a shape that this script does not know: ${stray[0]}`);
  return `const ${names.get(path)} = (() => {\n${body}\nreturn { ${exported.join(", ")} };\n})();`;
}

visit(ENTRY, []);
const entry = order.pop();
const modules = order.map(wrapped);
const head = [...builtins].map(([from, what]) => `import { ${[...what].join(", ")} } from "${from}";`);
const tail = [...entry.text.matchAll(REEXPORT)].flatMap(([, what, from]) =>
  what.slice(1, -1).split(",").map((name) => `export const ${name.trim()} = ${names.get(join(DIST, from))}.${name.trim()};`),
);
writeFileSync(ENTRY, `${[...head, ...modules, ...tail].join("\n")}\n`);

// The modules of `./wire` are its own; all others are in the bundle.
for (const file of readdirSync(DIST)) if (file.endsWith(".js") && file !== "index.js") rmSync(join(DIST, file));
