import type { ValueReader } from "./value-reader.js";

/** Makes the next object out of what the reader reads. */
type Maker = (reader: ValueReader) => object;

/** From so many objects of one shape a function of its own is worth its price. */
const FREQUENT = 8;

let mayGenerate: boolean | undefined;

/** Makes objects with the same keys, all of one hidden class. */
export class Shape {
  readonly #keys: readonly string[];
  #count = 0;
  #make: Maker | undefined;

  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  read(reader: ValueReader): object {
    if (this.#make) return this.#make(reader);
    this.#count += 1;
    if (this.#count === FREQUENT) this.#make = generate(this.#keys);
    const made: Record<string, unknown> = {};
    for (const key of this.#keys) setField(made, key, reader.value());
    return made;
  }
}

/** Sets an own field, whatever its name. */
export function setField(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}

/** A function with a literal, which costs a fraction of setting key after key; none where code must not be generated. */
function generate(keys: readonly string[]): Maker | undefined {
  if (mayGenerate === false) return undefined;
  // In brackets `__proto__` is a key like any other.
  const fields = keys.map((key) => `[${JSON.stringify(key)}]: reader.value()`);
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- the keys are quoted
    const make = new Function("reader", `return { ${fields.join(", ")} };`) as Maker;
    mayGenerate = true;
    return make;
  } catch {
    mayGenerate = false;
    return undefined;
  }
}
