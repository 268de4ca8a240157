/** Values as bytes: V8's own serialization, which is that of structured clone. */
import type * as v8Module from "node:v8";
import { assertTravels } from "./clone.js";

let v8: typeof v8Module | undefined;

/** Loaded at the first value: it takes some ms, and many programs need it for none. */
function loaded(): typeof v8Module {
  return (v8 ??= process.getBuiltinModule("node:v8"));
}

/**
 * Encodes a value as V8's structured clone does; views stay views of their kind, a `Buffer` becomes a `Uint8Array`.
 * @throws also for what that would lose
 */
export function serialize(value: unknown): Buffer {
  assertTravels([value]);
  const serializer = new (loaded().Serializer)();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The reverse of {@link serialize}. */
export function deserialize(bytes: Uint8Array): unknown {
  const deserializer = new (loaded().Deserializer)(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
