/** One listener per signal, however many calls it may cancel: thousands of listeners would each be warned about. */
const watched = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>();

/** Calls `fn` when the signal fires, unless the returned function is called before. */
export function onAbort(signal: AbortSignal, fn: (reason: unknown) => void): () => void {
  let functions = watched.get(signal);
  if (!functions) {
    const created = new Set<(reason: unknown) => void>();
    functions = created;
    watched.set(signal, created);
    signal.addEventListener("abort", () => created.forEach((call) => call(signal.reason)), { once: true });
  }
  functions.add(fn);
  return () => functions.delete(fn);
}
