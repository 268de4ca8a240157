/** Paths of files for a pattern, where no shell has done it: in quotes, on Windows, in a service. */
import { type Dirent, existsSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { UsageError } from "../usage-error.js";

const WILD = /[*?]/;

/**
 * The files that `./workers/*.js` or `./src/**` with `/tasks.js` after it stand for, in order; what is no pattern stands for itself.
 * @throws {UsageError} when there is none
 */
export function expandPattern(pattern: string): string[] {
  if (!WILD.test(pattern) || /^[a-z][a-z+.-]+:/i.test(pattern) || existsSync(pattern)) return [pattern];
  const parts = pattern.split(/[\\/]/);
  const first = parts.findIndex((part) => WILD.test(part));
  const root = parts.slice(0, first).join("/") || (pattern.startsWith("/") ? "/" : ".");
  const found = [...filesIn(root, parts.slice(first))].sort();
  if (found.length > 0) return found;
  throw new UsageError(`Cannot find modules for '${pattern}' as no file matches it: write their paths`);
}

function* filesIn(folder: string, parts: readonly string[]): Generator<string, void, undefined> {
  const [part = "", ...rest] = parts;
  if (part === "**") {
    yield* filesIn(folder, rest);
    for (const entry of entriesOf(folder)) {
      const isHidden = entry.name.startsWith(".") || entry.name === "node_modules";
      if (entry.isDirectory() && !isHidden) yield* filesIn(join(folder, entry.name), parts);
    }
    return;
  }
  const matcher = matcherOf(part);
  for (const entry of entriesOf(folder)) {
    if (!matcher.test(entry.name)) continue;
    const path = `${folder === "." ? `.${sep}` : ""}${join(folder, entry.name)}`;
    if (rest.length === 0) {
      if (!entry.isDirectory()) yield path;
    } else if (!entry.isFile()) {
      yield* filesIn(path, rest);
    }
  }
}

function matcherOf(part: string): RegExp {
  const source = part.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${source.replaceAll("*", "[^/]*").replaceAll("?", "[^/]")}$`);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // It is no folder, or may not be read.
    return [];
  }
}
