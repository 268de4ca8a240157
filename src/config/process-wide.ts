/**
 * Returns the one value of this name in this thread, made on first use.
 *
 * State that user code and a host must share hangs on `globalThis`, so that it is one also when a program has loaded
 * two copies of the library.
 */
export function processWide<T>(name: string, create: () => T): T {
  const key = Symbol.for(`manyhands.${name}`);
  const holder = globalThis as { [key]?: T };
  return (holder[key] ??= create());
}
