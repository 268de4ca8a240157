/**
 * Makes JSON of arguments and results, and loses nothing that a structured clone keeps.
 *
 * What JSON has stands as it is, so that it can be read in a dashboard; everything else is an object with the key `$`,
 * which says what it is. An object that has that key itself is tagged too, so no value is taken for another.
 *
 * E1. Objects are numbered in the order in which they are met, from 0; one that is met again is `{ "$": "ref" }` with
 *     that number. `decode.ts` numbers in the same order.
 * E2. Nothing is left out without a word: what cannot be sent is an error that names its path.
 */
import { types } from "node:util";
import { SerializationError } from "../../errors.js";
import { encodeFailure, isError, type WireFailure } from "../../wire/error-codec.js";

/** JSON, as `JSON.parse` has it. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What is not JSON by itself. */
export const TAG = "$";

/** How a value is encoded. */
export interface EncodeOptions {
  /** What the value is called in messages, such as `args`. */
  readonly path: string;
  /** What cannot be done when it fails, to stand after "Cannot", such as `delay 'add'`. */
  readonly action: string;
  /** Bytes at most, about: strings count as they are, numbers as 8. */
  readonly maxSize: number;
  /** The id of the result that a value stands for, where it does. */
  readonly resultId?: (value: object) => string | undefined;
}

/** A value as JSON, and the results that it stands for parts of. */
export interface Encoded {
  readonly json: Json;
  readonly results: readonly string[];
}

const DEEPEST = 1000;

/**
 * Makes JSON of a value.
 * @throws {SerializationError} when a part cannot be sent, or the whole is too large
 */
export function encode(value: unknown, options: EncodeOptions): Encoded {
  const encoder = new Encoder(options);
  return { json: encoder.encode(value, options.path, 0), results: [...encoder.results] };
}

/** Makes JSON of what was thrown; parts of an error that cannot be sent are named in it. */
export function encodeThrown(thrown: unknown, maxSize: number): Json {
  const options: EncodeOptions = { path: "error", action: "send an error", maxSize };
  const canSend = (value: unknown): boolean => {
    try {
      encode(value, options);
      return true;
    } catch {
      return false;
    }
  };
  const failure = encodeFailure(thrown, canSend);
  try {
    return encode(failure, options).json;
  } catch {
    const { root, errors } = failure;
    const first = "error" in root ? errors[root.error] : undefined;
    const message = `${first?.message.slice(0, 1000) ?? "something was thrown"} (what else belongs to it is too large)`;
    const short = {
      ...first,
      message,
      stack: first?.stack?.slice(0, 4000),
      fields: [],
      omitted: [],
      errors: undefined,
    };
    return encode({ root: { error: 0 }, errors: [{ ...short, cause: undefined }] }, { ...options, maxSize: 1 << 20 })
      .json;
  }
}

class Encoder {
  readonly results = new Set<string>();
  readonly #options: EncodeOptions;
  readonly #numbers = new Map<object, number>();
  #size = 0;

  constructor(options: EncodeOptions) {
    this.#options = options;
  }

  encode(value: unknown, path: string, depth: number): Json {
    switch (typeof value) {
      case "string":
        this.#count(value.length > 512 ? Buffer.byteLength(value) : value.length, path);
        return value;
      case "number":
        this.#count(8, path);
        return encodeNumber(value);
      case "boolean":
        this.#count(5, path);
        return value;
      case "undefined":
        this.#count(8, path);
        return { [TAG]: "undefined" };
      case "bigint":
        return this.#tagged("bigint", this.#text(value.toString(), path));
      case "object":
        return value === null ? null : this.#object(value, path, depth);
      default:
        throw this.#refusal(path, `it is a ${typeof value}`);
    }
  }

  #object(value: object, path: string, depth: number): Json {
    const resultId = this.#options.resultId?.(value);
    if (resultId !== undefined) {
      this.results.add(resultId);
      return this.#tagged("result", this.#text(resultId, path));
    }
    if (depth > DEEPEST) throw this.#refusal(path, `it is nested more than ${DEEPEST} levels deep`);
    const known = this.#numbers.get(value);
    if (known !== undefined) return { [TAG]: "ref", value: known };
    this.#numbers.set(value, this.#numbers.size);
    this.#count(8, path);
    if (Array.isArray(value)) return this.#array(value as unknown[], path, depth);
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype || prototype === null) return this.#record(value, path, depth);
    return this.#special(value, path, depth) ?? this.#record(value, path, depth);
  }

  #special(value: object, path: string, depth: number): Json | undefined {
    if (types.isDate(value)) {
      const ms = Date.prototype.getTime.call(value);
      return this.#tagged("date", Number.isNaN(ms) ? null : Date.prototype.toISOString.call(value));
    }
    if (types.isRegExp(value)) return this.#tagged("regexp", [this.#text(value.source, path), value.flags]);
    if (types.isMap(value)) {
      const entries = [...(value as Map<unknown, unknown>)];
      return this.#tagged(
        "map",
        entries.map(([key, item], index) => [
          this.encode(key, `${path}.key(${index})`, depth + 1),
          this.encode(item, `${path}.get(${String(isSimple(key) ? key : index)})`, depth + 1),
        ]),
      );
    }
    if (types.isSet(value)) {
      const items = [...(value as Set<unknown>)];
      return this.#tagged(
        "set",
        items.map((item, index) => this.encode(item, `${path}.item(${index})`, depth + 1)),
      );
    }
    if (ArrayBuffer.isView(value)) {
      const bytes = Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
      return this.#tagged(Buffer.isBuffer(value) ? "Uint8Array" : viewName(value), this.#bytes(bytes, path));
    }
    if (types.isArrayBuffer(value)) return this.#tagged("ArrayBuffer", this.#bytes(Buffer.from(value), path));
    if (types.isBoxedPrimitive(value) && !types.isSymbolObject(value)) {
      return this.#tagged("boxed", this.encode((value as { valueOf(): unknown }).valueOf(), path, depth + 1));
    }
    if (isError(value)) return this.#tagged("error", this.#failure(value, path, depth));
    const refused = unsendable(value);
    if (refused) throw this.#refusal(path, `it is ${refused}`);
    return undefined;
  }

  #failure(error: Error, path: string, depth: number): Json {
    const canSend = (value: unknown): boolean => {
      try {
        encode(value, this.#options);
        return true;
      } catch {
        return false;
      }
    };
    const failure: WireFailure = encodeFailure(error, canSend);
    return this.encode(failure, path, depth + 1);
  }

  #array(value: unknown[], path: string, depth: number): Json {
    const keys = Object.keys(value);
    if (keys.length === value.length) {
      return value.map((item, index) => this.encode(item, `${path}[${index}]`, depth + 1));
    }
    // With holes, or properties beside its items.
    const entries = keys.map((key): Json => [
      this.#text(key, path),
      this.encode((value as unknown as Record<string, unknown>)[key], `${path}[${key}]`, depth + 1),
    ]);
    return this.#tagged("array", [value.length, entries]);
  }

  #record(value: object, path: string, depth: number): Json {
    const keys = Object.keys(value);
    const isPlain = !keys.includes(TAG) && !keys.includes("__proto__");
    const json: { [key: string]: Json } = {};
    const entries: Json[] = [];
    for (const key of keys) {
      this.#count(key.length + 4, path);
      const item = this.encode((value as Record<string, unknown>)[key], `${path}.${key}`, depth + 1);
      if (isPlain) json[key] = item;
      else entries.push([key, item]);
    }
    return isPlain ? json : this.#tagged("object", entries);
  }

  #tagged(tag: string, value: Json): Json {
    return { [TAG]: tag, value };
  }

  #text(text: string, path: string): string {
    this.#count(text.length + 16, path);
    return text;
  }

  #bytes(bytes: Buffer, path: string): string {
    this.#count(Math.ceil(bytes.length / 3) * 4, path);
    return bytes.toString("base64");
  }

  #count(bytes: number, path: string): void {
    this.#size += bytes;
    const { maxSize } = this.#options;
    if (this.#size <= maxSize) return;
    throw this.#refusal(
      path,
      `what is sent takes more than ${maxSize} bytes: keep large data elsewhere and send where it is`,
    );
  }

  #refusal(path: string, why: string): SerializationError {
    return new SerializationError(`Cannot ${this.#options.action} as ${path} cannot be sent: ${why}`, path);
  }
}

function encodeNumber(value: number): Json {
  if (Number.isFinite(value) && !Object.is(value, -0)) return value;
  return { [TAG]: "number", value: Object.is(value, -0) ? "-0" : String(value) };
}

function viewName(view: ArrayBufferView): string {
  return types.isDataView(view) ? "DataView" : typedArrayName(view);
}

const nameOfTypedArray = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)!.get!;

/** The built-in one, also of a class that extends it. */
function typedArrayName(view: ArrayBufferView): string {
  return nameOfTypedArray.call(view) as string;
}

function isSimple(key: unknown): boolean {
  return typeof key === "string" || typeof key === "number" || typeof key === "boolean";
}

function unsendable(value: object): string | undefined {
  if (types.isPromise(value)) return "a promise: await it first";
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef) return "weak";
  if (types.isSharedArrayBuffer(value)) return "shared memory, which ends at the border of the machine";
  if (types.isGeneratorObject(value) || types.isMapIterator(value) || types.isSetIterator(value)) return "an iterator";
  if (types.isSymbolObject(value)) return "a symbol";
  if (types.isExternal(value) || types.isModuleNamespaceObject(value)) return "bound to its process";
  return undefined;
}
