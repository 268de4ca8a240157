import type { Future } from "./future.js";

/** Values without parts that could hold a future. */
export type Leaf =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | RegExp
  | Error
  | ArrayBuffer
  | SharedArrayBuffer
  | ArrayBufferView
  | Future<unknown>
  | ((...args: never[]) => unknown);

/** What may be passed for a parameter of type `T`: the value, or a future of it, also nested in containers. */
export type Arg<T> = 0 extends 1 & T ? T : Future<T> | Nested<T>;

type Nested<T> = T extends Leaf
  ? T
  : T extends ReadonlyMap<infer K, infer V>
    ? T | Map<Arg<K>, Arg<V>>
    : T extends ReadonlySet<infer E>
      ? T | Set<Arg<E>>
      : T extends object
        ? { [K in keyof T]: Arg<T[K]> }
        : T;

/** The parameters of a method as a caller may give them. */
export type Args<P extends readonly unknown[]> = { [I in keyof P]: Arg<P[I]> };
