/** Marks what a result or an argument hands over to the other side instead of copying. */
import { processWide } from "../config/process-wide.js";
import { show } from "../config/show.js";

/** Of all copies of the library: the one that a worker imports may be another than that of its host. */
const lists = processWide("transfer-lists", () => new WeakMap<object, readonly object[]>());

/**
 * Returns `value`, marked so that the buffers in `list` move to the caller instead of being copied: the worker cannot
 * use them afterwards. Has no effect between processes, where everything is copied, and in `sync` and `async` mode,
 * where nothing is.
 *
 * @param list - `ArrayBuffer`s, views of them, `MessagePort`s; by default the value itself
 * @throws {TypeError} for a value that is no object, and a list that is none of objects
 * @example
 * resize(image: Uint8Array): Uint8Array {
 *   const pixels = new Uint8Array(image.length / 4);
 *   return transfer(pixels);
 * }
 */
export function transfer<T extends object>(value: T, list: readonly object[] = [value]): T {
  if (!isObject(value)) {
    throw new TypeError(`Cannot hand over a value as it must be an object: current value is ${show(value)}`);
  }
  lists.set(value, normalizeTransfer(list));
  return value;
}

/** What `transfer` marked a value to hand over. */
export function transferOf(value: unknown): readonly object[] | undefined {
  return isObject(value) ? lists.get(value) : undefined;
}

/**
 * Views stand for the buffer they look at; each buffer is named once.
 * @throws {TypeError} when it is no list of objects
 */
export function normalizeTransfer(list: readonly object[]): readonly object[] {
  if (!Array.isArray(list) || !list.every(isObject)) {
    throw new TypeError(
      `Cannot set 'transfer' as it must be a list of buffers and ports: current value is ${show(list)}`,
    );
  }
  return [...new Set(list.map((entry) => (ArrayBuffer.isView(entry) ? entry.buffer : entry)))];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
