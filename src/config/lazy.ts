import { loadModules } from "./load-gate.js";
import { processWide } from "./process-wide.js";

/**
 * Things that are loaded when they are first used.
 *
 * Stands for a function, a class or an object in every way that code can tell without looking at it: it is called,
 * constructed, extended, read and asked for its instances as what it stands for would be. Only it is not the same object:
 * `realOf` tells which one that is.
 */
const loaders = processWide("stand-ins", () => new WeakMap<object, () => object>());

/** Stands for a function or class that `load` finds. */
export function lazyFunction<F extends object>(load: () => F): F {
  const real = once(load);
  // Not an arrow function: it could not be constructed.
  const proxy: object = new Proxy(function standIn(): void {}, {
    apply: (_target, self, args: unknown[]) => Reflect.apply(real() as () => unknown, self, args) as unknown,
    construct: (_target, args: unknown[], newTarget) =>
      Reflect.construct(
        real() as new () => object,
        args,
        newTarget === proxy ? (real() as () => void) : newTarget,
      ) as object,
    get: (_target, key) => Reflect.get(real(), key) as unknown,
    has: (_target, key) => Reflect.has(real(), key),
  });
  loaders.set(proxy, real);
  return proxy as F;
}

/** Stands for an object that `load` makes; methods it inherits run on the object itself. */
export function lazyObject<T extends object>(load: () => T): T {
  const real = once(load);
  const proxy: object = new Proxy(
    {},
    {
      get: (_target, key) => {
        const value: unknown = Reflect.get(real(), key);
        if (typeof value !== "function" || Object.hasOwn(real(), key)) return value;
        return (value as (...args: unknown[]) => unknown).bind(real());
      },
      has: (_target, key) => Reflect.has(real(), key),
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor: (_target, key) => Reflect.getOwnPropertyDescriptor(real(), key),
    },
  );
  loaders.set(proxy, real);
  return proxy as T;
}

/** What something stands for, where it does; else itself. */
export function realOf<T extends object>(value: T): T {
  return (loaders.get(value)?.() as T | undefined) ?? value;
}

function once<T extends object>(load: () => T): () => T {
  let real: T | undefined;
  return () => (real ??= loadModules(load));
}
