/**
 * Loads a part of the library that stands above the core, when it is asked for: the core knows it by name only, and pays
 * for it only then.
 */
const loaded = new Map<string, Promise<unknown>>();

/** What `manyhands/<part>` is made of. */
export function loadOuterRing<T>(part: "distributed"): Promise<T> {
  let module = loaded.get(part);
  if (!module) {
    module = import(new URL(`../${part}/door.js`, import.meta.url).href);
    loaded.set(part, module);
  }
  return module as Promise<T>;
}
