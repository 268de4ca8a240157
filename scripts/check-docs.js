// @ts-check
// Holds the documentation to the code: every fenced `ts` block of README.md and docs is compiled, and the marked ones
// are run. Markers are HTML comments above a block:
//   <!-- docs: file hasher.ts -->   names the block's file; other blocks of the same document can import "./hasher.js"
//   <!-- docs: node hasher.ts -->   the same, and a node that is started for the document has it loaded
//   <!-- docs: run -->              runs the block; a `text` block right after it is the output expected
// All blocks of one document share the folder build/docs/<document>. A block's code stands on the same line numbers
// there as in the document, so that positions in messages hold for both.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, sep } from "node:path";
import { root, runNodeBeside, runTool } from "./tool.js";

/**
 * @typedef {object} Block
 * @property {string} document path of the markdown file
 * @property {number} line 1-based line of the opening fence
 * @property {string} code
 * @property {string} output path of the TypeScript file to write, relative to the root
 * @property {boolean} isRun
 * @property {boolean} isOnNode whether a node must have it
 * @property {string | undefined} expected
 */

const target = "build/docs";

/** @returns {string[]} */
function documents() {
  const docs = existsSync(join(root, "docs")) ? readdirSync(join(root, "docs"), { recursive: true }) : [];
  const paths = ["README.md", ...docs.map((path) => `docs/${String(path).split(sep).join("/")}`)];
  return paths.filter((path) => path.endsWith(".md") && existsSync(join(root, path))).sort();
}

/**
 * @param {string} document
 * @returns {Generator<{ language: string, line: number, end: number, lines: string[] }>}
 */
function* fences(document) {
  const lines = readFileSync(join(root, document), "utf8").split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const [, indent = "", fence, language = ""] = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)/.exec(lines[index] ?? "") ?? [];
    if (!fence) continue;
    const start = index;
    const isClosing = (/** @type {string} */ line) =>
      line.trim().startsWith(fence) && line.trim().replaceAll(fence.charAt(0), "") === "";
    do index += 1;
    while (index < lines.length && !isClosing(lines[index] ?? ""));
    if (index === lines.length)
      throw new Error(`${document}:${start + 1}: Cannot read the block as it is never closed`);
    const content = lines.slice(start + 1, index);
    yield {
      language,
      line: start + 1,
      end: index + 1,
      lines: content.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)),
    };
  }
}

/**
 * @param {string} document
 * @returns {Block[]}
 */
function blocksOf(document) {
  const lines = readFileSync(join(root, document), "utf8").split(/\r?\n/);
  const all = [...fences(document)];
  const isInFence = (/** @type {number} */ line) => all.some((fence) => fence.line <= line && line <= fence.end);
  /** @type {Set<number>} */
  const unused = new Set();
  lines.forEach((text, index) => {
    if (/<!--\s*docs:/.test(text) && !isInFence(index + 1)) unused.add(index + 1);
  });

  /** @type {Block[]} */
  const blocks = [];
  for (const [index, { language, line, end, lines: content }] of all.entries()) {
    if (language !== "ts" && language !== "typescript") continue;
    let name = `line-${line}.ts`;
    let isRun = false;
    let isOnNode = false;
    for (let above = line - 1; above > 0; above -= 1) {
      const text = (lines[above - 1] ?? "").trim();
      if (text === "") continue;
      const [, verb, argument] = /^<!--\s*docs:\s*(\S+)(?:\s+(\S+))?\s*-->$/.exec(text) ?? [];
      const isFile = (verb === "file" || verb === "node") && argument && /^[\w./-]+\.ts$/.test(argument);
      if (isFile && !argument.includes("..")) {
        name = argument;
        isOnNode = verb === "node";
      } else if (verb === "run" && !argument) isRun = true;
      else break;
      unused.delete(above);
    }
    const next = all[index + 1];
    const isAdjacent = next?.language === "text" && lines.slice(end, next.line - 1).every((text) => text.trim() === "");
    blocks.push({
      document,
      line,
      code: content.join("\n"),
      output: `${target}/${document.replace(/\.md$/, "")}/${name}`,
      isRun,
      isOnNode,
      expected: isRun && isAdjacent ? next?.lines.join("\n") : undefined,
    });
  }
  for (const line of unused) {
    throw new Error(`${document}:${line}: Cannot apply the marker as it is unknown or stands above no ts block`);
  }
  return blocks;
}

/** @param {Block[]} blocks */
function write(blocks) {
  rmSync(join(root, target), { recursive: true, force: true });
  const seen = new Set();
  for (const { document, line, code, output } of blocks) {
    if (seen.has(output)) {
      throw new Error(`${document}:${line}: Cannot name the block's file as another block has it: ${output}`);
    }
    seen.add(output);
    mkdirSync(dirname(join(root, output)), { recursive: true });
    writeFileSync(join(root, output), `${"\n".repeat(line)}${code}\n`);
  }
  const config = {
    extends: "../../tsconfig.base.json",
    // Readers may write parameter properties and enums.
    compilerOptions: { rootDir: ".", declaration: false, erasableSyntaxOnly: false },
    include: ["**/*.ts"],
  };
  writeFileSync(join(root, target, "tsconfig.json"), JSON.stringify(config));
}

/**
 * @param {Block[]} blocks
 * @returns {string[]} problems
 */
function compile(blocks) {
  const { exitCode, output } = runTool(["typescript", "tsc"], ["-p", target, "--pretty", "false"]);
  if (exitCode === 0) return [];
  const documentOf = new Map(blocks.map((block) => [block.output, block.document]));
  return [
    output.trim().replace(/^(.+?\.ts)\((\d+),(\d+)\)/gm, (_, path, line, column) => {
      return `${documentOf.get(path.split(sep).join("/")) ?? path}:${line}:${column}`;
    }),
  ];
}

/**
 * @param {Block} block
 * @returns {Promise<string[]>} problems
 */
async function run({ document, line, output, expected }) {
  const args = ["--enable-source-maps", output.replace(/\.ts$/, ".js")];
  const result = await runNodeBeside(args, 60_000, { MANYHANDS_PREFIX: prefixOf(document) });
  if (result.exitCode !== 0) {
    return [`${document}:${line}: Cannot run the block as it failed: exit code ${result.exitCode}\n${result.output}`];
  }
  if (expected === undefined || tidy(result.stdout) === tidy(expected)) return [];
  return [
    `${document}:${line}: The block prints something else than the document says\n--- document\n${expected}\n--- printed\n${result.stdout}`,
  ];
}

/** @param {string} document */
function prefixOf(document) {
  return `docs-${process.pid}-${document.replace(/\W/g, "-")}`;
}

/**
 * Starts a broker, and a node for each document that has something on one, until what is returned is called.
 *
 * @param {Block[]} blocks
 * @returns {Promise<() => Promise<void>>}
 */
async function startNodes(blocks) {
  /** @type {Map<string, string[]>} */
  const modules = new Map();
  for (const { document, output, isOnNode } of blocks) {
    if (isOnNode) modules.set(document, [...(modules.get(document) ?? []), output.replace(/\.ts$/, ".js")]);
  }
  if (modules.size === 0) return async () => {};
  const { startRedis } = /** @type {typeof import("../test/fixtures/redis.js")} */ (
    await import(new URL("../build/test/fixtures/redis.js", import.meta.url).href)
  );
  const redis = process.env.REDIS_URL ? undefined : await startRedis();
  process.env.MANYHANDS_BROKER = process.env.REDIS_URL ?? redis?.url;
  const nodes = [...modules].map(([document, files]) => {
    const env = { ...process.env, MANYHANDS_PREFIX: prefixOf(document) };
    return spawn(process.execPath, ["dist/cli/main.js", "node", "--cpus", "8", ...files], {
      cwd: root,
      env,
      stdio: ["ignore", "ignore", "inherit"],
    });
  });
  return async () => {
    await Promise.all(
      nodes.map(async (node) => {
        if (node.exitCode !== null) return;
        const ended = once(node, "exit");
        node.kill();
        await ended;
      }),
    );
    await redis?.[Symbol.asyncDispose]();
  };
}

/** @param {string} text */
function tidy(text) {
  return text.replace(/[ \t\r]+$/gm, "").trim();
}

/**
 * Runs blocks side by side: most of them wait for threads and timers.
 *
 * @param {Block[]} blocks
 * @returns {Promise<string[]>} problems, in the order of the blocks
 */
async function runAll(blocks) {
  /** @type {string[][]} */
  const problems = [];
  const left = [...blocks.entries()];
  const next = async () => {
    for (let entry = left.shift(); entry; entry = left.shift()) problems[entry[0]] = await run(entry[1]);
  };
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, next));
  return problems.flat();
}

/** @returns {Promise<string[]>} problems */
async function check() {
  const blocks = documents().flatMap(blocksOf);
  if (blocks.length === 0) return [];
  write(blocks);
  const problems = compile(blocks);
  if (problems.length > 0) return problems;
  const stopNodes = await startNodes(blocks);
  try {
    return await runAll(blocks.filter(({ isRun }) => isRun));
  } finally {
    await stopNodes();
  }
}

try {
  const problems = await check();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
