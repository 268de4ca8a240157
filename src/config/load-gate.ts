/**
 * Keeps a thread from being ended while it loads an ES module by `require`: Node.js 20 then ends the whole process, with
 * "v8::Module::IsGraphAsync must be used on an instantiated module".
 *
 * A gate is a number in shared memory, one for each thread that we start: how many loads are under way in that thread and
 * in those that it started, or `CLOSED`.
 *
 * W1. A load is counted in the gates of its thread and of all around it before it begins, and as long as it lasts.
 * W2. A gate is closed only while nothing is counted in it. Then nothing loads there any more: who wants to is parked, as
 *     its thread is about to be ended.
 * W3. Nobody waits longer than a second for a gate: a load takes some ms.
 */
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { steadyNow } from "./steady-clock.js";

const KEY = "manyhands.load-gates";
const CLOSED = -1;
const LONGEST_WAIT = 1000;

/** A gate as its threads share it. */
export type LoadGate = Int32Array<SharedArrayBuffer>;

/** Those of this thread and of all around it, the outermost first; none in the main thread. */
const gates: readonly LoadGate[] = ((getEnvironmentData(KEY) ?? []) as SharedArrayBuffer[]).map(
  (buffer) => new Int32Array(buffer),
);
/** Those of threads that this one has started, and that have not ended. */
const inside = new Set<LoadGate>();

/**
 * Runs what loads modules by `require`.
 * @throws {Error} when one of them is being loaded by an `import()` in the same thread, which cannot be waited for
 */
export function loadModules<T>(load: () => T): T {
  enter();
  try {
    return load();
  } catch (cause) {
    if (!isRace(cause)) throw cause;
    throw new Error(
      "Cannot load what is used here for the first time as an import() of the same modules is under way in this thread: " +
        "import them at the top of the module",
      { cause },
    );
  } finally {
    for (const gate of gates) leave(gate);
  }
}

/** What Node.js says of a module that is half loaded: version 20 fails within itself. */
function isRace(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, message } = error as Error & { readonly code?: unknown };
  return code === "ERR_REQUIRE_ESM_RACE_CONDITION" || message.includes("reading 'getStatus'");
}

/** Starts a thread that has a gate. */
export function withGate<T>(start: () => T): { readonly started: T; readonly gate: LoadGate } {
  const gate = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const buffers = gates.map(({ buffer }) => buffer);
  setEnvironmentData(KEY, [...buffers, gate.buffer]);
  try {
    const started = start();
    if (inside.size === 0) process.on("exit", closeAll);
    inside.add(gate);
    return { started, gate };
  } finally {
    // Threads of the program's own are inside of this one only.
    setEnvironmentData(KEY, buffers);
  }
}

/** The thread has ended. */
export function dropGate(gate: LoadGate): void {
  inside.delete(gate);
  if (inside.size === 0) process.off("exit", closeAll);
}

/** Calls `then` once the gate is closed (W2), or after a second (W3). */
export function closeGate(gate: LoadGate, then: () => void, since = steadyNow()): void {
  if (isClosedNow(gate) || steadyNow() - since > LONGEST_WAIT) then();
  else setTimeout(closeGate, 1, gate, then, since);
}

/** The process ends, and its threads with it. */
function closeAll(): void {
  const since = steadyNow();
  for (const gate of inside) {
    while (!isClosedNow(gate) && steadyNow() - since < LONGEST_WAIT) {
      Atomics.wait(gate, 0, Atomics.load(gate, 0), 10);
    }
  }
}

function isClosedNow(gate: LoadGate): boolean {
  const before = Atomics.compareExchange(gate, 0, 0, CLOSED);
  return before === 0 || before === CLOSED;
}

/** W1, or parks for good (W2). */
function enter(): void {
  for (const [index, gate] of gates.entries()) {
    for (;;) {
      const count = Atomics.load(gate, 0);
      if (count === CLOSED) {
        for (const entered of gates.slice(0, index)) leave(entered);
        Atomics.wait(gate, 0, CLOSED);
      } else if (Atomics.compareExchange(gate, 0, count, count + 1) === count) {
        break;
      }
    }
  }
}

function leave(gate: LoadGate): void {
  Atomics.sub(gate, 0, 1);
  Atomics.notify(gate, 0);
}
