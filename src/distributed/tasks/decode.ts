/**
 * Makes values of the JSON that `encode.ts` made.
 *
 * What it reads may have been written by anybody who can write to the broker: nothing in it becomes code, no class is
 * constructed but those named here, and a key `__proto__` is a key as any other.
 */
import { show } from "../../config/show.js";
import { SerializationError } from "../../errors.js";
import { decodeFailure, type ErrorClassLookup, type WireFailure } from "../../wire/error-codec.js";
import { type Json, TAG } from "./encode.js";

/** What is needed beside the JSON. */
export interface DecodeOptions {
  /** Finds error classes by name, beside those that are built in. */
  readonly lookup?: ErrorClassLookup | undefined;
  /** The last line of the stacks of errors, such as `add (task 7f3c…)`. */
  readonly frame?: string | undefined;
  /** The value that the result of this id is replaced by. */
  readonly result?: ((id: string) => unknown) | undefined;
}

const TYPED_ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;
const TYPED_ARRAY_BY_NAME: ReadonlyMap<string, (typeof TYPED_ARRAYS)[number]> = new Map(
  TYPED_ARRAYS.map((type) => [type.name, type]),
);

const noClass = (): undefined => undefined;

/**
 * Makes a value of JSON.
 * @throws {SerializationError} when it is none that `encode` made
 */
export function decode(json: Json, options: DecodeOptions = {}): unknown {
  return new Decoder(options).decode(json);
}

/** Makes the error, or whatever else was thrown, of what `encodeThrown` made. */
export function decodeThrown(json: Json, options: DecodeOptions): unknown {
  const failure = new Decoder(options).decode(json);
  if (!isFailure(failure)) throw malformed("a failure");
  return decodeFailure(failure, options.lookup ?? noClass, options.frame ?? "task");
}

class Decoder {
  readonly #options: DecodeOptions;
  /** The objects in the order of `encode.ts` (E1). */
  readonly #objects: unknown[] = [];

  constructor(options: DecodeOptions) {
    this.#options = options;
  }

  decode(json: Json): unknown {
    if (typeof json !== "object" || json === null) return json;
    if (Array.isArray(json)) return this.#array(json);
    if (Object.hasOwn(json, TAG)) return this.#tagged(json[TAG]!, json.value ?? null);
    return this.#fill({}, Object.entries(json));
  }

  #array(json: Json[]): unknown[] {
    const array: unknown[] = [];
    this.#objects.push(array);
    for (const item of json) array.push(this.decode(item));
    return array;
  }

  #fill(object: object, entries: readonly Json[]): object {
    this.#objects.push(object);
    return this.#define(object, entries);
  }

  #define(object: object, entries: readonly Json[]): object {
    for (const entry of entries) {
      const [key, json] = entry as [string, Json];
      const value = this.decode(json);
      // Defined, not assigned: `__proto__` must stay inert.
      if (key === "__proto__") {
        Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
      } else {
        (object as Record<string, unknown>)[key] = value;
      }
    }
    return object;
  }

  #tagged(tag: Json, value: Json): unknown {
    switch (tag) {
      case "undefined":
        return undefined;
      case "number":
        return Number(value);
      case "bigint":
        return BigInt(textOf(value));
      case "result":
        if (!this.#options.result) throw malformed("a result in a result");
        return this.#options.result(textOf(value));
      case "ref":
        if (typeof value !== "number" || !(value in this.#objects)) throw malformed("a reference");
        return this.#objects[value];
      case "object":
        return this.#fill({}, entriesOf(value));
      case "array":
        return this.#sparse(value);
      case "map":
        return this.#map(listOf(value));
      case "set":
        return this.#set(listOf(value));
      default:
        return this.#leaf(tag, value);
    }
  }

  #leaf(tag: Json, value: Json): unknown {
    // Its number is taken before what is inside of it is numbered.
    const at = this.#objects.push(undefined) - 1;
    const made = this.#make(tag, value);
    this.#objects[at] = made;
    return made;
  }

  #make(tag: Json, value: Json): unknown {
    switch (tag) {
      case "date":
        return new Date(value === null ? Number.NaN : textOf(value));
      case "regexp": {
        const [source, flags] = listOf(value);
        return new RegExp(textOf(source!), textOf(flags!));
      }
      case "ArrayBuffer":
        return bytesOf(value);
      case "DataView":
        return new DataView(bytesOf(value));
      case "boxed":
        return Object(this.decode(value)) as unknown;
      case "error": {
        const failure = this.decode(value);
        if (!isFailure(failure)) throw malformed("an error");
        return decodeFailure(failure, this.#options.lookup ?? noClass, this.#options.frame ?? "task");
      }
      default: {
        const type = typeof tag === "string" ? TYPED_ARRAY_BY_NAME.get(tag) : undefined;
        if (!type) throw malformed(`'${show(tag)}'`);
        return new type(bytesOf(value));
      }
    }
  }

  #sparse(value: Json): unknown[] {
    const [length, entries] = listOf(value);
    if (typeof length !== "number" || !(length >= 0 && length < 2 ** 32)) throw malformed("an array");
    const array: unknown[] = [];
    array.length = length;
    return this.#fill(array, entriesOf(entries!)) as unknown[];
  }

  #map(entries: readonly Json[]): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    this.#objects.push(map);
    for (const entry of entries) {
      const [key, item] = listOf(entry);
      map.set(this.decode(key!), this.decode(item!));
    }
    return map;
  }

  #set(items: readonly Json[]): Set<unknown> {
    const set = new Set<unknown>();
    this.#objects.push(set);
    for (const item of items) set.add(this.decode(item));
    return set;
  }
}

function isFailure(value: unknown): value is WireFailure {
  const failure = value as WireFailure | null;
  if (typeof failure !== "object" || failure === null) return false;
  if (typeof failure.root !== "object" || failure.root === null || !Array.isArray(failure.errors)) return false;
  return failure.errors.every(
    (error) =>
      typeof error === "object" &&
      error !== null &&
      [error.classes, error.fields, error.omitted].every((list) => Array.isArray(list)),
  );
}

function textOf(value: Json): string {
  if (typeof value !== "string") throw malformed("text");
  return value;
}

function listOf(value: Json): Json[] {
  if (!Array.isArray(value)) throw malformed("a list");
  return value;
}

function entriesOf(value: Json): Json[] {
  const entries = listOf(value);
  for (const entry of entries) textOf(listOf(entry)[0]!);
  return entries;
}

function bytesOf(value: Json): ArrayBuffer {
  const bytes = Buffer.from(textOf(value), "base64");
  // A small buffer lies in a larger one that others use.
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

function malformed(what: string): SerializationError {
  return new SerializationError(
    `Cannot read a job as it holds ${what} that no task wrote: another program writes to the same keys of the broker`,
    "job",
  );
}
