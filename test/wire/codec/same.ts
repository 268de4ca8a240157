import { types } from "node:util";

/** Whether two values are alike in all that a program can see of them, apart from their identity. */
export function same(left: unknown, right: unknown): boolean {
  return compare(left, right, new Map());
}

function compare(left: unknown, right: unknown, met: Map<object, object>): boolean {
  if (!isObject(left) || !isObject(right)) return Object.is(left, right);
  const known = met.get(left);
  if (known !== undefined) return known === right;
  met.set(left, right);
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  if (types.isDate(left)) return types.isDate(right) && Object.is(left.getTime(), right.getTime());
  if (types.isRegExp(left)) return types.isRegExp(right) && String(left) === String(right);
  if (types.isBoxedPrimitive(left)) return Object.is(left.valueOf(), (right as typeof left).valueOf());
  if (types.isNativeError(left)) return left.stack === (right as Error).stack && fields(left, right, met);
  if (types.isMap(left)) return types.isMap(right) && lists([...left].flat(), [...right].flat(), met);
  if (types.isSet(left)) return types.isSet(right) && lists([...left], [...right], met);
  if (types.isAnyArrayBuffer(left)) return bytesOf(left).equals(bytesOf(right as ArrayBuffer));
  if (ArrayBuffer.isView(left)) {
    const other = right as ArrayBufferView;
    if (left.byteOffset !== other.byteOffset || left.byteLength !== other.byteLength) return false;
    return compare(left.buffer, other.buffer, met);
  }
  if (Array.isArray(left) && left.length !== (right as unknown[]).length) return false;
  return fields(left, right, met);
}

/** Own fields of all kinds, in order. */
function fields(left: object, right: object, met: Map<object, object>): boolean {
  const keys = Reflect.ownKeys(left);
  const others = Reflect.ownKeys(right);
  return (
    keys.length === others.length &&
    keys.every((key, at) => {
      const [one, other] = [Object.getOwnPropertyDescriptor(left, key)!, Object.getOwnPropertyDescriptor(right, key)!];
      return (
        key === others[at] &&
        one.enumerable === other.enumerable &&
        one.writable === other.writable &&
        one.configurable === other.configurable &&
        compare(one.value, other.value, met)
      );
    })
  );
}

function lists(left: readonly unknown[], right: readonly unknown[], met: Map<object, object>): boolean {
  return left.length === right.length && left.every((value, at) => compare(value, right[at], met));
}

function bytesOf(buffer: ArrayBufferLike): Buffer {
  return Buffer.from(buffer);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
