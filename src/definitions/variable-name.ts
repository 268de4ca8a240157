/** The name that the result of a call is given where it is made, as in `const add = task(import.meta, (a, b) => a + b)`. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const OWN_FOLDERS = ["../../dist/", "../../src/"].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));
/** How much of a file before the call is looked at: a declaration with its type. */
const WINDOW = 500;
/** What may stand between a name and the name of the function that is called. */
const CALLEE = String.raw`(?:[A-Za-z_$][\w$]*\s*\.\s*)*$`;
const PLACES = [
  // const add: Task<…> = task(
  new RegExp(String.raw`(?:^|[^\w$.])([A-Za-z_$][\w$]*)\s*(?::[^=;]*)?=\s*${CALLEE}`),
  // { add: task(
  new RegExp(String.raw`[{,]\s*([A-Za-z_$][\w$]*)\s*:\s*${CALLEE}`),
  // export default task(
  new RegExp(String.raw`(?:^|[^\w$.])export\s+(default)\s+${CALLEE}`),
];

/**
 * Reads it from the source.
 * @param stack - the text of a stack
 * @param url - the module that made the call: its first line on the stack counts
 * @returns `"default"` for a default export; `undefined` where it is given none, or the source is not there to be read
 */
export function variableName(stack: string, url: string): string | undefined {
  const places = stack
    .split("\n")
    .map(placeOf)
    .filter((place) => place !== undefined);
  const path = pathOf(url);
  // With source maps the stack names the source that the module was compiled from.
  const place = places.find((one) => one.path === path) ?? places.find((one) => !isOwn(one.path));
  return path === undefined || !place ? undefined : assignedBefore(place.path, place.row, place.column);
}

interface Place {
  readonly path: string;
  readonly row: number;
  readonly column: number;
}

/** Of a line of a stack; nothing for those in Node.js itself. */
function placeOf(line: string): Place | undefined {
  const [, file, row, column] =
    /(?:\(|at (?:async )?)((?:file:|\/|[A-Za-z]:[\\/]).*?):(\d+):(\d+)\)?$/.exec(line) ?? [];
  const path = file?.startsWith("file:") ? pathOf(file) : file;
  return path === undefined ? undefined : { path, row: Number(row), column: Number(column) };
}

/** Whether it is a file of this library, compiled or not. */
function isOwn(path: string): boolean {
  return OWN_FOLDERS.some((folder) => path.startsWith(folder));
}

function assignedBefore(path: string, row: number, column: number): string | undefined {
  try {
    const lines = readFileSync(path, "utf8").split("\n").slice(0, row);
    lines.push((lines.pop() ?? "").slice(0, column - 1));
    const before = lines.join("\n").slice(-WINDOW);
    return PLACES.map((place) => place.exec(before)?.[1]).find((name) => name !== undefined);
  } catch {
    return undefined;
  }
}

function pathOf(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}
