/** Values as bytes: V8's own serialization, which is that of structured clone. */
import { Deserializer, Serializer } from "node:v8";

/** Encodes a value as V8's structured clone does; views stay views of their kind, a `Buffer` becomes a `Uint8Array`. */
export function serialize(value: unknown): Buffer {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The reverse of {@link serialize}. */
export function deserialize(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
