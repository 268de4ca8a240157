/**
 * What V8 made of the programs of threads, for each thread to take instead of parsing a program of its own: that would leave
 * half a MiB behind in each.
 *
 * A program is compiled here while the first of its threads begins, which takes longer than that. A thread that comes to it
 * earlier, or whose V8 wants none of it, compiles it itself.
 */
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";

/** What the file of a program is a function of, as files are to the `require` of Node.js. */
export const CODE_PARAMETERS = ["module"];

/** Most bytes of code. Untouched parts cost nothing. */
const MOST_BYTES = 1_048_576;
/** Before the code stands how long it is; 0 as long as it is not there. */
const HEADER_BYTES = Int32Array.BYTES_PER_ELEMENT;

/** By the files of programs. */
const codes = new Map<string, SharedArrayBuffer>();
// As it is when the library loads: fake timers would put it off.
const later = setImmediate;

/** Memory in which the code of a program is, or will be before long. */
export function hostCode(program: URL): SharedArrayBuffer {
  let code = codes.get(program.href);
  if (!code) {
    const memory = (code = new SharedArrayBuffer(HEADER_BYTES + MOST_BYTES));
    codes.set(program.href, code);
    // Not before the thread is started.
    later(() => compileInto(memory, program));
  }
  return code;
}

function compileInto(memory: SharedArrayBuffer, program: URL): void {
  const code = compiled(program);
  if (!code || code.length > MOST_BYTES) return;
  Buffer.from(memory, HEADER_BYTES).set(code);
  Atomics.store(new Int32Array(memory, 0, 1), 0, code.length);
}

/** Nothing where it cannot be read: its threads will meet that too, and say so. */
function compiled(program: URL): Buffer | undefined {
  try {
    const { cachedData } = compileFunction(readFileSync(program, "utf8"), CODE_PARAMETERS, {
      filename: program.href,
      produceCachedData: true,
    }) as { readonly cachedData?: Buffer };
    return cachedData;
  } catch {
    return undefined;
  }
}

/** The code in such memory, where it is there. */
export function cachedCode(memory: SharedArrayBuffer | undefined): Buffer | undefined {
  if (!memory) return undefined;
  const length = Atomics.load(new Int32Array(memory, 0, 1), 0);
  return length > 0 ? Buffer.from(memory, HEADER_BYTES, length) : undefined;
}
