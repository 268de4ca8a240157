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
  // Not an arrow function: it could not be constructed.
  return standIn(function standsIn(): void {}, new FunctionTraps(load));
}

/** Stands for an object that `load` makes; methods it inherits run on the object itself. */
export function lazyObject<T extends object>(load: () => T): T {
  return standIn({}, new ObjectTraps(load));
}

/** What something stands for, where it does; else itself. */
export function realOf<T extends object>(value: T): T {
  return (loaders.get(value)?.() as T | undefined) ?? value;
}

function standIn<T extends object>(target: object, traps: Traps<T>): T {
  const proxy = new Proxy(target, traps);
  traps.proxy = proxy;
  loaders.set(proxy, () => traps.real);
  return proxy as T;
}

/** A class, as each host makes dozens: their methods are made once. */
class Traps<T extends object> implements ProxyHandler<object> {
  readonly #load: () => T;
  #real: T | undefined;
  proxy: object | undefined;

  constructor(load: () => T) {
    this.#load = load;
  }

  get real(): T {
    return (this.#real ??= loadModules(this.#load));
  }

  has(_target: object, key: PropertyKey): boolean {
    return Reflect.has(this.real, key);
  }
}

class FunctionTraps<F extends object> extends Traps<F> {
  apply(_target: object, self: unknown, args: unknown[]): unknown {
    return Reflect.apply(this.real as () => unknown, self, args);
  }

  construct(_target: object, args: unknown[], newTarget: unknown): object {
    const real = this.real as new () => object;
    return Reflect.construct(real, args, newTarget === this.proxy ? real : (newTarget as () => void)) as object;
  }

  get(_target: object, key: PropertyKey): unknown {
    return Reflect.get(this.real, key);
  }
}

class ObjectTraps<T extends object> extends Traps<T> {
  get(_target: object, key: PropertyKey): unknown {
    const { real } = this;
    const value: unknown = Reflect.get(real, key);
    if (typeof value !== "function" || Object.hasOwn(real, key)) return value;
    return (value as (...args: unknown[]) => unknown).bind(real);
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.real);
  }

  getOwnPropertyDescriptor(_target: object, key: PropertyKey): PropertyDescriptor | undefined {
    return Reflect.getOwnPropertyDescriptor(this.real, key);
  }
}
