/** A method as it is found on a prototype: of any shape. */
type Method = (this: object, ...args: unknown[]) => unknown;

/**
 * Has methods of a class keep their object also when they are taken off it, as in `const { run } = new Semaphore(1)`.
 *
 * They are bound when they are read: an instance costs no more for it, and a call about 10 ns.
 */
export function bindWhenRead<T extends object>(maker: { readonly prototype: T }, ...names: (keyof T & string)[]): void {
  const { prototype } = maker;
  for (const name of names) {
    const method = prototype[name] as unknown as Method;
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: object) {
        return method.bind(this);
      },
      // Who replaces the method of one instance, as a test may, can do so as before.
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { value, configurable: true, enumerable: true, writable: true });
      },
    });
  }
}
